"""Which interval suits which metric: resamples with many churners, formulas with few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.bootstrap import (
    distance_interval,
    newcombe_interval,
    percentile_interval,
    wilson_interval,
)
from churnhealth.evaluate.checks import IntArray
from churnhealth.evaluate.counts import Counts
from churnhealth.evaluate.discrimination import rows_at_share
from churnhealth.evaluate.logistic import standard_errors

LEVEL = 0.9
# With fewer churners, or stayers, resamples are too alike to bound anything well: 90 % intervals of
# an AUC of 0.9 held it 74 times in 100 with 6 churners, 83 with 20, 88 with 40 (Newcombe's 94, 94, 95).
FEW = 30
MOST_LOG_ODDS = 36.0
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Sizes:
    """How much there is to learn from: `rows`, and distinct `customers`, `churners` and `stayers`."""

    rows: int
    customers: int
    churners: int
    stayers: int

    @classmethod
    def of(cls, y: FloatArray, customer: IntArray) -> Sizes:
        """Count rows, and distinct customers by what they did."""
        churners, stayers = (int(np.unique(customer[y == value]).size) for value in (1, 0))
        return cls(y.size, int(customer.max()) + 1, churners, stayers)

    @property
    def few(self) -> bool:
        """Whether churners or stayers are too few for the bootstrap."""
        return min(self.churners, self.stayers) < FEW


@dataclass(frozen=True, eq=False)
class Findings:
    """What is known when intervals are made.

    Parameters
    ----------
    counts : Counts
    sizes : Sizes
    values : mapping of str to float
        Every metric.
    floors : mapping of str to float
        For `ece` and `ici`: what a perfect model exceeds in 5 % of cases.
    """

    counts: Counts
    sizes: Sizes
    values: Mapping[str, float]
    floors: Mapping[str, float]

    def interval(self, name: str, resamples: Sequence[float]) -> Bounds:
        """Return 90 % bounds of a metric; NaN where the metric is not defined.

        Parameters
        ----------
        name : str
        resamples : sequence of float
            The metric in each resample of customers.
        """
        value = self.values[name]
        if not np.isfinite(value):
            return float("nan"), float("nan")
        if name in self.floors:
            return distance_interval(value, resamples, LEVEL, self.floors[name])
        # Where every churner is above every stayer, or below, all resamples are too.
        if name in FORMULAS and (self.sizes.few or (name == "roc_auc" and value in (0.0, 1.0))):
            return FORMULAS[name](self)
        return percentile_interval(resamples, LEVEL)


def _auc(found: Findings) -> Bounds:
    return newcombe_interval(found.values["roc_auc"], found.sizes.churners, found.sizes.stayers, LEVEL)


def _base_rate(found: Findings) -> Bounds:
    return wilson_interval(found.values["base_rate"], found.sizes.customers, LEVEL)


def _observed_minus_expected(found: Findings) -> Bounds:
    expected = found.values["base_rate"] - found.values["observed_minus_expected"]
    low, high = _base_rate(found)
    return low - expected, high - expected


def _lift_at_10pct(found: Findings) -> Bounds:
    share = rows_at_share(found.counts, 0.1) / found.counts.rows
    return lift_bounds(found.values["lift_at_10pct"], share, found.sizes.churners)


def lift_bounds(lift: float, share: float, churners: int) -> Bounds:
    """Bound a lift from few churners: Wilson's interval of the churners' share in the top.

    Parameters
    ----------
    lift : float
        Observed, 0 or more; NaN gives NaN.
    share : float
        Share of the rows taken, above 0, up to 1.
    churners : int
        Distinct churners, 1 or more when the lift is defined.
    """
    if not np.isfinite(lift):
        return float("nan"), float("nan")
    low, high = wilson_interval(min(lift * share, 1.0), churners, LEVEL)
    return low / share, high / share


def _slope(found: Findings) -> Bounds:
    return _wald(found.values["calibration_slope"], _line_errors(found)[1])


def _intercept(found: Findings) -> Bounds:
    return _wald(found.values["calibration_intercept"], _line_errors(found)[0])


def _in_the_large(found: Findings) -> Bounds:
    offset, x = found.values["calibration_in_the_large"], found.counts.logit
    return _wald(offset, standard_errors(np.ones((x.size, 1)), _independent(found), x + offset)[0])


def _line_errors(found: Findings) -> FloatArray:
    x = found.counts.logit
    line = found.values["calibration_intercept"] + found.values["calibration_slope"] * x
    return standard_errors(np.column_stack([np.ones(x.size), x]), _independent(found), line)


def _independent(found: Findings) -> FloatArray:
    # Rows of a customer may all say the same, so together they count as one row.
    return found.counts.total * (found.sizes.customers / found.sizes.rows)


def _wald(value: float, standard_error: float) -> Bounds:
    reach = float(norm.ppf((1.0 + LEVEL) / 2.0)) * float(standard_error)
    # Beyond the log-odds of a probability of 0 or 1 a bound says nothing.
    return (value - reach, value + reach) if reach < MOST_LOG_ODDS else (float("nan"), float("nan"))


FORMULAS: dict[str, Callable[[Findings], Bounds]] = {
    "roc_auc": _auc,
    "base_rate": _base_rate,
    "lift_at_10pct": _lift_at_10pct,
    "observed_minus_expected": _observed_minus_expected,
    "calibration_slope": _slope,
    "calibration_intercept": _intercept,
    "calibration_in_the_large": _in_the_large,
}
