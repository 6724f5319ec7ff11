"""Rolling-origin splits: train on the past, calibrate on later time, test on the time after that.

Windows are sets of cutoffs. Between two windows everything is purged whose label is known only after
the first cutoff of the later window; `label_known_at` decides that, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, NotEnoughDataError

BoolArray = npt.NDArray[np.bool_]
Instants = tuple[pd.Timestamp, ...]


@dataclass(frozen=True)
class TimeSplit:
    """Three windows in time; every cutoff is an instant in UTC.

    Parameters
    ----------
    train, calibrate, test : tuple of Timestamp
        Cutoffs, oldest first; `calibrate` is empty when none was asked for.
    purged : tuple of Timestamp
        Cutoffs before the test's that are in no window, because their labels are known too late.
    """

    train: Instants
    calibrate: Instants
    test: Instants
    purged: Instants

    def rows(self, cutoffs: pd.Series) -> tuple[BoolArray, BoolArray, BoolArray]:
        """Return which rows train, calibrate and test, by the cutoff (instant) of each row.

        Parameters
        ----------
        cutoffs : Series of Timestamp, shape (n,)

        Returns
        -------
        tuple of three arrays of bool, shape (n,)
        """
        instants = pd.to_datetime(cutoffs, utc=True)
        train, calibrate, test = (
            instants.isin(list(window)).to_numpy(dtype=np.bool_)
            for window in (self.train, self.calibrate, self.test)
        )
        return train, calibrate, test

    def describe(self, timezone: str = "UTC") -> str:
        """Return the split in words, for the model card and the log.

        Examples
        --------
        >>> import datetime as dt
        >>> days = [dt.date(2026, month, 1) for month in (1, 2, 3)]
        >>> splits = rolling_splits(days, ChurnProblem(horizon_days=28), calibrate_cutoffs=0)
        >>> splits[-1].describe()
        'train on 2026-01-01 to 2026-02-01 (2), test on 2026-03-01'
        """
        parts = [
            f"{word} {_written(window, timezone)}"
            for word, window in (
                ("train on", self.train),
                ("calibrate on", self.calibrate),
                ("test on", self.test),
                ("purged", self.purged),
            )
            if window
        ]
        return ", ".join(parts)


def rolling_splits(
    cutoffs: Iterable[Any],
    problem: ChurnProblem,
    *,
    data_end: Any = None,
    calibrate_cutoffs: int = 1,
    test_cutoffs: int = 1,
    min_train_cutoffs: int = 1,
    max_train_cutoffs: int | None = None,
    max_splits: int | None = None,
) -> list[TimeSplit]:
    """Return splits in time whose test windows follow each other, oldest first.

    Parameters
    ----------
    cutoffs : iterable of date or Timestamp
        All cutoffs; a date means its local midnight. Each counts once.
    problem : ChurnProblem
        Brings `label_known_at` and the time zone.
    data_end : date or Timestamp, optional
        Only cutoffs whose label is known by then are used (closed windows); None: all of them.
    calibrate_cutoffs : int
        Newest cutoffs whose labels are known when the test begins; 0 for no such window.
    test_cutoffs : int
        Cutoffs of a test window; test windows do not overlap.
    min_train_cutoffs, max_train_cutoffs : int
        Fewest and most (the newest) cutoffs that train; None: no limit.
    max_splits : int, optional
        The newest so many.

    Returns
    -------
    list of TimeSplit
        No label of `train` is known after the first cutoff of the next window, none of `calibrate`
        after the first cutoff of `test`.

    Raises
    ------
    NotEnoughDataError
        Not even one split is possible.

    Examples
    --------
    >>> import datetime as dt
    >>> days = [dt.date(2026, month, 1) for month in range(1, 9)]
    >>> for split in rolling_splits(days, ChurnProblem(horizon_days=60), max_splits=2):
    ...     print(split.describe())
    train on 2026-01-01 to 2026-03-01 (3), calibrate on 2026-05-01, test on 2026-07-01, \
purged 2026-04-01 to 2026-06-01 (2)
    train on 2026-01-01 to 2026-04-01 (4), calibrate on 2026-06-01, test on 2026-08-01, \
purged 2026-05-01 to 2026-07-01 (2)
    """
    _check(calibrate_cutoffs, test_cutoffs, min_train_cutoffs, max_train_cutoffs, max_splits)
    known = {problem.cutoff_instant(one): problem.label_known_at(one) for one in cutoffs}
    limit = None if data_end is None else problem.cutoff_instant(data_end)
    closed = sorted(one for one in known if limit is None or known[one] <= limit)
    found: list[TimeSplit] = []
    for last in range(len(closed), 0, -test_cutoffs):
        first = last - test_cutoffs
        if first < 0 or len(found) == max_splits:
            break
        split = _split(closed, first, last, known, calibrate_cutoffs, max_train_cutoffs)
        if len(split.train) < min_train_cutoffs or len(split.calibrate) < calibrate_cutoffs:
            break
        found.append(split)
    if not found:
        raise NotEnoughDataError(_nothing_fits(closed, problem, calibrate_cutoffs, min_train_cutoffs))
    return found[::-1]


def _split(
    closed: list[pd.Timestamp],
    first: int,
    last: int,
    known: dict[pd.Timestamp, pd.Timestamp],
    calibrate: int,
    most: int | None,
) -> TimeSplit:
    test = closed[first:last]
    ready = [one for one in closed[:first] if known[one] <= test[0]]
    held = ready[-calibrate:] if calibrate else []
    begin = held[0] if held else test[0]
    train = [one for one in closed[:first] if known[one] <= begin and one not in held]
    used = train[-most:] if most else train
    purged = [one for one in closed[:first] if one not in train and one not in held]
    return TimeSplit(tuple(used), tuple(held), tuple(test), tuple(purged))


def _check(calibrate: int, test: int, least: int, most: int | None, splits: int | None) -> None:
    limits = {
        "calibrate_cutoffs": (calibrate, 0),
        "test_cutoffs": (test, 1),
        "min_train_cutoffs": (least, 1),
        "max_train_cutoffs": (most, least),
        "max_splits": (splits, 1),
    }
    for name, (value, lowest) in limits.items():
        if value is not None and value < lowest:
            raise ConfigError(f"splits, {name}: expected at least {lowest}, got {value!r}")


def _nothing_fits(closed: list[pd.Timestamp], problem: ChurnProblem, calibrate: int, least: int) -> str:
    parts = " + ".join(f"{name} {days}" for name, days in problem.label_parts.items()) or "none"
    have = _written(tuple(closed), problem.timezone) if closed else "none"
    return (
        f"no split in time is possible: a test cutoff needs {calibrate} cutoffs to calibrate and "
        f"{least} to train before it, each window at least {problem.label_days} days ({parts}) before "
        f"the next; cutoffs with a known label: {have}; add older cutoffs, or shorten the horizon"
    )


def _written(window: Instants, timezone: str) -> str:
    days = [one.tz_convert(timezone).date().isoformat() for one in window]
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)})"
