"""Fitting a calibrator, and choosing between them.

They are chosen by cross-validated log loss, and the first in `PREFERRED` whose loss is within one
standard error of the best is kept. The sigmoid stands before no map at all: out of fold a stack of
bags is a little timid, and with Platt's smoothed targets the sigmoid gained nearly everywhere from 200
customers on (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit

from churnhealth.model.calibrate import (
    NO_CALIBRATOR,
    Calibrator,
    increasing_functions,
    log_losses,
)
from churnhealth.model.columns import BoolArray, FloatArray, IntArray
from churnhealth.model.noise import standard_error

PREFERRED = ("sigmoid", "none", "beta", "spline")
FLATTEST = 1e-2
KNOTS = 5
FEWEST_CHURNERS_FOR_SPLINE = 30
# Nats that a spline's slopes pay for each squared step from one knot to the next.
STIFFNESS = 1.0
LARGEST_SHIFT = 10.0


def fit_calibrator(
    name: str, margin: FloatArray, y: FloatArray, weight: FloatArray
) -> Calibrator | None:
    """Fit one kind of map by maximum likelihood; None when no increasing map of it fits.

    Parameters
    ----------
    name : {"none", "sigmoid", "beta", "spline"}
        See `Calibrator`.
    margin : ndarray, shape (n_customers,)
        Out-of-fold margins.
    y : ndarray, shape (n_customers,)
        1 churned, 0 not.
    weight : ndarray, shape (n_customers,)
        Weights of the rows, 0 or more.

    Notes
    -----
    Platt's (1999) smoothed targets keep the slopes finite when the classes are separated.
    """
    if name == "none":
        return NO_CALIBRATOR
    knots = _knots(margin, weight) if name == "spline" else ()
    if name == "spline" and (len(knots) < 2 or weight[y == 1].sum() < FEWEST_CHURNERS_FOR_SPLINE):
        return None
    functions = increasing_functions(name, knots, margin)
    slopes, intercept = _most_likely(functions, y, weight, STIFFNESS if knots else 0.0)
    if (slopes <= FLATTEST * 1.001).all():
        return None
    return Calibrator(name, tuple(slopes.tolist()), intercept, knots)


def choose_calibrator(
    margin: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    groups: IntArray,
    customers: IntArray | None = None,
) -> tuple[Calibrator, dict[str, float]]:
    """Choose between the maps by cross-validation.

    Parameters
    ----------
    margin, y, weight : ndarray, shape (n_rows,)
        Out-of-fold margins, labels and weights.
    groups : ndarray of int, shape (n_rows,)
        The fold of each row.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes; rows of a customer are one observation in the standard error.

    Returns
    -------
    calibrator : Calibrator
        Fitted on all rows.
    losses : dict of str to float
        Cross-validated log loss of each map that fits.
    """
    folds = [groups == group for group in np.unique(groups)]
    found = {name: _losses(name, margin, y, weight, folds) for name in PREFERRED}
    losses = {name: one for name, one in found.items() if one is not None}
    means = {name: float(np.average(one, weights=weight)) for name, one in losses.items()}
    best = min(means, key=lambda name: means[name])
    for name in losses:
        worse = losses[name] - losses[best]
        if np.average(worse, weights=weight) <= standard_error(worse, weight, customers):
            fitted = fit_calibrator(name, margin, y, weight)
            return fitted or NO_CALIBRATOR, means
    return NO_CALIBRATOR, means


def intercept_shift(log_odds: FloatArray, y: FloatArray, weight: FloatArray) -> float:
    """Return the number of log-odds by which predictions must move to meet the churn that happened."""
    churned = float(weight @ y)

    def excess(shift: float) -> float:
        return float(weight @ expit(log_odds + shift)) - churned

    if excess(-LARGEST_SHIFT) > 0 or excess(LARGEST_SHIFT) < 0:
        return 0.0
    return float(brentq(excess, -LARGEST_SHIFT, LARGEST_SHIFT, xtol=1e-10))


def _losses(
    name: str, margin: FloatArray, y: FloatArray, weight: FloatArray, folds: Sequence[BoolArray]
) -> FloatArray | None:
    losses = np.zeros(len(y))
    for test in folds:
        fitted = fit_calibrator(name, margin[~test], y[~test], weight[~test])
        if fitted is None:
            return None
        losses[test] = log_losses(fitted.log_odds(margin[test]), y[test])
    return losses


def _knots(margin: FloatArray, weight: FloatArray) -> tuple[float, ...]:
    """Place knots at even shares of what the rows tell: p (1 - p), the variance of a label."""
    probability = expit(margin)
    order = np.argsort(margin, kind="stable")
    told = np.cumsum((weight * probability * (1.0 - probability))[order])
    if told[-1] <= 0:
        return ()
    places = np.interp(np.linspace(0.02, 0.98, KNOTS), told / told[-1], margin[order])
    apart = places[np.insert(np.diff(places) > 1e-6, 0, True)]
    return tuple(apart.tolist())


def _most_likely(
    functions: FloatArray, y: FloatArray, weight: FloatArray, stiffness: float
) -> tuple[FloatArray, float]:
    churners, others = float(weight[y == 1].sum()), float(weight[y == 0].sum())
    target = np.where(y == 1, (churners + 1.0) / (churners + 2.0), 1.0 / (others + 2.0))
    count = functions.shape[1]
    steps = np.diff(np.eye(count), axis=0)

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        log_odds = functions @ theta[:count] + theta[count]
        error = weight * (expit(log_odds) - target)
        bent = steps @ theta[:count]
        value = float(np.sum(weight * (np.logaddexp(0.0, log_odds) - target * log_odds)))
        slope = functions.T @ error + 2.0 * stiffness * (steps.T @ bent)
        return value + stiffness * float(bent @ bent), np.append(slope, error.sum())

    start = np.append(np.ones(count), 0.0)
    bounds = [(FLATTEST, None)] * count + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000})
    return np.maximum(found.x[:count], FLATTEST), float(found.x[count])
