import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import binom

from churnhealth.errors import SchemaError
from churnhealth.evaluate.calibration import (
    SlopeIntercept,
    calibration_floor,
    calibration_in_the_large,
    calibration_slope_intercept,
    ece_of_counts,
    expected_calibration_error,
    in_the_large_of_counts,
    integrated_calibration_index,
    slope_of_counts,
)
from churnhealth.evaluate.counts import Counts

probabilities = st.floats(0.01, 0.99)
some_rows = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), probabilities), min_size=3, max_size=40)


def _expected(p, true_p, weight=1000.0):
    """Counts in which exactly the expected share churned: a world without chance."""
    return Counts(p, weight * true_p, weight * (1 - true_p))


GRID = np.linspace(0.02, 0.9, 60)


class TestSlopeAndIntercept:
    # Exactly a quarter of those at 0.25 and three quarters of those at 0.75 churned.
    def test_a_perfect_model_has_slope_1_and_intercept_0(self):
        line = calibration_slope_intercept([1, 0, 0, 0, 1, 1, 1, 0], [0.25] * 4 + [0.75] * 4)
        assert line == pytest.approx((1.0, 0.0), abs=1e-9)

    @pytest.mark.parametrize(("slope", "intercept"), [(0.5, 0.0), (2.0, -0.7), (1.0, 0.4)])
    def test_a_known_distortion_is_found_exactly(self, slope, intercept):
        counts = _expected(GRID, expit(intercept + slope * logit(GRID)))
        assert slope_of_counts(counts) == pytest.approx((slope, intercept), abs=1e-8)

    # logit(p^2) is about 2 logit(p) for small p, so that the squared prediction has a slope of about
    # one half; with p up to 0.9 it is more, but stays below 1: too extreme.
    def test_squared_probabilities_are_too_extreme(self):
        low = np.linspace(0.001, 0.01, 30)
        assert slope_of_counts(_expected(low**2, low)).slope == pytest.approx(0.5, abs=0.005)
        assert 0.5 < slope_of_counts(_expected(GRID**2, GRID)).slope < 0.8

    def test_square_roots_are_too_timid(self):
        assert slope_of_counts(_expected(np.sqrt(GRID), GRID)).slope > 1.2

    def test_agrees_with_a_general_optimiser(self, world):
        y, p, _ = world(300, seed=5, slope=0.7, shift=0.3)

        def loss(b):
            eta = b[1] + b[0] * logit(p)
            return np.sum(np.logaddexp(0, eta) - y * eta)

        best = minimize(loss, [1.0, 0.0], method="BFGS", options={"gtol": 1e-6}).x
        assert calibration_slope_intercept(y, p) == pytest.approx(best, abs=1e-5)

    def test_a_start_near_the_answer_gives_the_same_answer(self):
        counts = _expected(GRID, expit(0.3 + 0.6 * logit(GRID)))
        begun = slope_of_counts(counts, SlopeIntercept(0.7, 0.2))
        assert begun == pytest.approx(slope_of_counts(counts), abs=1e-9)

    @pytest.mark.parametrize(
        ("y", "p"),
        [
            ([0, 0, 0], [0.1, 0.2, 0.3]),
            ([1, 1, 1], [0.1, 0.2, 0.3]),
            ([0, 1, 1], [0.3, 0.3, 0.3]),
            ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),
            ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]),
            ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.4]),
            ([0, 1], [0.0, 1.0]),
        ],
        ids=["nobody", "everybody", "constant", "separated", "reversed", "touching", "certain"],
    )
    def test_without_a_finite_best_line_both_are_nan(self, y, p):
        assert np.isnan(calibration_slope_intercept(y, p)).all()

    def test_certain_probabilities_are_clipped(self):
        line = calibration_slope_intercept([0, 1, 0, 1, 1, 0], [0.0, 0.0, 0.5, 0.5, 1.0, 1.0])
        assert line == pytest.approx((0.0, 0.0), abs=1e-6)


