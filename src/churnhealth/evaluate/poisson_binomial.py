"""How many churners would there be if the probabilities were true? The Poisson-binomial distribution."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.counts import Counts, coarsen

# Above this variance the refined normal approximation is as good as exact (its test shows it).
EXACT_BELOW_VARIANCE = 100.0


def churner_interval(probability: FloatArray, total: FloatArray, level: float) -> tuple[float, float]:
    """Return quantiles of the number of churners among independent rows with known probabilities.

    The count is a sum of independent yes/no draws. Its distribution comes from its characteristic
    function (Hong 2013, Computational Statistics & Data Analysis 59), exact but for rounding, or,
    when its variance is above 100, from the refined normal approximation (the same paper, 2.4).

    Parameters
    ----------
    probability : FloatArray of shape (k,)
        Churn probabilities, 0-1, ascending.
    total : FloatArray of shape (k,)
        How many rows have each.
    level : float
        0-1. The count lies within the two quantiles, ends included, with at least this probability.

    Returns
    -------
    low, high : float
        Whole numbers: the (1 - level) / 2 and (1 + level) / 2 quantiles.

    Examples
    --------
    >>> churner_interval(np.array([0.5]), np.array([4.0]), level=0.9)
    (0.0, 4.0)
    >>> churner_interval(np.array([0.0, 1.0]), np.array([7.0, 2.0]), level=0.9)
    (2.0, 2.0)
    """
    values, cumulated = churner_distribution(probability, total)
    tails = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    low, high = (_quantile(values, cumulated, tail) for tail in tails)
    return low, high


def largest_gap(probability: FloatArray, total: FloatArray, level: float) -> float:
    """Return how far the number of churners strays from its expectation by chance.

    Returns
    -------
    float
        The smallest distance (churners, 0 or more) that is not exceeded with probability `level`.

    Examples
    --------
    Of four coins 0 to 4 show heads; 1 to 3 do so 14 times in 16.

    >>> largest_gap(np.array([0.5]), np.array([4.0]), level=0.85)
    1.0
    """
    values, cumulated = churner_distribution(probability, total)
    distance = np.abs(values - total @ probability)
    order = np.argsort(distance, kind="stable")
    within = np.cumsum(np.diff(cumulated, prepend=0.0)[order])
    return _quantile(distance[order], within, level)


def chance_of_count(churners: float, probability: FloatArray, total: FloatArray) -> float:
    """Return how probable a count at least as far out on its side is, doubled for the two sides.

    Parameters
    ----------
    churners : float
        Observed number; one that is not whole is taken as the next whole number towards the
        expectation.

    Examples
    --------
    No heads in four coins: 2 x 1 / 16.

    >>> round(chance_of_count(0.0, np.array([0.5]), np.array([4.0])), 6)
    0.125
    """
    values, cumulated = churner_distribution(probability, total)
    below = churners < float(total @ probability)
    whole = np.ceil(churners - 1e-9) if below else np.floor(churners + 1e-9)
    # Counts up to `whole`, or those below it.
    reached = int(np.searchsorted(values, whole, side="right" if below else "left"))
    up_to = float(cumulated[reached - 1]) if reached else 0.0
    return float(np.clip(2.0 * (up_to if below else 1.0 - up_to), 0.0, 1.0))


def churner_distribution(probability: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return possible numbers of churners (ascending), and the probability of at most so many.

    Parameters as in `churner_interval`; numbers out of reach for all practical purposes are left out.
    """
    cells = coarsen(Counts(probability, total * 0.0, total))
    variance = float(cells.total @ (cells.probability * (1.0 - cells.probability)))
    exact = variance < EXACT_BELOW_VARIANCE
    return (_exact if exact else _refined_normal)(cells.probability, cells.total)


def _quantile(values: FloatArray, cumulated: FloatArray, level: float) -> float:
    # Rounding in the last digits must not push a quantile by one.
    return float(values[np.argmax(cumulated >= min(level, float(cumulated[-1])) - 1e-12)])


def _window(probability: FloatArray, total: FloatArray) -> FloatArray:
    mean = float(total @ probability)
    reach = 12.0 * np.sqrt(float(total @ (probability * (1.0 - probability)))) + 30.0
    return np.arange(max(0.0, np.floor(mean - reach)), min(total.sum(), np.ceil(mean + reach)) + 1.0)


def _exact(probability: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
    values = _window(probability, total)
    # Counts outside the window are impossible for all practical purposes, so that a discrete
    # Fourier transform as long as the window finds each count at its remainder.
    turns = np.exp(2j * np.pi * np.arange(values.size) / values.size)
    terms = 1.0 + probability[:, None] * (turns - 1.0)[None, :]
    characteristic = np.prod(terms ** total[:, None], axis=0)
    masses = np.fft.fft(characteristic).real / values.size
    return values, np.cumsum(masses[(values % values.size).astype(int)])


def _refined_normal(probability: FloatArray, total: FloatArray) -> tuple[FloatArray, FloatArray]:
    values = _window(probability, total)
    variance = probability * (1.0 - probability)
    spread = np.sqrt(total @ variance)
    skewness = total @ (variance * (1.0 - 2.0 * probability)) / spread**3
    z = (values + 0.5 - total @ probability) / spread
    return values, np.clip(norm.cdf(z) + skewness * (1.0 - z**2) * norm.pdf(z) / 6.0, 0.0, 1.0)
