"""How much of a mean over rows is chance."""

from __future__ import annotations

import numpy as np

from churnhealth.model.columns import FloatArray, IntArray


def standard_error(values: FloatArray, weight: FloatArray, customers: IntArray | None = None) -> float:
    """Return the standard error of a weighted mean; rows of one customer are one observation.

    Parameters
    ----------
    values, weight : ndarray, shape (n_rows,)
        What is averaged, and the weights, 0 or more, not all 0.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes; None: every row is a customer.

    Notes
    -----
    The cluster-robust variance of a mean, `sum_c (sum_{i in c} w_i (v_i - mean))^2 / (sum w)^2`, with
    the factor n / (n - 1) over customers; infinite for one customer.

    Examples
    --------
    >>> standard_error(np.array([0.0, 2.0]), np.ones(2))  # deviations -1, 1: sqrt(2 / 4 * 2)
    1.0
    >>> standard_error(np.array([0.0, 2.0, 0.0, 2.0]), np.ones(4), np.array([0, 1, 0, 1]))
    1.0
    """
    deviations = weight * (values - np.average(values, weights=weight))
    if customers is not None:
        _, codes = np.unique(customers, return_inverse=True)
        deviations = np.asarray(np.bincount(codes, weights=deviations), dtype=np.float64)
    count = len(deviations)
    if count < 2:
        return float("inf")
    variance = float(deviations @ deviations) / float(weight.sum()) ** 2
    return float(np.sqrt(variance * count / (count - 1)))
