"""The base rate moves: predictions follow the newest closed windows, as far as these can tell."""

from __future__ import annotations

import numpy as np

from churnhealth.model.calibrate_fit import intercept_shift
from churnhealth.model.columns import FloatArray, IntArray
from churnhealth.model.noise import standard_error
from churnhealth.model.weights import OutOfFold

# By how much the log-odds of the base rate usually move from one window to the next.
USUAL_MOVE = 0.2
ENOUGH_CHURNERS = 50


def newest_shift(log_odds: FloatArray, told: OutOfFold, cutoff: IntArray) -> float:
    """Return by how many log-odds the newest windows lie above their predictions, shrunken.

    Parameters
    ----------
    log_odds : ndarray, shape (n_rows,)
        Calibrated out-of-fold predictions.
    told : OutOfFold
        Labels, weights and customers of the rows.
    cutoff : ndarray of int, shape (n_rows,)
        When each row was asked about.

    Notes
    -----
    The newest cutoffs are taken, one after the other back in time, until they hold 50 churners. A
    shift whose standard error is se counts `m^2 / (m^2 + se^2)`, where m is the usual move: the mean
    of a normal distribution around 0 with standard deviation m after one such observation.
    """
    newest = _newest(told, cutoff)
    y, weight = told.y[newest], told.weight[newest]
    shift = intercept_shift(log_odds[newest], y, weight)
    customers = None if told.customers is None else told.customers[newest]
    probability = 1.0 / (1.0 + np.exp(-(log_odds[newest] + shift)))
    told_per_row = float(np.average(probability * (1.0 - probability), weights=weight))
    error = standard_error(y - probability, weight, customers) / max(told_per_row, 1e-12)
    return float(shift * USUAL_MOVE**2 / (USUAL_MOVE**2 + error**2))


def _newest(told: OutOfFold, cutoff: IntArray) -> np.ndarray:
    newest = np.zeros(len(cutoff), dtype=bool)
    for one in np.unique(cutoff)[::-1]:
        newest |= cutoff == one
        if told.y[newest].sum() >= ENOUGH_CHURNERS:
            break
    return newest
