"""Which groups, and which indicators, tell most over a whole portfolio, and how sure is it?

Strength is the mean absolute contribution in health points: how far, on average, this group moves a
score from the base, up or down. What a group adds to predictions on unseen rows is another question;
see `evaluate.groups`.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError, listed
from churnhealth.evaluate.bootstrap import percentile_interval
from churnhealth.evaluate.checks import TABLE, check_rows, check_settings
from churnhealth.evaluate.counts import customer_weights
from churnhealth.evaluate.groups import NOT_SHOWN

TELLS_MORE = "tells more"
IMPORTANCE_COLUMNS = ("name", "mean_absolute_points", "low", "high")
DIFFERENCE_COLUMNS = ("name", "than", "difference", "low", "high", "verdict")


def importance_table(
    points: pd.DataFrame,
    *,
    customer_id: npt.ArrayLike | None = None,
    n: int = 500,
    level: float = 0.9,
    random_state: int = 0,
) -> pd.DataFrame:
    """Rank the columns of a table of contributions by their mean absolute size.

    Parameters
    ----------
    points : DataFrame, shape (n_rows, n_columns)
        Contributions in health points: `explanation.groups()` by indicator group, or
        `explanation.points` by indicator.
    customer_id : array of shape (n_rows,), optional
        Whose row it is; customers are drawn, with all of their rows. Each row its own when not given.
    n : int
        Resamples, 0 or more; 0 gives NaN bounds.
    level : float
        Coverage of the intervals, 0-1.
    random_state : int
        Seed; the same seed gives the same intervals.

    Returns
    -------
    DataFrame
        The strongest first, ties in the order of the columns: `name`, `mean_absolute_points`, `low`,
        `high` (percentile bootstrap). The intervals say how far another draw of customers would
        move the figure under this same model; a refitted model may differ by more.

    Raises
    ------
    SchemaError
        No rows or columns, values that are not finite numbers, or a setting out of range.

    Examples
    --------
    >>> points = pd.DataFrame({"usage": [-4.0, 2.0], "touch": [1.0, 1.0]})
    >>> importance_table(points, n=0)[["name", "mean_absolute_points"]].to_dict("split")["data"]
    [['usage', 3.0], ['touch', 1.0]]
    """
    sizes, means = _resampled(points, customer_id, n, level, random_state)
    bounds = [percentile_interval(column, level) for column in means.T]
    lines = [
        (str(name), float(size), *bound)
        for name, size, bound in zip(points.columns, sizes, bounds, strict=True)
    ]
    table = pd.DataFrame(lines, columns=list(IMPORTANCE_COLUMNS))
    return table.sort_values("mean_absolute_points", ascending=False, kind="stable", ignore_index=True)


def importance_differences(
    points: pd.DataFrame,
    *,
    customer_id: npt.ArrayLike | None = None,
    n: int = 500,
    level: float = 0.9,
    random_state: int = 0,
) -> pd.DataFrame:
    """Compare every two columns: does usage tell more than engagement?

    Parameters
    ----------
    points, customer_id, n, level, random_state
        As in `importance_table`; both sides of a difference come from the same draw of customers.

    Returns
    -------
    DataFrame
        One row per pair: `name` (the stronger), `than` (the weaker), `difference` of their mean
        absolute points (0 or more), `low`, `high`, and `verdict`: "tells more" when the interval lies
        above 0, else "not shown". Pairs stand in the order of `importance_table`. One interval in
        ten misses by itself, so of many pairs some are told by chance.

    Raises
    ------
    SchemaError
        As in `importance_table`.

    Examples
    --------
    >>> points = pd.DataFrame({"touch": [1.0, 1.0], "usage": [-4.0, 4.0]})
    >>> importance_differences(points, n=20).to_dict("split")["data"]
    [['usage', 'touch', 3.0, 3.0, 3.0, 'tells more']]
    """
    sizes, means = _resampled(points, customer_id, n, level, random_state)
    names = [str(name) for name in points.columns]
    lines = []
    for more, less in combinations(np.argsort(-sizes, kind="stable"), 2):
        low, high = percentile_interval(means[:, more] - means[:, less], level)
        verdict = TELLS_MORE if low > 0.0 else NOT_SHOWN
        lines.append((names[more], names[less], float(sizes[more] - sizes[less]), low, high, verdict))
    return pd.DataFrame(lines, columns=list(DIFFERENCE_COLUMNS))


def _resampled(
    points: pd.DataFrame, customer_id: npt.ArrayLike | None, n: int, level: float, random_state: int
) -> tuple[FloatArray, FloatArray]:
    """Return mean absolute points, and the same in each resample, shape (n, n_columns)."""
    check_settings(n=(n, 0, np.inf), level=(level, 0.0, 1.0))
    if not isinstance(points, pd.DataFrame) or points.empty:
        got = f"{type(points).__name__} of shape {np.shape(points)}"
        raise SchemaError(TABLE, [f"points: expected a DataFrame with rows and columns, got {got}"])
    sizes = np.abs(points.to_numpy(dtype=np.float64))
    odd = [
        str(name) for name, fine in zip(points, np.isfinite(sizes).all(axis=0), strict=True) if not fine
    ]
    if odd:
        raise SchemaError(TABLE, [f"points: expected finite numbers, got others in {listed(odd)}"])
    rows = check_rows(np.zeros(len(sizes)), {}, customer_id=customer_id)
    means = np.empty((n, sizes.shape[1]))
    weights = customer_weights(rows.customer, n, np.random.default_rng(random_state))
    for place, weight in enumerate(weights):
        means[place] = weight @ sizes / weight.sum()
    return sizes.mean(axis=0), means
