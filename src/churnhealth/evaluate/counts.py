"""Churners and stayers at each distinct probability: all that most metrics need to know of the rows.

Counting first makes every metric independent of row order, treats ties as ties, and lets a
resample be a new set of counts instead of a new set of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.checks import IntArray

# Probabilities of 0 and 1 have no logit; they are moved inside by this, as scikit-learn's log loss does.
EPSILON = float(np.finfo(np.float64).eps)
CELLS = 1024
LOGIT_WIDTH = 0.05


@dataclass(frozen=True, eq=False)
class Counts:
    """Rows, counted by probability.

    Parameters
    ----------
    probability : FloatArray of shape (k,)
        Distinct churn probabilities (0-1), ascending.
    churned, stayed : FloatArray of shape (k,)
        How many rows (or how much weight) with that probability churned, or stayed.
    """

    probability: FloatArray
    churned: FloatArray
    stayed: FloatArray

    @property
    def total(self) -> FloatArray:
        """Rows at each probability, shape (k,)."""
        return self.churned + self.stayed

    @property
    def rows(self) -> float:
        """Rows in all."""
        return float(self.total.sum())

    @property
    def churners(self) -> float:
        """Churned rows in all."""
        return float(self.churned.sum())

    @property
    def base_rate(self) -> float:
        """Share of churned rows (0-1)."""
        return self.churners / self.rows

    @property
    def one_class(self) -> bool:
        """Whether everybody churned, or nobody."""
        return self.churners in (0.0, self.rows)

    def part(self, here: npt.NDArray[np.bool_]) -> Counts:
        """Return the counts at some of the probabilities, chosen by a mask of shape (k,)."""
        return Counts(self.probability[here], self.churned[here], self.stayed[here])

    @property
    def logit(self) -> FloatArray:
        """Log-odds of each probability, with 0 and 1 clipped by `EPSILON`; shape (k,)."""
        return logit_of(self.probability)


def logit_of(p: FloatArray) -> FloatArray:
    """Return log-odds; probabilities are clipped to [EPSILON, 1 - EPSILON]."""
    return np.asarray(logit(np.clip(p, EPSILON, 1.0 - EPSILON)), dtype=np.float64)


def count_rows(y: FloatArray, p: FloatArray) -> Counts:
    """Count churners and stayers at each distinct probability.

    Parameters
    ----------
    y, p : FloatArray of shape (n,)
        Truth (0/1) and churn probabilities (0-1), checked.

    Examples
    --------
    >>> counts = count_rows(np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.1]))
    >>> counts.probability, counts.churned, counts.stayed
    (array([0.1, 0.5]), array([0., 1.]), array([1., 1.]))
    """
    probability, cell = np.unique(p, return_inverse=True)
    return _counted(probability, cell, y)


def _counted(probability: FloatArray, cell: IntArray, y: FloatArray) -> Counts:
    size = probability.size
    return Counts(probability, sum_by(cell, y, size), sum_by(cell, 1.0 - y, size))


def sum_by(number: IntArray, amount: FloatArray, size: int) -> FloatArray:
    """Sum an amount over the rows of each number.

    Parameters
    ----------
    number : IntArray of shape (n,)
        0 to size - 1.
    amount : FloatArray of shape (n,)

    Returns
    -------
    FloatArray of shape (size,)

    Examples
    --------
    >>> sum_by(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]), size=3)
    array([1., 0., 5.])
    """
    return np.asarray(np.bincount(number, weights=amount, minlength=size), dtype=np.float64)


def cell_numbers(probability: FloatArray, total: FloatArray, cells: int = CELLS) -> IntArray:
    """Number ascending probabilities so that near-equal ones share a cell.

    Up to `cells` probabilities each keep their own. Beyond that a new cell begins where the share of
    rows passes the next of `cells` equal steps, or the log-odds the next multiple of `LOGIT_WIDTH`:
    few cells, and none wide in rank or in log-odds.

    Returns
    -------
    IntArray of shape (k,)
        Ascending, from 0, without gaps.
    """
    if probability.size <= cells:
        return np.arange(probability.size)
    middle = (np.cumsum(total) - total / 2.0) / total.sum()
    rank = np.floor(cells * middle)
    width = np.floor(logit_of(probability) / LOGIT_WIDTH)
    begins = (np.diff(rank) > 0) | (np.diff(width) > 0)
    return np.concatenate([[0], np.cumsum(begins)]).astype(np.int64)


def equal_mass_bins(counts: Counts, bins: int) -> IntArray:
    """Number the probabilities by bins of equal mass, from 0 without gaps; shape (k,).

    A probability belongs to the bin in which the middle of its rows falls.
    """
    middle = (np.cumsum(counts.total) - counts.total / 2.0) / counts.rows
    bin_of = np.minimum(np.floor(bins * middle), bins - 1)
    return np.concatenate([[0], np.cumsum(np.diff(bin_of) > 0)]).astype(np.int64)


def coarsen(counts: Counts, cells: int = CELLS) -> Counts:
    """Join near-equal probabilities to at most about `cells` (see `cell_numbers`), at their mean."""
    number = cell_numbers(counts.probability, counts.total, cells)
    size = int(number[-1]) + 1
    churned, stayed = (sum_by(number, one, size) for one in (counts.churned, counts.stayed))
    mass = sum_by(number, counts.probability * counts.total, size)
    return Counts(mass / (churned + stayed), churned, stayed)


def resampled_counts(
    y: FloatArray, p: FloatArray, customer: IntArray, n: int, rng: np.random.Generator
) -> Iterator[Counts]:
    """Draw customers with replacement, all rows of a customer together, and count anew.

    The cells are the same in every resample; above `CELLS` distinct probabilities they are those of
    `coarsen`, so that a million rows cost little more than a few thousand. When every row is its own
    customer, rows in the same cell with the same truth are alike, and it is enough to draw how many
    of each kind there are.

    Parameters
    ----------
    y, p : FloatArray of shape (rows,)
        Truth and churn probabilities.
    customer : IntArray of shape (rows,)
        Number of each row's customer, 0 to customers - 1.
    n : int
        Number of resamples.
    rng : numpy.random.Generator
    """
    probability, place = np.unique(p, return_inverse=True)
    whole = _counted(probability, place, y)
    coarse = coarsen(whole)
    kind = 2 * cell_numbers(probability, whole.total)[place] + y.astype(np.int64)
    kinds = 2 * coarse.probability.size
    if int(customer.max()) + 1 == y.size:
        share = sum_by(kind, np.ones(y.size), kinds) / y.size
        draws = (rng.multinomial(y.size, share).astype(np.float64) for _ in range(n))
    else:
        draws = (sum_by(kind, weight, kinds) for weight in customer_weights(customer, n, rng))
    for drawn in draws:
        yield Counts(coarse.probability, drawn[1::2], drawn[::2])


def customer_weights(customer: IntArray, n: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Yield, `n` times, how often each row was drawn when customers are drawn with replacement.

    Parameters
    ----------
    customer : IntArray of shape (rows,)
        Number of each row's customer, 0 to customers - 1.

    Yields
    ------
    FloatArray of shape (rows,)
        0, 1, 2, ...; the same for all rows of a customer.
    """
    customers = int(customer.max()) + 1
    for _ in range(n):
        times = np.bincount(rng.integers(0, customers, customers), minlength=customers)
        yield times[customer].astype(np.float64)


