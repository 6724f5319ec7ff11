import numpy as np
import pytest

from churnhealth.evaluate.bootstrap import newcombe_interval, percentile_interval, wilson_interval
from churnhealth.evaluate.counts import Counts
from churnhealth.evaluate.intervals import Findings, Sizes
from churnhealth.evaluate.metrics import metrics_of_counts

RESAMPLES = [0.1, 0.2, 0.3, 0.4]


def _findings(churned, stayed, p=(0.2, 0.6), customers=None):
    counts = Counts(np.array(p), np.array(churned, dtype=float), np.array(stayed, dtype=float))
    rows = int(counts.rows)
    sizes = Sizes(rows, customers or rows, int(sum(churned)), int(sum(stayed)))
    return Findings(counts, sizes, metrics_of_counts(counts), {"ece": 0.5, "ici": 0.0})


def test_sizes_count_distinct_customers():
    # Customer 0 stays, then churns; customer 1 stays twice.
    sizes = Sizes.of(np.array([0.0, 1.0, 0.0, 0.0]), np.array([0, 0, 1, 1]))
    assert sizes == Sizes(rows=4, customers=2, churners=1, stayers=2)
    assert sizes.few


def test_many_churners_get_percentiles():
    found = _findings([20, 40], [80, 40])
    assert not found.sizes.few
    for name in ("roc_auc", "base_rate", "calibration_slope", "log_loss"):
        assert found.interval(name, RESAMPLES) == percentile_interval(RESAMPLES, 0.9)


def test_few_churners_get_formulas():
    found = _findings([2, 4], [80, 40])
    assert found.interval("roc_auc", RESAMPLES) == newcombe_interval(
        found.values["roc_auc"], 6, 120, 0.9
    )
    assert found.interval("base_rate", RESAMPLES) == wilson_interval(6 / 126, 126, 0.9)
    assert found.interval("log_loss", RESAMPLES) == percentile_interval(RESAMPLES, 0.9)


def test_observed_minus_expected_is_the_base_rate_moved():
    found = _findings([2, 4], [80, 40])
    mean = (82 * 0.2 + 44 * 0.6) / 126
    low, high = found.interval("observed_minus_expected", RESAMPLES)
    assert (low + mean, high + mean) == pytest.approx(wilson_interval(6 / 126, 126, 0.9))


# Two cells with a share each: the slope is the difference of their log-odds over that of the
# predictions; its variance is the sum of 1 / n over the four numbers, over the square of the latter.
def test_the_slope_of_few_churners_has_its_textbook_error():
    found = _findings([2, 4], [80, 40])
    apart = np.log(0.6 / 0.4) - np.log(0.2 / 0.8)
    error = np.sqrt(1 / 2 + 1 / 4 + 1 / 80 + 1 / 40) / apart
    low, high = found.interval("calibration_slope", RESAMPLES)
    assert (high - low) / 2 == pytest.approx(1.644854 * error, rel=1e-5)
    assert (high + low) / 2 == pytest.approx(found.values["calibration_slope"])


def test_intercept_and_level_of_few_churners_hold_their_values():
    found = _findings([2, 4], [80, 40])
    for name in ("calibration_intercept", "calibration_in_the_large"):
        low, high = found.interval(name, RESAMPLES)
        assert low < found.values[name] < high


def test_rows_of_the_same_customers_widen_the_formulas():
    rows, customers = _findings([2, 4], [80, 40]), _findings([2, 4], [80, 40], customers=14)
    for name in ("calibration_slope", "calibration_in_the_large", "base_rate"):
        narrow, wide = (np.ptp(found.interval(name, RESAMPLES)) for found in (rows, customers))
        assert wide > 2 * narrow


def test_distances_use_their_floor():
    found = _findings([20, 40], [80, 40])
    assert found.interval("ece", RESAMPLES)[0] == 0.0


def test_a_perfect_ranking_of_many_still_has_a_width():
    found = _findings([0, 50], [50, 0])
    assert found.interval("roc_auc", [1.0, 1.0]) == newcombe_interval(1.0, 50, 50, 0.9)


def test_what_is_not_defined_has_no_interval():
    found = _findings([0, 0], [50, 50])
    for name in ("roc_auc", "calibration_slope", "calibration_in_the_large"):
        assert np.isnan(found.interval(name, RESAMPLES)).all()


def test_an_error_beyond_all_log_odds_says_nothing():
    found = _findings([0, 5], [5, 0], p=(0.0, 1.0))
    assert np.isnan(found.interval("calibration_in_the_large", RESAMPLES)).all()


# Ten rows of 126 make a tenth, rounded up to 13: the cell at 0.6 holds 44, four of six churners.
def test_the_lift_of_few_churners_is_bounded_by_wilson():
    found = _findings([2, 4], [80, 40])
    captured = found.values["lift_at_10pct"] * 13 / 126
    low, high = wilson_interval(captured, 6, 0.9)
    bounds = found.interval("lift_at_10pct", RESAMPLES)
    assert bounds == pytest.approx((low * 126 / 13, high * 126 / 13))
