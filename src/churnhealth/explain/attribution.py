"""From contributions in log-odds to contributions in health points that add up to the score.

The health score is g(margin), a curve, so log-odds cannot simply be rescaled. Every customer's
contributions are multiplied by one number, the slope of the straight line from the base to that
customer's own score: (g(m) - g(m0)) / (m - m0). Their order and their relative sizes stay as they
are, their sign turns (more log-odds of churning is less health), and their sum is exactly
g(m) - g(m0).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.model.columns import ColumnSpec

# Below this distance the line's slope is the curve's own slope half-way, to the last digit.
SMALLEST_STEP = 1e-4

MISSING_SUFFIX = ":missing"
SEGMENT_SUFFIX = ":segment"

Curve = Callable[[FloatArray], FloatArray]


def health_points(
    contributions: FloatArray, base_margin: float, health: Curve, slope: Curve
) -> FloatArray:
    """Carry contributions from log-odds to health points.

    Parameters
    ----------
    contributions : ndarray, shape (n_customers, n_indicators)
        Centred contributions in log-odds: with `base_margin` they add up to the margin.
    base_margin : float
        Margin of the base, m0.
    health : callable
        g, from margins to health scores (0-100); strictly decreasing.
    slope : callable
        g', the derivative of `health`.

    Returns
    -------
    ndarray, shape (n_customers, n_indicators)
        Health points; each row adds up to g(m) - g(m0).
    """
    step = contributions.sum(axis=1)
    base = np.full(len(step), base_margin)
    near = np.abs(step) < SMALLEST_STEP
    safe = np.where(near, 1.0, step)
    line = (health(base + step) - health(base)) / safe
    ratio = np.where(near, slope(base + step / 2.0), line)
    return np.asarray(contributions * ratio[:, None])


def with_missing_columns(
    values: FloatArray,
    matrix: FloatArray,
    columns: Sequence[ColumnSpec],
    index: pd.Index,
    segments: Sequence[str] = (),
) -> pd.DataFrame:
    """Give the contribution of a missing value a column of its own, `nps:missing`.

    A survey that was not answered says something else than any answer; told as "nps" it would read
    as if the customer had given a bad mark.

    Parameters
    ----------
    values : ndarray, shape (n_customers, n_indicators + len(segments))
        Contributions in any unit; those of segment corrections last.
    matrix : ndarray, shape (n_customers, n_indicators)
        The encoded values; NaN is missing.
    columns : sequence of ColumnSpec
        Columns that had missing values at fit get the additional column.
    index : Index
        Index of the result.
    segments : sequence of str
        Columns whose segments are corrected; each gets a column `plan:segment`.
    """
    parts: dict[str, FloatArray] = {}
    for at, spec in enumerate(columns):
        missing = np.isnan(matrix[:, at])
        if not spec.has_missing:
            parts[spec.name] = values[:, at]
            continue
        parts[spec.name] = np.where(missing, 0.0, values[:, at])
        parts[spec.name + MISSING_SUFFIX] = np.where(missing, values[:, at], 0.0)
    for at, name in enumerate(segments, start=len(columns)):
        parts[name + SEGMENT_SUFFIX] = values[:, at]
    return pd.DataFrame(parts, index=index)
