"""One customer's score step by step: from the base, driver by driver, to the published number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnhealth.errors import SchemaError, nearest
from churnhealth.explain.change import BASE
from churnhealth.explain.explanation import ALL_OTHERS

SCORE = "(health score)"
STEP_COLUMNS = (
    "step",
    "indicator",
    "indicator_group",
    "value",
    "contribution_points",
    "points_before",
    "points_after",
)
_TAKEN = ("indicator", "indicator_group", "value", "contribution_points")


def waterfall_steps(drivers: pd.DataFrame, base_points: float) -> pd.DataFrame:
    """Add up the drivers of one customer.

    Parameters
    ----------
    drivers : DataFrame
        One customer's, by rank, with "(all others)" last: rows of `explanation.drivers(others=True)`,
        or of the table health_drivers. Columns indicator, indicator_group, value, contribution_points.
    base_points : float
        What contributions start from (health points): `explanation.base_points`.

    Returns
    -------
    DataFrame
        `step` (0, 1, ...), `indicator` ("(base)" first, "(health score)" last), `indicator_group`,
        `value`, `contribution_points`, and the running sum `points_before`, `points_after` (health
        points). Base and score stand on their own, from 0; the last `points_after` is the health score.

    Raises
    ------
    SchemaError
        With all faults: columns are missing, contributions are not finite, there is not exactly one
        "(all others)", in the last row, so that the sum would not be the score.

    Examples
    --------
    >>> drivers = pd.DataFrame({"indicator": ["logins", "(all others)"], "indicator_group": "usage",
    ...     "value": [3, None], "contribution_points": [-12.0, 2.0]})
    >>> waterfall_steps(drivers, 90.0)[["indicator", "points_after"]].to_dict("split")["data"]
    [['(base)', 90.0], ['logins', 78.0], ['(all others)', 80.0], ['(health score)', 80.0]]
    """
    faults = _faults(drivers, base_points)
    if faults:
        raise SchemaError("drivers of one customer", faults)
    points = drivers["contribution_points"].to_numpy(dtype=np.float64)
    after = base_points + np.cumsum(points)
    start, end = (BASE, BASE, None, base_points, 0.0, base_points), (after[-1], 0.0, after[-1])
    inner = zip(*(drivers[name] for name in _TAKEN), after - points, after, strict=True)
    lines = [start, *inner, (SCORE, SCORE, None, *end)]
    return pd.DataFrame([(at, *line) for at, line in enumerate(lines)], columns=list(STEP_COLUMNS))


def _faults(drivers: Any, base_points: float) -> list[str]:
    if not isinstance(drivers, pd.DataFrame):
        return [f"expected a DataFrame, got {type(drivers).__name__}"]
    known = [str(name) for name in drivers.columns]
    faults = [f"missing column {one!r}{nearest(one, known)}" for one in _TAKEN if one not in known]
    if not np.isfinite(base_points):
        faults.append(f"base_points: expected a finite number, got {base_points!r}")
    if faults:
        return faults
    others = np.flatnonzero(drivers["indicator"] == ALL_OTHERS)
    if others.tolist() != [len(drivers) - 1]:
        faults.append(
            f"expected one customer's drivers with one {ALL_OTHERS!r}, the last of {len(drivers)} rows, "
            f"got it in rows {others.tolist()}; ask drivers(others=True), and take one customer"
        )
    if not np.isfinite(drivers["contribution_points"].to_numpy(dtype=np.float64)).all():
        faults.append("contribution_points: expected finite numbers")
    return faults
