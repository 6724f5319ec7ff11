"""A smooth calibration curve: what really happened, as a function of what was predicted.

A logistic regression on a natural (restricted) cubic spline of the log-odds, an established
alternative to loess for calibration curves (Van Calster et al. 2016, J. Clinical Epidemiology 74;
Austin, Harrell & van Klaveren 2020, Statistics in Medicine 39), chosen because it is fast and
gives the same answer every time. The basis is Harrell's (Regression Modeling Strategies, 2.4.5),
five knots at the 5, 27.5, 50, 72.5 and 95 % quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.counts import Counts
from churnhealth.evaluate.logistic import fit_logistic

KNOT_SHARES = (0.05, 0.275, 0.5, 0.725, 0.95)
# Beyond one in a million the log-odds would only serve as leverage.
NEAREST_TO_CERTAIN = 1e-6
# Keeps the curve finite where classes are separated. The columns have variance 1 over the rows, so
# against hundreds of rows this weighs nothing: a normal prior of standard deviation 10 log-odds.
RIDGE = 0.01


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """The spline's columns at given probabilities, ready to be fitted to any counts there.

    Parameters
    ----------
    log_odds : FloatArray of shape (k,)
        Log-odds of the probabilities; what the curve is when the model is right.
    columns : FloatArray of shape (k, d)
        A constant, then the spline, uncorrelated and standardised over the rows.
    start : FloatArray of shape (d,)
        Where fits begin.
    """

    log_odds: FloatArray
    columns: FloatArray
    start: FloatArray

    @classmethod
    def over(cls, counts: Counts) -> CalibrationCurve:
        """Place the knots by the rows of `counts`, and fit once so that later fits are quick."""
        x = logit(np.clip(counts.probability, NEAREST_TO_CERTAIN, 1.0 - NEAREST_TO_CERTAIN))
        spline = natural_spline(x, knots_of(x, counts.total))
        columns = standardised(spline, counts.total)
        curve = cls(x, columns, np.zeros(columns.shape[1]))
        return cls(x, columns, curve._coefficients(counts))

    def observed(self, counts: Counts) -> FloatArray:
        """Return the smoothed share of churners (0-1) at each probability; shape (k,).

        Where everybody churned, or nobody, the share is 1, or 0, everywhere.
        """
        if counts.one_class:
            return np.full(self.log_odds.shape, counts.base_rate)
        return np.asarray(expit(self.log_odds + self.columns @ self._coefficients(counts)))

    def _coefficients(self, counts: Counts) -> FloatArray:
        if counts.one_class:
            return np.zeros(self.columns.shape[1])
        ridge = np.full(self.columns.shape[1], RIDGE)
        ridge[0] = 0.0
        return fit_logistic(
            self.columns,
            counts.churned,
            counts.stayed,
            offset=self.log_odds,
            ridge=ridge,
            start=self.start,
        )


def knots_of(x: FloatArray, total: FloatArray) -> FloatArray:
    """Return up to five distinct knots at the usual quantiles of the rows, or of the values.

    When many rows share a value, quantiles of the rows fall together; quantiles of the distinct
    values take their place.

    Parameters
    ----------
    x : FloatArray of shape (k,)
        Distinct values, ascending.
    total : FloatArray of shape (k,)
        Rows at each value.
    """
    places = (np.cumsum(total) - total / 2.0) / total.sum()
    knots = np.unique(np.interp(KNOT_SHARES, places, x))
    if x.size <= len(KNOT_SHARES):
        return np.unique(x)
    return knots if knots.size == len(KNOT_SHARES) else np.unique(np.quantile(x, KNOT_SHARES))


def natural_spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return Harrell's restricted cubic spline columns: x itself, and one for each inner knot.

    Cubic between the knots, straight before the first and after the last. Fewer than two knots: no
    columns at all; two: x alone.

    Parameters
    ----------
    x : FloatArray of shape (k,)
    knots : FloatArray of shape (m,)
        Distinct, ascending.

    Returns
    -------
    FloatArray of shape (k, m - 1)
    """
    if knots.size < 2:
        return np.zeros((x.size, 0))
    last, before, scale = knots[-1], knots[-2], (knots[-1] - knots[0]) ** 2
    cubes = [np.maximum(x - knot, 0.0) ** 3 for knot in knots]
    columns = [x]
    for knot, cube in zip(knots[:-2], cubes[:-2], strict=True):
        bend = cube - cubes[-2] * (last - knot) / (last - before)
        bend += cubes[-1] * (before - knot) / (last - before)
        columns.append(bend / scale)
    return np.column_stack(columns)


def standardised(columns: FloatArray, total: FloatArray) -> FloatArray:
    """Put a constant in front, and make the columns uncorrelated with variance 1 over the rows.

    Columns that add nothing to the ones before them are dropped.

    Parameters
    ----------
    columns : FloatArray of shape (k, d)
    total : FloatArray of shape (k,)
        Rows behind each line, above 0.
    """
    share = np.sqrt(total / total.sum())[:, None]
    scale = np.maximum(np.max(np.abs(columns), axis=0, initial=0.0), 1e-300)
    full = np.column_stack([np.ones(len(columns)), columns / scale])
    orthogonal, triangle = np.linalg.qr(full * share)
    kept = np.abs(np.diag(triangle)) > 1e-9
    return np.asarray(orthogonal[:, kept] * np.sign(np.diag(triangle))[kept] / share)


def ici_of_counts(counts: Counts, curve: CalibrationCurve) -> float:
    """Return the mean distance between the probabilities and the smooth curve (0-1)."""
    distance = np.abs(counts.probability - curve.observed(counts))
    return float(counts.total @ distance / counts.rows)
