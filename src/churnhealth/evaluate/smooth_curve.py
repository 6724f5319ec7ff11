"""The smooth calibration curve as a table, with what another draw of customers would make of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.evaluate.bootstrap import percentile_interval
from churnhealth.evaluate.checks import check_rows, check_settings
from churnhealth.evaluate.counts import coarsen, count_rows, resampled_counts
from churnhealth.evaluate.smooth import CalibrationCurve

CURVE_COLUMNS = ("predicted", "observed", "low", "high")


def smooth_curve(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    *,
    customer_id: npt.ArrayLike | None = None,
    points: int = 50,
    n: int = 200,
    level: float = 0.9,
    random_state: int = 0,
) -> pd.DataFrame:
    """Tell what really happened as a smooth function of what was predicted (`CalibrationCurve`).

    Parameters
    ----------
    y, p : arrays of shape (n_rows,)
        Truth (1 = churned) and churn probabilities (0-1).
    customer_id : array of shape (n_rows,), optional
        Whose row it is; each row its own customer when not given.
    points : int
        At most so many points of the curve, 2 or more, at equal shares of the distinct probabilities.
    n : int
        Resamples of customers, 0 or more; 0 gives NaN bounds.
    level : float
        Coverage of the interval at each point, 0-1.
    random_state : int
        Seed; the same seed gives the same intervals.

    Returns
    -------
    DataFrame
        `predicted`, ascending, `observed` (smoothed), `low`, `high`; shares, 0-1.

    Raises
    ------
    SchemaError
        When the input has faults or a setting is out of range.

    Examples
    --------
    >>> smooth_curve([0, 0, 0], [0.1, 0.2, 0.3], n=0)["observed"].tolist()
    [0.0, 0.0, 0.0]
    """
    check_settings(points=(points, 2, np.inf), n=(n, 0, np.inf), level=(level, 0.0, 1.0))
    rows = check_rows(y, {"p": p}, customer_id=customer_id)
    counts = coarsen(count_rows(rows.y, rows.p["p"]))
    curve = CalibrationCurve.over(counts)
    size = counts.probability.size
    at = np.unique(np.linspace(0, size - 1, min(points, size)).round().astype(np.int64))
    rng = np.random.default_rng(random_state)
    drawn = [
        curve.observed(one)[at] for one in resampled_counts(rows.y, rows.p["p"], rows.customer, n, rng)
    ]
    bounds = [percentile_interval([one[place] for one in drawn], level) for place in range(at.size)]
    return pd.DataFrame(
        {
            "predicted": counts.probability[at],
            "observed": curve.observed(counts)[at],
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
        }
    )
