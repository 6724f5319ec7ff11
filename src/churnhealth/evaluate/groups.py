"""What does each indicator group add to the predictions, on rows that the model has not seen?

Two ways to take a group away lead to the same table. Permutation (`permuted_predictions`) shuffles the
group's columns among the rows, all of them together, and asks the model again: it needs nothing but a
score function, and says what this model draws from the group. Refitting without the group says what a
new model could make up for from the others; it costs a fit per group: hand its predictions over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.evaluate.checks import TABLE, check_rows, check_settings
from churnhealth.evaluate.compare import mean_by_customer
from churnhealth.evaluate.loss import row_losses

Score = Callable[[pd.DataFrame], FloatArray]
HELPS, HARMS, NOT_SHOWN = "helps", "harms", "not shown"
GROUP_COLUMNS = (
    "indicator_group",
    "loss",
    "loss_without",
    "adds",
    "low",
    "high",
    "standard_error",
    "verdict",
)


def permuted_predictions(
    score: Score,
    indicators: pd.DataFrame,
    catalogue: Catalogue,
    *,
    repeats: int = 5,
    random_state: int = 0,
) -> dict[str, FloatArray]:
    """Predict with each indicator group shuffled among the rows (Breiman 2001, by group).

    All columns of a group move together, so that what they say together stays possible; what they say
    together with other groups is broken, as it is meant to be. (scikit-learn's
    `permutation_importance` moves one column at a time.)

    Parameters
    ----------
    score : callable of a DataFrame returning array of shape (rows,)
        Churn probabilities, such as `HealthModel.churn_probability`.
    indicators : pandas.DataFrame of shape (n, n_indicators)
        Rows that the model has not seen.
    catalogue : Catalogue
        The group of each indicator; what it does not name is inferred.
    repeats : int
        Shuffles per group, 1 or more.
    random_state : int
        Seed; the same seed gives the same shuffles.

    Returns
    -------
    dict of FloatArray of shape (repeats, n)
        By indicator group, in the order of their first columns.
    """
    check_settings(repeats=(repeats, 1, np.inf))
    if not isinstance(indicators, pd.DataFrame) or indicators.empty:
        got = f"{type(indicators).__name__} of shape {np.shape(indicators)}"
        raise SchemaError(TABLE, [f"indicators: expected a DataFrame with rows and columns, got {got}"])
    known = catalogue.for_columns([str(name) for name in indicators.columns])
    group_of = np.asarray([one.group for one in known.indicators], dtype=object)
    rng = np.random.default_rng(random_state)
    # The same shuffles for every group: another group more or less changes no figure.
    orders = [rng.permutation(len(indicators)) for _ in range(repeats)]
    return {
        str(group): np.stack(
            [score(_shuffled(indicators, np.flatnonzero(group_of == group), order)) for order in orders]
        )
        for group in dict.fromkeys(group_of)
    }


def _shuffled(
    table: pd.DataFrame, places: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> pd.DataFrame:
    moved = table.iloc[order, places].set_axis(table.index, axis=0)
    rest = np.setdiff1d(np.arange(table.shape[1]), places)
    both = pd.concat([moved, table.iloc[:, rest]], axis=1)
    return both.iloc[:, np.argsort(np.concatenate([places, rest]))]


def what_groups_add(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    without: Mapping[str, npt.ArrayLike],
    customer_id: npt.ArrayLike | None = None,
    loss: str = "log_loss",
    n: int = 500,
    level: float = 0.9,
    random_state: int = 0,
) -> pd.DataFrame:
    """Compare the loss with and without each indicator group, row by row.

    Parameters
    ----------
    y, p : arrays of shape (rows,)
        Truth (1 = churned), and churn probabilities (0-1) with all groups.
    without : mapping of str to array of shape (rows,) or (repeats, rows)
        Churn probabilities without the group: shuffled (`permuted_predictions`), or those of a model
        refitted without it. Repeats are averaged in the loss.
    customer_id : array of shape (rows,), optional
        Whose row it is; each row its own customer when not given.
    loss : {"log_loss", "brier"}
    n : int
        Resamples of customers, 0 or more; 0 gives NaN bounds.
    level : float
        Coverage of the intervals, 0-1.
    random_state : int
        Seed; the same seed gives the same intervals.

    Returns
    -------
    pandas.DataFrame
        What adds most first: `indicator_group`, `loss` (with all groups), `loss_without`, `adds`
        (loss_without - loss; above 0 = the group helps), `low`, `high`, `standard_error` (of `adds`,
        by customer), `verdict` ("helps" or "harms" when the interval excludes 0, else "not shown").

    Raises
    ------
    SchemaError
        When the input has faults, a setting is out of range, or `loss` is not known.

    Examples
    --------
    Without usage the model can only say 0.5: a squared error of 0.25 against 0.01.

    >>> table = what_groups_add([1, 0], [0.9, 0.1], {"usage": [0.5, 0.5]}, loss="brier", n=20)
    >>> table[["indicator_group", "adds", "verdict"]].to_dict("split")["data"]
    [['usage', 0.24, 'helps']]
    """
    check_settings(n=(n, 0, np.inf), level=(level, 0.0, 1.0))
    stacked = {f"without[{name!r}]": np.atleast_2d(np.asarray(one)) for name, one in without.items()}
    flat = {f"{name}[{place}]": one for name, many in stacked.items() for place, one in enumerate(many)}
    rows = check_rows(y, {"p": p, **flat}, customer_id=customer_id)
    base = row_losses(rows.y, rows.p["p"], loss)
    found = []
    for group, (name, many) in zip(without, stacked.items(), strict=True):
        repeats = [row_losses(rows.y, rows.p[f"{name}[{at}]"], loss) for at in range(len(many))]
        added = np.mean(np.stack(repeats) - base, axis=0)
        found.append((group, *_line(base, added, rows.customer, n, level, random_state)))
    table = pd.DataFrame(found, columns=list(GROUP_COLUMNS))
    return table.sort_values("adds", ascending=False, kind="stable", ignore_index=True)


def _line(
    base: FloatArray,
    added: FloatArray,
    customer: npt.NDArray[np.int64],
    n: int,
    level: float,
    random_state: int,
) -> tuple[float, float, float, float, float, float, str]:
    mean, low, high, error, _ = mean_by_customer(added, customer, n, level, random_state)
    verdict = HELPS if low > 0.0 else HARMS if high < 0.0 else NOT_SHOWN
    loss = float(base.mean())
    return loss, loss + mean, mean, low, high, error, verdict
