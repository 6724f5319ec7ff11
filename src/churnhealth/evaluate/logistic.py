"""A small logistic regression on counts by Newton's method: for recalibration and smooth curves.

scikit-learn's is made for fitting models; here some hundred tiny fits on the same design are
needed, with an offset, unpenalised, to machine precision.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from churnhealth.domain.health import FloatArray

MOST_STEPS = 100
TOLERANCE = 1e-9


def fit_logistic(
    design: FloatArray,
    churned: FloatArray,
    stayed: FloatArray,
    *,
    offset: FloatArray,
    ridge: FloatArray | float = 0.0,
    start: FloatArray | None = None,
) -> FloatArray:
    """Maximise the likelihood of `churned ~ Binomial(total, expit(offset + design @ b))`.

    Newton's steps are shortened by log(1 + c) / c, where c is the largest change of any log-odds in
    the full step. The log-likelihood then rises with every step, from any start, and the last steps
    are full ones (Sun & Tran-Dinh 2019, Mathematical Programming 178, with nu = 2).

    Parameters
    ----------
    design : FloatArray of shape (k, d)
        One row per cell.
    churned, stayed : FloatArray of shape (k,)
        Weight of churners and stayers in each cell.
    offset : FloatArray of shape (k,)
        Log-odds with coefficient 1.
    ridge : float or FloatArray of shape (d,)
        Each coefficient is penalised by `ridge / 2 * b ** 2`.
    start : FloatArray of shape (d,), optional
        Where to begin; zeros when not given.

    Returns
    -------
    FloatArray of shape (d,)
        The coefficients; NaN where no maximum was reached (separated classes).
    """
    penalty = np.broadcast_to(np.asarray(ridge, float), design.shape[1:])
    b = np.zeros(design.shape[1]) if start is None else start
    for _ in range(MOST_STEPS):
        log_odds = offset + design @ b
        churn, stay = expit(log_odds), expit(-log_odds)
        gradient = design.T @ (churned * stay - stayed * churn) - penalty * b
        curvature = _curvature(design, churned + stayed, churn * stay) + np.diag(penalty)
        step = _solved(curvature, gradient)
        change = float(np.max(np.abs(design @ step)))
        if not np.isfinite(change):
            break
        b = b + step * (np.log1p(change) / change if change > 0 else 1.0)
        if change < TOLERANCE:
            return np.asarray(b)
    return np.full(design.shape[1], np.nan)


def standard_errors(design: FloatArray, total: FloatArray, log_odds: FloatArray) -> FloatArray:
    """Return the standard errors of the coefficients of an unpenalised fit (from the information).

    Parameters
    ----------
    design : FloatArray of shape (k, d)
    total : FloatArray of shape (k,)
        Independent rows in each cell.
    log_odds : FloatArray of shape (k,)
        As fitted.

    Returns
    -------
    FloatArray of shape (d,)
        NaN or infinite where the information says nothing about a coefficient.
    """
    information = _curvature(design, total, expit(log_odds) * expit(-log_odds))
    inverse = [_solved(information, unit)[place] for place, unit in enumerate(np.eye(len(information)))]
    return np.asarray(np.sqrt(inverse), dtype=np.float64)


def _curvature(design: FloatArray, total: FloatArray, variance: FloatArray) -> FloatArray:
    return np.asarray((design.T * (total * variance)) @ design, dtype=np.float64)


def _solved(curvature: FloatArray, gradient: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.solve(curvature, gradient), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full(gradient.shape, np.nan)
