"""How far a customer's probability moves when the model is fitted without a group of customers.

Each group is left out once; the spread of the margins gives the standard error of the margin by the
grouped jackknife (Efron and Tibshirani, 1993, chapter 11). Penalties, rounds and weights stay as they
were chosen, and what a penalty flattens it flattens in every fit. So the range holds the true
probability less often than its level says (docs/decisions/0006 has the figures): it tells a firm
estimate from a shaky one, and is not called an interval.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, t

from churnhealth.model.columns import FloatArray
from churnhealth.model.fitted import FittedModel
from churnhealth.model.stack import Stack


def margin_error(stack: Stack, matrix: FloatArray) -> tuple[FloatArray, int]:
    """Return the standard error of each margin, and its degrees of freedom.

    Parameters
    ----------
    stack : Stack
        With members fitted without each group.
    matrix : ndarray, shape (n_customers, n_indicators)
        As `encode_table` gives it.

    Notes
    -----
    `se^2 = (g - 1) / g * sum_i (margin_(-i) - mean)^2` over g groups.
    """
    margins = stack.margins_without(matrix)
    groups = margins.shape[1]
    if groups < 2:
        return np.zeros(len(matrix)), 0
    apart = margins - margins.mean(axis=1, keepdims=True)
    return np.sqrt((groups - 1) / groups * np.sum(apart**2, axis=1)), groups - 1


def probability_range(
    model: FittedModel, matrix: FloatArray, level: float = 0.9
) -> tuple[FloatArray, FloatArray]:
    """Return the lower and upper ends of each customer's range, shape (n_customers,) each.

    Parameters
    ----------
    model : FittedModel
        With members fitted without each group of customers.
    matrix : ndarray, shape (n_customers, n_indicators)
        As `encode_table` gives it.
    level : float
        Of Student's t (0-1), with one degree of freedom less than there are groups.
    """
    margin = model.stack.margin(matrix)
    error, freedom = margin_error(model.stack, matrix)
    reach = float(t.ppf(0.5 + level / 2.0, freedom) if freedom else norm.ppf(0.5 + level / 2.0))
    wide = reach * np.sqrt(error**2 + model.level_error**2)
    calibrator = model.calibrator
    return calibrator.probability(margin - wide), calibrator.probability(margin + wide)
