import numpy as np
import pytest
from scipy.special import expit, logit

from churnhealth.evaluate.counts import Counts, count_rows
from churnhealth.evaluate.smooth import (
    CalibrationCurve,
    ici_of_counts,
    knots_of,
    natural_spline,
    standardised,
)


def _expected(p, true_p, weight=10_000.0):
    return Counts(p, weight * true_p, weight * (1 - true_p))


GRID = expit(np.linspace(-4, 2, 80))


def test_a_perfect_model_is_its_own_curve():
    counts = _expected(GRID, GRID)
    assert CalibrationCurve.over(counts).observed(counts) == pytest.approx(GRID, abs=1e-9)
    assert ici_of_counts(counts, CalibrationCurve.over(counts)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.5), (0.5, 0.0), (1.6, -0.4)])
def test_a_straight_distortion_on_the_log_odds_is_followed_exactly(slope, shift):
    truth = expit(shift + slope * logit(GRID))
    counts = _expected(GRID, truth)
    curve = CalibrationCurve.over(counts)
    assert curve.observed(counts) == pytest.approx(truth, abs=1e-4)
    assert ici_of_counts(counts, curve) == pytest.approx(np.abs(truth - GRID).mean(), abs=1e-4)


def test_a_bent_distortion_is_followed_closely():
    truth = expit(logit(GRID) + 0.5 * np.sin(logit(GRID)))
    counts = _expected(GRID, truth)
    observed = CalibrationCurve.over(counts).observed(counts)
    assert observed == pytest.approx(truth, abs=0.02)


def test_the_curve_keeps_the_number_of_churners():
    rng = np.random.default_rng(0)
    p = rng.random(500)
    counts = count_rows((rng.random(500) < p**2).astype(float), p)
    # The constant is not penalised, so its gradient is 0: expected = observed.
    assert counts.total @ CalibrationCurve.over(counts).observed(counts) == pytest.approx(
        counts.churners
    )


# Three values: the curve has three coefficients and can follow every share.
def test_few_values_are_followed_exactly():
    counts = Counts(np.array([0.1, 0.2, 0.6]), np.array([300.0, 100.0, 500.0]), np.full(3, 500.0))
    observed = CalibrationCurve.over(counts).observed(counts)
    assert observed == pytest.approx([3 / 8, 1 / 6, 1 / 2], abs=1e-4)


def test_one_class_is_0_or_1_everywhere():
    nobody = Counts(np.array([0.1, 0.9]), np.zeros(2), np.ones(2))
    assert CalibrationCurve.over(nobody).observed(nobody).tolist() == [0.0, 0.0]


def test_separated_classes_keep_a_finite_curve():
    counts = Counts(np.array([0.2, 0.4, 0.6, 0.8]), np.array([0.0, 0, 9, 9]), np.array([9.0, 9, 0, 0]))
    observed = CalibrationCurve.over(counts).observed(counts)
    assert (observed[:2] < 0.02).all()
    assert (observed[2:] > 0.98).all()


def test_certain_probabilities_do_not_break_the_curve():
    counts = Counts(np.array([0.0, 0.5, 1.0]), np.array([0.0, 5.0, 10.0]), np.array([10.0, 5.0, 0.0]))
    assert ici_of_counts(counts, CalibrationCurve.over(counts)) == pytest.approx(0.0, abs=1e-4)


def test_a_curve_serves_other_counts_at_the_same_probabilities():
    flat, right = _expected(GRID, np.full(GRID.size, 0.2)), _expected(GRID, GRID)
    prepared = CalibrationCurve.over(flat)
    assert prepared.observed(right) == pytest.approx(GRID, abs=1e-6)


# 101 values 0..100, one row each: the middle of row i is (i + 0.5) / 101.
def test_knots_lie_at_the_quantiles_of_the_rows():
    knots = knots_of(np.arange(101.0), np.ones(101))
    assert knots == pytest.approx(101 * np.array([0.05, 0.275, 0.5, 0.725, 0.95]) - 0.5)


def test_knots_of_few_values_are_the_values():
    assert knots_of(np.array([1.0, 2.0, 7.0]), np.array([1.0, 50.0, 1.0])).tolist() == [1.0, 2.0, 7.0]


def test_when_quantiles_fall_together_the_values_decide():
    x, total = np.arange(11.0), np.ones(11)
    total[0] = 10_000.0
    assert knots_of(x, total) == pytest.approx(np.quantile(x, [0.05, 0.275, 0.5, 0.725, 0.95]))


def test_the_spline_is_straight_outside_its_knots():
    x = np.array([-9.0, -8.0, -7.0, 0.0, 17.0, 18.0, 19.0])
    columns = natural_spline(x, np.array([-2.0, 0.0, 1.0, 4.0]))
    assert columns.shape == (7, 3)
    for side in (columns[:3], columns[4:]):
        assert np.diff(side, n=2, axis=0) == pytest.approx(0.0, abs=1e-9)


# Knots 0, 1, 2: the column is (x^3 - 2 (x - 1)^3 + (x - 2)^3) / 4, zero before the first knot.
def test_a_spline_column_by_hand():
    columns = natural_spline(np.array([-1.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0]))
    assert columns[:, 1] == pytest.approx([0.0, 1 / 4, (8 - 2) / 4, (27 - 16 + 1) / 4])


def test_two_knots_leave_a_line_and_one_leaves_nothing():
    x = np.array([1.0, 2.0])
    assert natural_spline(x, x).tolist() == [[1.0], [2.0]]
    assert natural_spline(x[:1], x[:1]).shape == (1, 0)


def test_columns_are_uncorrelated_with_variance_1_over_the_rows():
    rng = np.random.default_rng(0)
    total = rng.integers(1, 5, 50).astype(float)
    columns = standardised(rng.normal(size=(50, 3)), total)
    moments = (columns.T * total) @ columns / total.sum()
    assert moments == pytest.approx(np.eye(4), abs=1e-9)
    assert columns[:, 0] == pytest.approx(1.0)


def test_columns_that_add_nothing_are_dropped():
    x = np.linspace(0, 1, 9)
    assert standardised(np.column_stack([x, 2 * x, np.zeros(9)]), np.ones(9)).shape == (9, 2)