class TestInTheLarge:
    # Everybody is given 0.25 = log-odds -log 3, half churned = log-odds 0.
    def test_a_constant_prediction_is_off_by_the_difference_in_log_odds(self):
        offset, gap = calibration_in_the_large([1, 0, 1, 0], [0.25] * 4)
        assert offset == pytest.approx(np.log(3))
        assert gap == 0.25

    def test_a_shifted_model_is_off_by_the_shift(self):
        counts = _expected(GRID, expit(0.8 + logit(GRID)))
        offset, gap = in_the_large_of_counts(counts)
        assert offset == pytest.approx(0.8, abs=1e-9)
        assert gap == pytest.approx(np.mean(expit(0.8 + logit(GRID)) - GRID))

    def test_a_perfect_model_has_no_offset(self):
        assert in_the_large_of_counts(_expected(GRID, GRID)) == pytest.approx((0.0, 0.0), abs=1e-9)

    def test_certain_and_right_is_no_offset(self):
        assert calibration_in_the_large([0, 1], [0.0, 1.0]) == pytest.approx((0.0, 0.0), abs=1e-6)

    def test_one_class_has_a_gap_but_no_offset(self):
        offset, gap = calibration_in_the_large([1, 1], [0.5, 0.7])
        assert np.isnan(offset)
        assert gap == pytest.approx(0.4)


class TestExpectedCalibrationError:
    # Two bins of two: |0.5 - 0.15| and |0.5 - 0.85|, each weighs one half.
    def test_by_hand(self):
        ece = expected_calibration_error([0, 1, 1, 0], [0.1, 0.2, 0.8, 0.9], bins=2)
        assert ece == pytest.approx(0.5 * 0.35 + 0.5 * 0.35)

    # Six rows; bins of 4 (tied at 0.5, three churned: |0.75 - 0.5|) and 2 (|0.5 - 0.95|).
    def test_ties_stay_in_one_bin(self):
        y, p = [1, 1, 1, 0, 1, 0], [0.5] * 4 + [0.9, 1.0]
        assert expected_calibration_error(y, p, bins=2) == pytest.approx((4 * 0.25 + 2 * 0.45) / 6)

    def test_a_constant_at_the_base_rate_has_none(self):
        assert expected_calibration_error([0, 1, 0, 0], [0.25] * 4) == 0.0

    def test_a_perfect_model_without_chance_has_none(self):
        assert ece_of_counts(_expected(GRID, GRID)) == pytest.approx(0.0, abs=1e-12)

    def test_a_shift_on_the_probability_is_found_whole(self):
        assert ece_of_counts(_expected(GRID, GRID + 0.05)) == pytest.approx(0.05)

    @settings(max_examples=50)
    @given(some_rows, st.integers(1, 20))
    def test_lies_between_the_overall_gap_and_1(self, rows, bins):
        y, p = np.array(rows).T
        ece = expected_calibration_error(y, p, bins=bins)
        assert abs(y.mean() - p.mean()) - 1e-9 <= ece <= 1.0

    def test_no_bins_are_refused(self):
        with pytest.raises(SchemaError, match="bins: expected between 1 and inf, got 0"):
            expected_calibration_error([0, 1], [0.1, 0.2], bins=0)


class TestIntegratedCalibrationIndex:
    def test_one_class_is_the_mean_distance_from_it(self):
        assert integrated_calibration_index([1, 1], [0.5, 0.7]) == pytest.approx(0.4)

    def test_a_constant_prediction_is_off_by_the_gap(self):
        assert integrated_calibration_index([1, 0, 0, 0] * 9, [0.75] * 36) == pytest.approx(0.5)

    def test_finds_a_known_distortion(self, world):
        y, p, true_p = world(20_000, seed=3, slope=0.5)
        truth = np.abs(p - true_p).mean()
        assert integrated_calibration_index(y, p) == pytest.approx(truth, abs=0.008)

    @settings(max_examples=50)
    @given(some_rows)
    def test_is_finite_and_between_0_and_1(self, rows):
        y, p = np.array(rows).T
        assert 0.0 <= integrated_calibration_index(y, p) <= 1.0


@settings(max_examples=30)
@given(some_rows, st.integers(0, 9))
def test_nothing_depends_on_the_order_of_rows(rows, seed):
    y, p = np.array(rows).T
    order = np.random.default_rng(seed).permutation(y.size)
    for measure in (
        calibration_slope_intercept,
        calibration_in_the_large,
        expected_calibration_error,
        integrated_calibration_index,
    ):
        assert measure(y, p) == pytest.approx(measure(y[order], p[order]), nan_ok=True, abs=1e-9)


