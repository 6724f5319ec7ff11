"""The windows that a recipe is judged on: the newest rows put aside, and older quarters before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import LeakageError
from churnhealth.labels.holdout import BoolArray, HoldoutSplit, holdout_split

PUT_ASIDE = "customers put aside"
# Quarters have 90 to 92 days: horizons that overlap by less than a tenth count as one after the other.
OVERLAP = 0.1


@dataclass(frozen=True)
class RollingWindow:
    """Rows that a recipe is judged on, and the rows that were known by then.

    Parameters
    ----------
    name : str
        The cutoff's local date, or "customers put aside" where there is one cutoff only.
    cutoff : Timestamp, optional
        The cutoff that is judged, as an instant; None where customers were put aside.
    train, test : ndarray of bool, shape (n,)
        No row is in both. The label of every training row was known at `cutoff`.
    """

    name: str
    cutoff: pd.Timestamp | None
    train: BoolArray
    test: BoolArray


def rolling_windows(
    customer_id: Sequence[object] | npt.NDArray[Any] | pd.Series,
    cutoff_instants: Sequence[pd.Timestamp] | pd.Series | pd.DatetimeIndex,
    problem: ChurnProblem,
    y: npt.ArrayLike,
    *,
    most: int = 4,
    least_churners: int = 1,
    share: float = 0.2,
    random_state: int = 0,
) -> tuple[HoldoutSplit, list[RollingWindow]]:
    """Return how the newest rows are put aside, and the windows to judge, oldest first.

    The last window is that of `holdout_split`. Before it come older cutoffs, by steps of a horizon
    (overlapping by at most a tenth of it), as long as there are both classes to judge and enough
    churners to learn from. Each trains on the rows whose `label_known_at` is not later than its cutoff.

    Parameters
    ----------
    customer_id : sequence of str, shape (n,)
    cutoff_instants : sequence of aware timestamps, shape (n,)
    problem : ChurnProblem
        Says when a label is known.
    y : array-like of float, shape (n,)
        1 churned, 0 not churned, NaN censored (in no window).
    most : int
        At most so many windows, the newest, 1 or more.
    least_churners : int
        Customers that churned among the training rows of an older window.
    share, random_state
        As in `holdout_split`.

    Raises
    ------
    LeakageError, NotEnoughDataError
        As in `holdout_split`: not even the newest window can be judged.

    Examples
    --------
    >>> days = ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01"]
    >>> cutoffs = [pd.Timestamp(day, tz="UTC") for day in days for _ in (0, 1)]
    >>> problem = ChurnProblem(horizon_days=90)
    >>> _, windows = rolling_windows([f"C{at}" for at in range(8)], cutoffs, problem, [0, 1] * 4)
    >>> [(one.name, int(one.train.sum()), int(one.test.sum())) for one in windows]
    [('2026-04-01', 2, 2), ('2026-07-01', 4, 2), ('2026-10-01', 6, 2)]
    """
    ids = np.asarray(customer_id, dtype=object)
    cutoffs = pd.to_datetime(pd.Series(cutoff_instants), utc=True).reset_index(drop=True)
    label = np.asarray(y, dtype=np.float64)
    newest = holdout_split(ids, cutoffs, problem, share, random_state, label)
    if newest.kind == "customers":
        return newest, [RollingWindow(PUT_ASIDE, None, newest.train, newest.test)]
    rows = _Rows(ids, cutoffs, problem, label)
    last = pd.Timestamp(cutoffs[newest.test].iloc[0])
    found = [RollingWindow(rows.day(last), last, newest.train, newest.test)]
    for at in sorted((one for one in cutoffs.unique() if one < last), reverse=True):
        if len(found) >= most:
            break
        if rows.steps_back(at, last):
            window = rows.window(at, least_churners)
            if window is not None:
                found.append(window)
                last = at
    return newest, found[::-1]


def require_unseen(known_through: pd.Timestamp | None, window: RollingWindow) -> None:
    """Refuse to judge a model on a window that its training labels reach into.

    Parameters
    ----------
    known_through : Timestamp, optional
        The instant at which the newest training label was certain; None: not known.
    window : RollingWindow
        One without a cutoff is made of other customers, so that nothing is checked.

    Raises
    ------
    LeakageError
        The window's cutoff lies before `known_through`.
    """
    if window.cutoff is None or known_through is None or known_through <= window.cutoff:
        return
    raise LeakageError(
        f"window {window.name}: expected a model whose training labels were all known at that cutoff, "
        f"{window.cutoff.isoformat()}, got one whose labels are known through "
        f"{known_through.isoformat()}; a model is judged on newer windows only"
    )


class _Rows:
    """What the windows are cut from."""

    def __init__(
        self,
        ids: npt.NDArray[Any],
        cutoffs: pd.Series,
        problem: ChurnProblem,
        label: npt.NDArray[np.float64],
    ) -> None:
        known = {at: problem.label_known_at(at) for at in cutoffs.unique()}
        self.ids, self.cutoffs, self.problem, self.label = ids, cutoffs, problem, label
        self.known_at = cutoffs.map(known)

    def day(self, at: pd.Timestamp) -> str:
        return str(at.tz_convert(self.problem.timezone).date())

    def steps_back(self, at: pd.Timestamp, last: pd.Timestamp) -> bool:
        """Is this cutoff far enough before the one judged after it?"""
        horizon = pd.Timedelta(days=self.problem.horizon_days or 0)
        return bool(last - at >= (1.0 - OVERLAP) * horizon)

    def window(self, at: pd.Timestamp, least_churners: int) -> RollingWindow | None:
        labelled = ~np.isnan(self.label)
        test = (self.cutoffs == at).to_numpy() & labelled
        train = (self.known_at <= at).to_numpy() & labelled & ~test
        churners = len(set(self.ids[train & (self.label == 1.0)]))
        both = all(len(np.unique(self.label[rows])) == 2 for rows in (train, test))
        if not both or churners < least_churners:
            return None
        return RollingWindow(self.day(at), at, train, test)
