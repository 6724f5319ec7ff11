"""Is one model better than another on the same rows? Judge the differences, not the two scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.bootstrap import percentile_interval
from churnhealth.evaluate.checks import IntArray, check_rows, check_settings
from churnhealth.evaluate.counts import sum_by
from churnhealth.evaluate.loss import row_losses


class PairedDifference(NamedTuple):
    """Mean loss of the new model less that of the old one; below 0 = the new one is better.

    `low` and `high` bound the difference (bootstrap by customer), `standard_error` is its standard
    error (0 or more, NaN with one customer), `customers` the number of distinct customers.
    """

    difference: float
    low: float
    high: float
    standard_error: float
    customers: int


def paired_difference(
    y: npt.ArrayLike,
    p_new: npt.ArrayLike,
    p_old: npt.ArrayLike,
    loss: str = "log_loss",
    customer_id: npt.ArrayLike | None = None,
    n: int = 1000,
    level: float = 0.9,
    random_state: int = 0,
) -> PairedDifference:
    """Compare two models on the same rows by the mean difference of their losses.

    Rows that are hard for both models cancel out, so the difference is known far better than either
    loss. Rows of a customer hang together: customers are drawn, and the standard error is clustered
    by customer, sqrt(c / (c - 1) x sum over customers of (their sum of deviations)^2) / rows.

    Parameters
    ----------
    y : array of shape (rows,)
        1 = churned, 0 = stayed.
    p_new, p_old : arrays of shape (rows,)
        Churn probabilities of the two models, 0-1, same rows, same order.
    loss : {"log_loss", "brier"}
    customer_id : array of shape (rows,), optional
        Whose row it is; each row its own customer when not given.
    n : int
        Resamples, 0 or more; 0 gives NaN bounds.
    level : float
        Coverage of the interval, 0-1.
    random_state : int
        Seed; the same seed gives the same interval.

    Raises
    ------
    SchemaError
        When the input has faults, a setting is out of range, or `loss` is not known.

    Examples
    --------
    Squared errors 0.01 against 0.25 in every row: better by 0.24, without doubt.

    >>> result = paired_difference([1, 0], [0.9, 0.1], [0.5, 0.5], loss="brier", n=10)
    >>> round(result.difference, 6), round(result.high, 6), result.customers
    (-0.24, -0.24, 2)
    """
    check_settings(n=(n, 0, np.inf), level=(level, 0.0, 1.0))
    rows = check_rows(y, {"p_new": p_new, "p_old": p_old}, customer_id=customer_id)
    gap = row_losses(rows.y, rows.p["p_new"], loss) - row_losses(rows.y, rows.p["p_old"], loss)
    return mean_by_customer(gap, rows.customer, n, level, random_state)


def mean_by_customer(
    gap: FloatArray, customer: IntArray, n: int, level: float, random_state: int
) -> PairedDifference:
    """Return the mean of a difference that is known for every row, with bounds by customer.

    Parameters
    ----------
    gap : FloatArray of shape (rows,)
        Loss of the new model less that of the old one.
    customer : IntArray of shape (rows,)
        Number of each row's customer, 0 to customers - 1.
    n, level, random_state
        As in `paired_difference`.
    """
    sums, sizes = _by_customer(gap, customer)
    drawn = _resampled_means(sums, sizes, n, np.random.default_rng(random_state))
    low, high = percentile_interval(drawn, level)
    return PairedDifference(float(gap.mean()), low, high, _standard_error(sums, sizes), sums.size)


def _by_customer(values: FloatArray, customer: IntArray) -> tuple[FloatArray, FloatArray]:
    customers = int(customer.max()) + 1
    return sum_by(customer, values, customers), sum_by(customer, np.ones(values.size), customers)


def _resampled_means(
    sums: FloatArray, sizes: FloatArray, n: int, rng: np.random.Generator
) -> FloatArray:
    means = np.empty(n)
    for place in range(n):
        drawn = rng.integers(0, sums.size, sums.size)
        means[place] = sums[drawn].sum() / sizes[drawn].sum()
    return means


def _standard_error(sums: FloatArray, sizes: FloatArray) -> float:
    if sums.size < 2:
        return float("nan")
    deviations = sums - sizes * (sums.sum() / sizes.sum())
    correction = sums.size / (sums.size - 1)
    return float(np.sqrt(correction * np.sum(deviations**2)) / sizes.sum())
