"""How sure is a number? Intervals from resampled customers, and two formulas for few churners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.checks import check_rows, check_settings
from churnhealth.evaluate.counts import customer_weights


class Interval(NamedTuple):
    """An estimate with its bounds.

    `n` resamples were usable; `dropped` were not, because the statistic is not defined on them (such
    as the AUC of a resample without churners). When more were dropped than used, the bounds are NaN.
    """

    estimate: float
    low: float
    high: float
    n: int
    dropped: int


def bootstrap_interval(
    statistic: Callable[..., float],
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    customer_id: npt.ArrayLike | None = None,
    n: int = 500,
    level: float = 0.9,
    random_state: int = 0,
) -> Interval:
    """Bound a statistic by drawing customers with replacement (percentile bootstrap, Efron 1979).

    All rows of a customer are drawn together. A resample is handed over as weights (how often each
    row was drawn) on the rows that were drawn at least once, so that functions like those of
    `sklearn.metrics` can be used as they are.

    Parameters
    ----------
    statistic : callable of (y, p, sample_weight=weights) returning float
        Called without `sample_weight` for the estimate. NaN = not defined there.
    y, p : arrays of shape (rows,)
        Truth (1 = churned) and churn probabilities (0-1).
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
        When the input has faults or a setting is out of range.

    Examples
    --------
    >>> from churnhealth.evaluate.loss import brier_score
    >>> bootstrap_interval(brier_score, [1, 0, 1], [0.5, 0.5, 0.5], n=20)
    Interval(estimate=0.25, low=0.25, high=0.25, n=20, dropped=0)
    """
    check_settings(n=(n, 0, np.inf), level=(level, 0.0, 1.0))
    rows = check_rows(y, {"p": p}, customer_id=customer_id)
    truth, predicted = rows.y, rows.p["p"]
    values = np.empty(n)
    weights = customer_weights(rows.customer, n, np.random.default_rng(random_state))
    for place, weight in enumerate(weights):
        drawn = weight > 0
        values[place] = statistic(truth[drawn], predicted[drawn], sample_weight=weight[drawn])
    usable = int(np.isfinite(values).sum())
    low, high = percentile_interval(values, level)
    return Interval(float(statistic(truth, predicted)), low, high, usable, n - usable)


def percentile_interval(values: Sequence[float] | FloatArray, level: float) -> tuple[float, float]:
    """Return the (1 - level) / 2 and (1 + level) / 2 quantiles of the values that are numbers.

    NaN bounds when fewer than half of the values are numbers.

    Examples
    --------
    >>> percentile_interval([0.0, 1.0, 2.0, 3.0, 4.0, float("nan")], level=0.5)
    (1.0, 3.0)
    """
    array = np.asarray(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    if not finite.size or 2 * finite.size < array.size:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def distance_interval(
    estimate: float, values: Sequence[float] | FloatArray, level: float, floor: float
) -> tuple[float, float]:
    """Bound a distance, such as ECE or ICI, to which noise can only add.

    The estimate lies above the truth, and resamples lie above the estimate, so that the percentile
    interval may lie above the truth altogether. The upper bound is therefore the upper quantile less
    the mean surplus of the resamples; the lower one is the quantile mirrored at the estimate (basic
    bootstrap: Davison & Hinkley 1997, Bootstrap Methods and their Application, 5.2), and 0 when a
    perfect model may well show as much. In simulations with 1,000 and 7,000 rows these 90 %
    intervals held the truth 82 to 96 times in 100, percentile intervals 0 to 92 times.

    Parameters
    ----------
    estimate : float
        Observed distance, 0 or more.
    values : sequence of float
        The distance in each resample.
    level : float
        Coverage, 0-1.
    floor : float
        What a perfect model exceeds with probability (1 - level) / 2.

    Examples
    --------
    >>> distance_interval(1.0, [1.0, 1.25, 1.5], level=1.0, floor=0.1)
    (0.5, 1.25)
    >>> distance_interval(1.0, [1.0, 1.25, 1.5], level=1.0, floor=1.1)
    (0.0, 1.25)
    """
    low, high = percentile_interval(values, level)
    if not np.isfinite(high):
        return low, high
    surplus = float(np.nanmean(np.asarray(values, dtype=np.float64))) - estimate
    mirrored = 0.0 if estimate <= floor else max(0.0, 2.0 * estimate - high)
    return mirrored, max(estimate, high - surplus)


def wilson_interval(share: float, n: float, level: float) -> tuple[float, float]:
    """Bound a share of `n` independent draws (Wilson 1927); sensible also at 0 and 1.

    Parameters
    ----------
    share : float
        Observed, 0-1.
    n : float
        Number of draws, above 0.
    level : float
        Coverage, 0-1.

    Examples
    --------
    >>> [round(bound, 4) for bound in wilson_interval(0.0, 10, 0.95)]
    [0.0, 0.2775]
    """
    z2 = float(norm.ppf((1.0 + level) / 2.0)) ** 2
    centre = share + z2 / (2.0 * n)
    reach = np.sqrt(z2 * (share * (1.0 - share) / n + z2 / (4.0 * n**2)))
    low, high = (centre - reach) / (1.0 + z2 / n), (centre + reach) / (1.0 + z2 / n)
    return max(0.0, float(low)), min(1.0, float(high))


def newcombe_interval(auc: float, churners: float, stayers: float, level: float) -> tuple[float, float]:
    """Bound an AUC from few churners or few stayers.

    Method 5 of Newcombe (2006, Statistics in Medicine 25, 559-573). Resamples of a handful of
    churners are too alike to bound an AUC: with one churner all of them hold the same one. The bounds
    are the AUCs whose own sampling error, by Hanley & McNeil's variance for balanced sizes, reaches
    the observed one; they are never without width.

    Parameters
    ----------
    auc : float
        Observed, 0-1; NaN gives NaN.
    churners, stayers : float
        Numbers of each, 1 or more.
    level : float
        Coverage, 0-1.

    Examples
    --------
    >>> [round(bound, 2) for bound in newcombe_interval(1.0, 5, 50, 0.9)]
    [0.85, 1.0]
    """
    if not np.isfinite(auc):
        return float("nan"), float("nan")
    z, balanced = float(norm.ppf((1.0 + level) / 2.0)), (churners + stayers) / 2.0 - 1.0

    def surplus(truth: float) -> float:
        spread = 1.0 + balanced * ((1.0 - truth) / (2.0 - truth) + truth / (1.0 + truth))
        variance = truth * (1.0 - truth) * spread / (churners * stayers)
        return float((auc - truth) ** 2 - z**2 * variance)

    # At 0 and 1 the observed AUC is itself a root; the bound is the other one.
    low = brentq(surplus, 0.0, min(auc, 1.0 - 1e-9)) if auc > 0.0 else 0.0
    high = brentq(surplus, max(auc, 1e-9), 1.0) if auc < 1.0 else 1.0
    return float(low), float(high)
