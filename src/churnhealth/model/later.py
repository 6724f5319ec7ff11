"""The base rate moves: predictions follow the windows as far as these can tell, and say how unsure.

A window is all rows of one cutoff. How much more or less its customers churned than predicted, in
log-odds, is one noisy look at a level that wanders around 0 and forgets within about a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize_scalar
from scipy.special import expit

from churnhealth.model.columns import FloatArray, IntArray
from churnhealth.model.noise import standard_error
from churnhealth.model.weights import OutOfFold

DAY = 86_400 * 10**9
# A model is first used about a quarter after the cutoff of its newest closed window.
AHEAD_DAYS = 91.0
MEMORY_DAYS = 365.0
# Log-odds by which the level usually lies apart from its mean, and how unsure that is (a factor of 2).
USUAL_MOVE = 0.2
MOVE_FACTOR = 2.0
MOVE_BOUNDS = (0.01, 2.0)


@dataclass(frozen=True)
class Level:
    """Where the level of the next window is expected.

    Parameters
    ----------
    shift : float
        Log-odds that predictions get on top.
    error : float
        Standard error of the level after that shift, log-odds.
    move : float
        How far the level usually lies apart from its mean, log-odds.
    """

    shift: float
    error: float
    move: float


def follow_level(log_odds: FloatArray, told: OutOfFold, cutoff: IntArray) -> Level:
    """Return by how many log-odds the next window is expected to lie above its predictions.

    Parameters
    ----------
    log_odds : ndarray, shape (n_rows,)
        Calibrated out-of-fold predictions.
    told : OutOfFold
        Labels, weights and customers of the rows.
    cutoff : ndarray of int, shape (n_rows,)
        When each row was asked about, nanoseconds since 1970.

    Notes
    -----
    Each window's look is one step of Newton from 0, `sum w (y - p) / sum w p (1 - p)`, with the
    variance `sum w^2 p (1 - p) / (sum w p (1 - p))^2`, times the number of windows in which a churner
    counts on average, where windows overlap. The level is a Gaussian process with the covariance
    `m^2 exp(-days apart / 365)`; m has a log-normal prior around 0.2 and is taken at its posterior
    mode (Rasmussen and Williams, 2006, chapters 2 and 5). Shift and error are those of the process 91
    days after the newest cutoff.
    """
    days, look, variance = _looks(log_odds, told, cutoff)
    apart = np.abs(days[:, None] - days[None, :])

    def surprise(log_move: float) -> float:
        factor = cho_factor(_covariance(np.exp(log_move), apart) + np.diag(variance))
        fit = 0.5 * float(look @ cho_solve(factor, look)) + float(np.log(np.diag(factor[0])).sum())
        return fit + 0.5 * ((log_move - np.log(USUAL_MOVE)) / np.log(MOVE_FACTOR)) ** 2

    found = minimize_scalar(surprise, bounds=tuple(np.log(MOVE_BOUNDS)), method="bounded")
    move = float(np.exp(found.x))
    factor = cho_factor(_covariance(move, apart) + np.diag(variance))
    towards = _covariance(move, days.max() + AHEAD_DAYS - days)
    left = move**2 - float(towards @ cho_solve(factor, towards))
    mean_error = mean_level_error(told.y, told.weight, told.customers)
    error = float(np.sqrt(max(left, 0.0) + mean_error**2))
    return Level(float(towards @ cho_solve(factor, look)), error, move)


def mean_level_error(y: FloatArray, weight: FloatArray, customers: IntArray | None) -> float:
    """Return the standard error of the log-odds of the base rate over all windows."""
    rate = float(np.average(y, weights=weight))
    return standard_error(y, weight, customers) / (rate * (1.0 - rate))


def _covariance(move: float, apart: FloatArray) -> FloatArray:
    return np.asarray(move**2 * np.exp(-apart / MEMORY_DAYS))


def _looks(
    log_odds: FloatArray, told: OutOfFold, cutoff: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return day, look and its variance of each window that says anything."""
    moments, window = np.unique(cutoff, return_inverse=True)
    p = expit(log_odds)
    information = np.bincount(window, told.weight * p * (1.0 - p))
    excess = np.bincount(window, told.weight * (told.y - p))
    spread = np.bincount(window, told.weight**2 * p * (1.0 - p)) * _overlap(told)
    says = information > 0
    information = information[says]
    days = (moments[says] - moments[-1]) / DAY
    return days, excess[says] / information, spread[says] / information**2


def _overlap(told: OutOfFold) -> float:
    """Return in how many windows a customer that churned is counted, on average."""
    if told.customers is None:
        return 1.0
    churned = told.customers[told.y == 1]
    return len(churned) / max(len(np.unique(churned)), 1)