def resampled_amounts(
    p: FloatArray, amounts: FloatArray, customer: IntArray, n: int, rng: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Draw customers with replacement, and sum rows and amounts anew at each distinct probability.

    Parameters
    ----------
    p : FloatArray of shape (rows,)
        Churn probabilities.
    amounts : FloatArray of shape (m, rows)
        What each row brings, such as 1 for a churned row, or its MRR.
    customer : IntArray of shape (rows,)
        Number of each row's customer, 0 to customers - 1.

    Yields
    ------
    rows : FloatArray of shape (k,)
        Rows drawn at each distinct probability, ascending.
    sums : FloatArray of shape (m, k)
        Amounts drawn there.
    """
    distinct, place = np.unique(p, return_inverse=True)
    for weight in customer_weights(customer, n, rng):
        sums = [sum_by(place, weight * amount, distinct.size) for amount in amounts]
        yield sum_by(place, weight, distinct.size), np.stack(sums)


def simulated_counts(counts: Counts, n: int, rng: np.random.Generator) -> Iterator[Counts]:
    """Yield, `n` times, the counts of a world in which the probabilities are the truth."""
    total = counts.total.astype(np.int64)
    for _ in range(n):
        churned = rng.binomial(total, counts.probability).astype(np.float64)
        yield Counts(counts.probability, churned, total - churned)
