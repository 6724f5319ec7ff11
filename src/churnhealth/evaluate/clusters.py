"""Rows of the same customer hang together: how much, and what that does to chance.

A customer with several cutoffs has several rows. Where their horizons overlap, one churn makes all of
them 1, so that a perfect model strays further from what happens than independent rows would let it.
Where horizons do not overlap, the surprises of a customer's rows are uncorrelated, and nothing changes.
The data say which: how much of the largest possible covariance the customers' rows show.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.checks import IntArray
from churnhealth.evaluate.counts import Counts, cell_numbers, coarsen, count_rows, sum_by
from churnhealth.evaluate.smooth import CalibrationCurve


def row_dependence(y: FloatArray, p: FloatArray, customer: IntArray) -> float:
    """Return how much the rows of a customer churn together beyond what their probabilities say.

    The moment estimate of an exchangeable working correlation (Liang & Zeger 1986, Biometrika 73), as
    a share of the largest covariance that the probabilities allow: with r = y - q, the sum of r_i r_j
    over all pairs of rows of a customer, divided by the sum of min(q_i, q_j) - q_i q_j; not below 0,
    not above 1. q is the smooth calibration curve at p, so that a miscalibrated model is not taken for
    rows that hang together.

    Parameters
    ----------
    y, p : FloatArray of shape (rows,)
        Truth (0/1) and churn probabilities (0-1).
    customer : IntArray of shape (rows,)
        Number of each row's customer, 0 to customers - 1.

    Returns
    -------
    float
        0 = independent, also when no customer has two rows; 1 = all rows of a customer are one draw.

    Examples
    --------
    Two customers whose rows always agree.

    >>> y, p = np.array([1.0, 1.0, 0.0, 0.0]), np.full(4, 0.5)
    >>> round(row_dependence(y, p, np.array([0, 0, 1, 1])), 6)
    1.0
    """
    customers = int(customer.max()) + 1
    if customers == y.size:
        return 0.0
    counts = count_rows(y, p)
    q = CalibrationCurve.over(counts).observed(counts)[np.searchsorted(counts.probability, p)]
    surprise = y - q
    squares = sum_by(customer, surprise, customers) ** 2 - sum_by(customer, surprise**2, customers)
    most = largest_covariance(q, customer)
    return float(np.clip(squares.sum() / (2.0 * most), 0.0, 1.0)) if most > 0 else 0.0


def largest_covariance(p: FloatArray, customer: IntArray) -> float:
    """Return the sum, over all pairs of rows of a customer, of min(p_i, p_j) - p_i p_j.

    It is the covariance of two yes/no draws made from one uniform number, the largest there is.

    Examples
    --------
    One pair: min(0.5, 0.2) - 0.5 x 0.2.

    >>> round(largest_covariance(np.array([0.5, 0.2, 0.9]), np.array([0, 0, 1])), 6)
    0.1
    """
    order = np.lexsort((-p, customer))
    owner, falling = customer[order], p[order]
    rows = np.bincount(owner)
    # Of a customer's rows, the one at place k (largest first) is the smaller of k pairs.
    place = np.arange(owner.size) - np.repeat(np.cumsum(rows) - rows, rows)
    sums, squares = (sum_by(owner, one, rows.size) for one in (falling, falling**2))
    return float(place @ falling - np.sum(sums**2 - squares) / 2.0)


def design_effect(p: FloatArray, customer: IntArray, dependence: float) -> float:
    """Return by how much dependence inflates the variance of the number of churners (1 or more).

    The variance with dependence, divided by that of independent rows (Kish 1965, Survey Sampling).

    Parameters
    ----------
    p : FloatArray of shape (rows,)
        Churn probabilities (0-1).
    customer : IntArray of shape (rows,)
        Number of each row's customer, not negative; gaps are allowed.
    dependence : float
        As returned by `row_dependence`.
    """
    variance = float(np.sum(p * (1.0 - p)))
    if dependence == 0.0 or variance == 0.0:
        return 1.0
    numbers = np.unique(customer, return_inverse=True)[1]
    return 1.0 + 2.0 * dependence * largest_covariance(p, numbers) / variance


def draw_world(
    p: FloatArray, customer: IntArray, dependence: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Draw who churns when the probabilities are the truth.

    A share of the customers (`dependence`, drawn anew) have one uniform number for all of their rows,
    the others one for each row; a row churns when its number lies below its probability.
    """
    own = rng.random(p.size)
    if dependence > 0.0:
        customers = int(customer.max()) + 1
        together, shared = rng.random(customers) < dependence, rng.random(customers)
        own = np.where(together[customer], shared[customer], own)
    return np.asarray(own < p)


def clustered_worlds(
    p: FloatArray, customer: IntArray, dependence: float, n: int, rng: np.random.Generator
) -> Iterator[Counts]:
    """Yield, `n` times, the counts of a world drawn by `draw_world`, at the cells of `coarsen`."""
    whole = count_rows(np.zeros(p.size), p)
    cell = cell_numbers(whole.probability, whole.total)[np.searchsorted(whole.probability, p)]
    probability = coarsen(whole).probability
    total = sum_by(cell, np.ones(p.size), probability.size)
    for _ in range(n):
        churned = sum_by(cell, draw_world(p, customer, dependence, rng).astype(float), probability.size)
        yield Counts(probability, churned, total - churned)
