"""How many customers will churn? Chance, and a level that nobody knows yet, make a range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit, logit

from churnhealth.domain.health import FloatArray
from churnhealth.errors import ConfigError
from churnhealth.evaluate.counts import Counts, coarsen
from churnhealth.evaluate.poisson_binomial import churner_distribution

NODES = 25


@dataclass(frozen=True)
class ChurnerForecast:
    """How many of some customers are expected to churn.

    Parameters
    ----------
    expected : float
        Sum of the churn probabilities.
    low, high : int
        Ends of the range, both included.
    level : float
        With this probability (0-1) the number lies in the range, if the probabilities are true but for
        the level of the log-odds.
    """

    expected: float
    low: int
    high: int
    level: float

    def __str__(self) -> str:
        """Return the forecast in words."""
        return (
            f"{self.expected:.0f} churners expected, {self.low} to {self.high} ({self.level:.0%} range)"
        )


def forecast_churners(
    probability: FloatArray, level_error: float = 0.0, level: float = 0.95
) -> ChurnerForecast:
    r"""Return the expected number of churners with its range.

    Parameters
    ----------
    probability : ndarray, shape (n_customers,)
        Calibrated churn probabilities, 0-1.
    level_error : float
        Standard error of the log-odds that all customers share, 0 or more: how far the base rate of
        the window may lie from what the model expects. 0: chance alone.
    level : float
        Of the range, 0-1, both excluded.

    Raises
    ------
    ConfigError
        A level outside 0-1, or a negative error.

    Notes
    -----
    Given a shift d of all log-odds the number is Poisson-binomial; d is normal around 0 with the
    standard deviation `level_error`, and is averaged out by Gauss-Hermite quadrature with 25 nodes:
    `P(N <= k) = sum_i w_i P(N <= k | d_i)`.

    Examples
    --------
    Four coins show 0 to 4 heads:

    >>> str(forecast_churners(np.full(4, 0.5), level=0.9))
    '2 churners expected, 0 to 4 (90% range)'
    >>> some = np.full(500, 0.1)
    >>> forecast_churners(some).low, forecast_churners(some, level_error=0.2).low
    (37, 31)
    """
    if not 0.0 < level < 1.0 or not level_error >= 0.0:
        raise ConfigError(
            "forecast of churners: expected a level between 0 and 1 (both excluded) and an error of 0 "
            f"or more, got level {level!r} and level_error {level_error!r}"
        )
    p = np.sort(np.asarray(probability, dtype=np.float64))
    if not len(p):
        return ChurnerForecast(0.0, 0, 0, level)
    values, cumulated = _number(p, level_error)
    low, high = (_quantile(values, cumulated, tail) for tail in ((1 - level) / 2, (1 + level) / 2))
    return ChurnerForecast(float(p.sum()), low, high, level)


def _number(p: FloatArray, level_error: float) -> tuple[FloatArray, FloatArray]:
    """Return the numbers 0, 1, ... and the probability of at most so many."""
    values = np.arange(len(p) + 1.0)
    nodes, weights = hermegauss(NODES) if level_error else (np.zeros(1), np.ones(1))
    cumulated = np.zeros(len(values))
    cells = coarsen(Counts(p, np.zeros(len(p)), np.ones(len(p))))
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        reached, up_to = churner_distribution(
            expit(logit(cells.probability) + node * level_error), cells.total
        )
        at = np.searchsorted(reached, values, side="right")
        cumulated += weight * np.where(at > 0, up_to[np.maximum(at - 1, 0)], 0.0)
    return values, cumulated


def _quantile(values: FloatArray, cumulated: FloatArray, tail: float) -> int:
    # Rounding in the last digits must not push a quantile by one.
    return int(values[np.argmax(cumulated >= min(tail, float(cumulated[-1])) - 1e-12)])