class TestFloor:
    def test_the_same_seed_gives_the_same_floor(self, calibrated):
        floors = [calibration_floor(calibrated.p, expected_calibration_error, 20) for _ in range(2)]
        assert floors[0] == floors[1]
        other = calibration_floor(calibrated.p, expected_calibration_error, 20, random_state=1)
        assert other != floors[0]

    # A single row at 1/2: the ECE is |1 - 1/2| or |0 - 1/2|, always 0.5.
    def test_by_hand(self):
        floor = calibration_floor([0.5], expected_calibration_error, n_sim=10)
        assert floor == (0.5, 0.5)

    def test_a_statistic_that_is_nowhere_defined_has_no_floor(self):
        floor = calibration_floor([0.5, 0.5], lambda y, p: calibration_slope_intercept(y, p).slope, 5)
        assert np.isnan(floor).all()

    def test_the_floor_falls_with_the_square_root_of_the_rows(self, world):
        p = world(8000, seed=1).p
        large, small = (
            calibration_floor(rows, expected_calibration_error, 100).mean for rows in (p, p[:500])
        )
        assert small / large == pytest.approx(4.0, rel=0.2)

    # The quantile is exceeded with probability 0.05 by construction; 100 worlds are a binomial draw.
    @pytest.mark.parametrize("statistic", [expected_calibration_error, integrated_calibration_index])
    def test_a_perfect_model_lies_within_its_floor_in_95_of_100_worlds(self, statistic, calibrated):
        p = calibrated.p[:400]
        floor = calibration_floor(p, statistic, n_sim=200, random_state=1)
        rng = np.random.default_rng(7)
        values = [statistic((rng.random(p.size) < p).astype(float), p) for _ in range(100)]
        within = sum(value <= floor.quantile for value in values)
        low, high = binom.ppf([0.001, 0.999], 100, 0.95)
        assert low <= within <= high

    def test_a_bent_model_lies_beyond_its_floor(self, world):
        y, p, _ = world(3000, seed=2, slope=0.6)
        floor = calibration_floor(p, integrated_calibration_index, n_sim=50)
        assert integrated_calibration_index(y, p) > 2 * floor.quantile

    # ICI of a perfect model on 7,043 rows: loess gives 0.008 on average and 0.012 at 95 %.
    def test_the_smooth_curve_is_as_noisy_as_loess(self, world):
        floor = calibration_floor(world(7043).p, integrated_calibration_index, n_sim=60)
        assert floor.mean == pytest.approx(0.0075, abs=0.0015)
        assert floor.quantile == pytest.approx(0.012, abs=0.002)

    def test_settings_out_of_range_are_refused_together(self):
        with pytest.raises(SchemaError) as caught:
            calibration_floor([0.5], expected_calibration_error, n_sim=0, level=2)
        assert len(caught.value.faults) == 2

    def test_faulty_probabilities_are_refused(self):
        with pytest.raises(SchemaError, match="p: expected probabilities between 0 and 1"):
            calibration_floor([1.5], expected_calibration_error)


def test_the_floor_of_one_draw_per_customer_is_that_of_a_single_row():
    p, whose = np.full(100, 0.3), np.repeat(np.arange(5), 20)
    # All rows churn as five draws of 20 equal rows: as five rows would.
    together = calibration_floor(
        p, expected_calibration_error, n_sim=100, customer_id=whose, dependence=1.0
    )
    five = calibration_floor(np.full(5, 0.3), expected_calibration_error, n_sim=100)
    alone = calibration_floor(p, expected_calibration_error, n_sim=100, customer_id=whose)
    assert together.mean == pytest.approx(five.mean, rel=0.25)
    assert alone.mean < together.mean / 3


def test_a_dependence_above_one_is_refused():
    with pytest.raises(SchemaError, match=r"dependence: expected between 0 and 1, got 1\.5"):
        calibration_floor([0.5], expected_calibration_error, dependence=1.5)
