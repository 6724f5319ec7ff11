"""Can the probabilities be taken at their word? Of the customers given 0.2, does one in five leave?"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.checks import check_rows, check_settings, check_truth_and_probability
from churnhealth.evaluate.clusters import draw_world
from churnhealth.evaluate.counts import Counts, count_rows, equal_mass_bins
from churnhealth.evaluate.logistic import fit_logistic
from churnhealth.evaluate.smooth import CalibrationCurve, ici_of_counts

BINS = 10


class SlopeIntercept(NamedTuple):
    """Line of the true log-odds over the predicted ones; perfect: slope 1, intercept 0."""

    slope: float
    intercept: float


class InTheLarge(NamedTuple):
    """Is the general level right? Both are 0 when it is, above 0 when too few were predicted."""

    log_odds_offset: float
    observed_minus_expected: float


class Floor(NamedTuple):
    """What a statistic shows by chance alone when the probabilities are the truth."""

    mean: float
    quantile: float


def calibration_slope_intercept(y: npt.ArrayLike, p: npt.ArrayLike) -> SlopeIntercept:
    """Fit log-odds(churn) = intercept + slope x log-odds(p), unpenalised (Cox 1958, Biometrika 45).

    Slope below 1: the probabilities are too extreme; above 1: too timid. The intercept belongs to
    the slope; the general level is judged by `calibration_in_the_large`.

    Parameters
    ----------
    y : array of shape (n,)
        1 = churned, 0 = stayed.
    p : array of shape (n,)
        Churn probabilities, 0-1; 0 and 1 are clipped by 2.2e-16, which makes them log-odds of 36.

    Returns
    -------
    SlopeIntercept
        Both NaN when no finite line fits best: one class only, all probabilities equal, or the
        probabilities separate churners from stayers.

    Raises
    ------
    SchemaError
        When the input has faults, see `check_truth_and_probability`.

    Examples
    --------
    Of 4 customers given 0.25 one churned, of 4 given 0.75 three did: the line is right.

    >>> y, p = [1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4
    >>> [round(abs(value), 6) for value in calibration_slope_intercept(y, p)]
    [1.0, 0.0]
    """
    return slope_of_counts(count_rows(*check_truth_and_probability(y, p)))


def calibration_in_the_large(y: npt.ArrayLike, p: npt.ArrayLike) -> InTheLarge:
    """Compare the general level: how far are all log-odds off, with the slope fixed at 1?

    Parameters and errors as in `calibration_slope_intercept`.

    Returns
    -------
    InTheLarge
        `log_odds_offset`: what has to be added to every predicted log-odds so that the expected
        number of churners is the observed one (NaN when everybody churned, or nobody);
        `observed_minus_expected`: observed share of churners less the mean probability (-1 to 1).

    Examples
    --------
    >>> calibration_in_the_large([1, 0], [0.25, 0.25]).observed_minus_expected
    0.25
    """
    return in_the_large_of_counts(count_rows(*check_truth_and_probability(y, p)))


def expected_calibration_error(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = BINS) -> float:
    """Return the mean distance of observed and predicted share over bins of equal mass.

    ECE = sum over bins of (rows in bin / rows) x |observed share - mean probability|. Rows with equal
    probabilities stay in one bin (the one in which their middle falls), so bins can be fewer and
    unequal. 0 = every bin is right; noise alone gives more than 0, see `calibration_floor`.

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1).
    bins : int
        At most so many bins, 1 or more.

    Raises
    ------
    SchemaError
        When the input has faults or `bins` is below 1.

    Examples
    --------
    >>> expected_calibration_error([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    0.25
    """
    check_settings(bins=(bins, 1, np.inf))
    return ece_of_counts(count_rows(*check_truth_and_probability(y, p)), bins)


def integrated_calibration_index(y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """Return the mean distance of the probabilities from a smooth calibration curve (0-1).

    The ICI of Austin & Steyerberg (2019, Statistics in Medicine 38), with a restricted cubic spline
    of the log-odds in place of loess (see `churnhealth.evaluate.smooth`). 0 = the curve is the
    prediction; noise alone gives more than 0, see `calibration_floor`. With one class the curve is
    0 or 1 everywhere.

    Parameters and errors as in `calibration_slope_intercept`.

    Examples
    --------
    >>> round(integrated_calibration_index([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4]), 6)
    0.25
    """
    counts = count_rows(*check_truth_and_probability(y, p))
    return ici_of_counts(counts, CalibrationCurve.over(counts))


def calibration_floor(
    p: npt.ArrayLike,
    statistic: Callable[[FloatArray, FloatArray], float],
    n_sim: int = 200,
    level: float = 0.95,
    random_state: int = 0,
    *,
    customer_id: npt.ArrayLike | None = None,
    dependence: float = 0.0,
) -> Floor:
    """Simulate a statistic in worlds where the probabilities are the truth.

    Each world draws every row's truth from its own probability. Rows of a customer that churn together
    make the floor higher: name the customers and how much their rows hang together.

    Parameters
    ----------
    p : array of shape (n,)
        Churn probabilities, 0-1.
    statistic : callable of (y, p) returning float
        Such as `expected_calibration_error` or `integrated_calibration_index`.
    n_sim : int
        Number of worlds, 1 or more.
    level : float
        Which quantile, 0-1.
    random_state : int
        Seed; the same seed gives the same floor.
    customer_id : array of shape (n,), optional
        Whose row it is; each row its own customer when not given.
    dependence : float
        Share (0-1) of the customers whose rows are all decided by one draw; `row_dependence`
        estimates it.

    Returns
    -------
    Floor
        Mean and quantile of the statistic over the worlds in which it is a number; NaN when there
        is none.

    Raises
    ------
    SchemaError
        When `p` has faults or a setting is out of range.

    Examples
    --------
    A sure thing that is true leaves no room for chance.

    >>> calibration_floor([0.0, 1.0, 1.0], expected_calibration_error, n_sim=5)
    Floor(mean=0.0, quantile=0.0)
    """
    check_settings(n_sim=(n_sim, 1, np.inf), level=(level, 0.0, 1.0), dependence=(dependence, 0.0, 1.0))
    rows = check_rows(np.zeros(np.shape(p)), {"p": p}, customer_id=customer_id)
    probability, rng = rows.p["p"], np.random.default_rng(random_state)
    worlds = (draw_world(probability, rows.customer, dependence, rng) for _ in range(n_sim))
    return floor_of([statistic(world.astype(np.float64), probability) for world in worlds], level)


def floor_of(values: list[float], level: float) -> Floor:
    """Return mean and quantile of simulated values, leaving out those that are no number."""
    finite = np.asarray([value for value in values if np.isfinite(value)])
    if not finite.size:
        return Floor(float("nan"), float("nan"))
    return Floor(float(finite.mean()), float(np.quantile(finite, level)))


def ece_of_counts(counts: Counts, bins: int = BINS) -> float:
    """Return the same as `expected_calibration_error`, from counts."""
    surplus = counts.churned - counts.total * counts.probability
    by_bin = np.bincount(equal_mass_bins(counts, bins), weights=surplus)
    return float(np.abs(by_bin).sum() / counts.rows)


def slope_of_counts(counts: Counts, start: SlopeIntercept | None = None) -> SlopeIntercept:
    """Return the same as `calibration_slope_intercept`, from counts."""
    x = counts.logit
    churner, stayer = x[counts.churned > 0], x[counts.stayed > 0]
    if counts.one_class or churner.min() >= stayer.max() or stayer.min() >= churner.max():
        return SlopeIntercept(float("nan"), float("nan"))
    centre = float(counts.total @ x / counts.rows)
    design = np.column_stack([np.ones(x.size), x - centre])
    first = None if start is None else np.array([start.intercept + start.slope * centre, start.slope])
    if first is None or not np.isfinite(first).all():
        first = np.array([centre, 1.0])
    nothing = np.zeros(x.size)
    level, slope = fit_logistic(design, counts.churned, counts.stayed, offset=nothing, start=first)
    return SlopeIntercept(float(slope), float(level - slope * centre))


def in_the_large_of_counts(counts: Counts) -> InTheLarge:
    """Return the same as `calibration_in_the_large`, from counts."""
    gap = float((counts.churners - counts.total @ counts.probability) / counts.rows)
    if counts.one_class:
        return InTheLarge(float("nan"), gap)
    constant = np.ones((counts.probability.size, 1))
    offset = fit_logistic(constant, counts.churned, counts.stayed, offset=counts.logit)
    return InTheLarge(float(offset[0]), gap)
