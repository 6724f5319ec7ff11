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
    cells = coarsen(Counts(probability, total * 0.0, total))
    variance = float(cells.total @ (cells.probability * (1.0 - cells.probability)))
    exact = variance < EXACT_BELOW_VARIANCE
    values, cumulated = (_exact if exact else _refined_normal)(cells.probability, cells.total)
    tails = ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    # Rounding in the last digits must not push a quantile by one.
    low, high = (values[np.argmax(cumulated >= tail - 1e-12)] for tail in tails)
    return float(low), float(high)


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
