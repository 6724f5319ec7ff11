import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, norm
from sklearn.metrics import brier_score_loss

from churnhealth.errors import SchemaError
from churnhealth.evaluate.bootstrap import (
    bootstrap_interval,
    distance_interval,
    newcombe_interval,
    percentile_interval,
    wilson_interval,
)
from churnhealth.evaluate.discrimination import roc_auc
from churnhealth.evaluate.loss import brier_score


def _churn_rate(y, p, sample_weight=None):
    return float(np.average(y, weights=sample_weight))


def test_the_same_seed_gives_the_same_interval(calibrated):
    y, p = calibrated.y[:200], calibrated.p[:200]
    one, same, other = (bootstrap_interval(roc_auc, y, p, n=8, random_state=seed) for seed in (0, 0, 1))
    assert one == same
    assert one != other


def test_the_estimate_is_the_statistic_itself(calibrated):
    interval = bootstrap_interval(roc_auc, calibrated.y, calibrated.p, n=15)
    assert interval.estimate == roc_auc(calibrated.y, calibrated.p)
    assert interval.low < interval.estimate < interval.high


def test_functions_of_scikit_learn_can_be_used_as_they_are(calibrated):
    y, p = calibrated.y[:100], calibrated.p[:100]
    ours, theirs = (bootstrap_interval(f, y, p, n=10) for f in (brier_score, brier_score_loss))
    assert ours == pytest.approx(theirs)


# The share of 300 churners in 1,000: standard error sqrt(0.21 / 1000) = 0.01449, times 1.645.
def test_a_share_has_its_binomial_interval():
    y = np.repeat([1, 0], [300, 700])
    interval = bootstrap_interval(_churn_rate, y, np.full(1000, 0.3), n=2000)
    assert interval.low == pytest.approx(0.3 - 0.02384, abs=0.003)
    assert interval.high == pytest.approx(0.3 + 0.02384, abs=0.003)


# Ten equal rows for each customer hold no more than one: the interval is sqrt(10) times wider.
def test_rows_of_a_customer_do_not_count_as_independent():
    y, customer = np.repeat([1, 0], [300, 700]), np.repeat(np.arange(100), 10)
    p = np.full(1000, 0.3)
    by_row = bootstrap_interval(_churn_rate, y, p, n=1000)
    by_customer = bootstrap_interval(_churn_rate, y, p, customer_id=customer, n=1000)
    widths = (by_customer.high - by_customer.low) / (by_row.high - by_row.low)
    assert widths == pytest.approx(np.sqrt(10), rel=0.15)


def test_intervals_hold_the_truth_as_often_as_they_promise():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(60):
        y = (rng.random(150) < 0.4).astype(int)
        interval = bootstrap_interval(_churn_rate, y, np.full(150, 0.4), n=150, random_state=seed)
        held += interval.low <= 0.4 <= interval.high
    assert held >= binom.ppf(0.001, 60, 0.88)


# One churner among ten: a resample misses it with probability 0.9 ** 10 = 0.349.
def test_resamples_with_one_class_are_dropped_and_counted():
    y, p = [1] + [0] * 9, np.linspace(0.9, 0.1, 10)
    interval = bootstrap_interval(roc_auc, y, p, n=120)
    assert interval.n + interval.dropped == 120
    low, high = binom.ppf([0.001, 0.999], 120, 0.349)
    assert low <= interval.dropped <= high
    assert (interval.low, interval.high) == (1.0, 1.0)


def test_with_one_class_there_is_no_interval():
    interval = bootstrap_interval(roc_auc, [0, 0, 0], [0.1, 0.2, 0.3], n=20)
    assert np.isnan([interval.estimate, interval.low, interval.high]).all()
    assert (interval.n, interval.dropped) == (0, 20)


def test_no_resamples_give_no_bounds():
    interval = bootstrap_interval(brier_score, [0, 1], [0.1, 0.9], n=0)
    assert interval.estimate == pytest.approx(0.01)
    assert np.isnan([interval.low, interval.high]).all()


def test_settings_out_of_range_are_refused():
    with pytest.raises(SchemaError, match="n: expected between 0 and inf, got -1"):
        bootstrap_interval(brier_score, [0, 1], [0.1, 0.9], n=-1)


def test_percentiles_need_half_of_the_values():
    nan = float("nan")
    assert percentile_interval([1.0, 1.0, nan, nan], 0.9) == (1.0, 1.0)
    assert np.isnan(percentile_interval([1.0, nan, nan], 0.9)).all()
    assert np.isnan(percentile_interval([], 0.9)).all()


# Quantiles 1.0 and 1.5; mean 1.25, surplus 0.25: high = 1.5 - 0.25; low = 2 - 1.5.
def test_a_distance_by_hand():
    assert distance_interval(1.0, [1.0, 1.25, 1.5], 1.0, floor=0.0) == (0.5, 1.25)


def test_a_distance_within_its_floor_may_be_0():
    assert distance_interval(1.0, [1.0, 1.25, 1.5], 1.0, floor=1.0)[0] == 0.0


def test_a_distance_never_lies_outside_its_own_interval():
    assert distance_interval(1.0, [2.0, 2.0], 0.9, floor=0.0) == (0.0, 1.0)


def test_a_distance_without_resamples_has_no_bounds():
    assert np.isnan(distance_interval(1.0, [], 0.9, floor=0.0)).all()


@given(st.integers(0, 50), st.integers(1, 50), st.sampled_from([0.8, 0.9, 0.99]))
def test_wilsons_interval_is_scipys(churners, stayers, level):
    n = churners + stayers
    theirs = binomtest(churners, n).proportion_ci(level, method="wilson")
    assert wilson_interval(churners / n, n, level) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.floats(0, 1), st.integers(1, 40), st.integers(1, 400))
def test_newcombes_interval_holds_the_estimate_and_has_a_width(auc, churners, stayers):
    low, high = newcombe_interval(auc, churners, stayers, 0.9)
    assert 0.0 <= low <= auc <= high <= 1.0
    assert high - low > 0.01


def test_newcombes_interval_is_symmetric_in_the_classes_and_in_the_direction():
    low, high = newcombe_interval(0.8, 6, 50, 0.9)
    assert newcombe_interval(0.8, 50, 6, 0.9) == pytest.approx((low, high))
    assert newcombe_interval(0.2, 6, 50, 0.9) == pytest.approx((1 - high, 1 - low))


# At the bounds t: (0.8 - t)^2 = z^2 t (1 - t) (1 + 27 ((1 - t) / (2 - t) + t / (1 + t))) / (6 x 50)
def test_newcombes_bounds_solve_their_equation():
    z = norm.ppf(0.95)
    for bound in newcombe_interval(0.8, 6, 50, 0.9):
        spread = 1 + 27 * ((1 - bound) / (2 - bound) + bound / (1 + bound))
        assert (0.8 - bound) ** 2 == pytest.approx(z**2 * bound * (1 - bound) * spread / 300)


def test_newcombes_interval_holds_the_truth_with_three_churners():
    rng, truth = np.random.default_rng(1), 0.8
    apart = np.sqrt(2) * norm.ppf(truth)
    held = 0
    for _ in range(300):
        churners, stayers = rng.normal(apart, 1, 3), rng.normal(0, 1, 100)
        auc = float(np.mean(churners[:, None] > stayers))
        low, high = newcombe_interval(auc, 3, 100, 0.9)
        held += low <= truth <= high
    assert held >= binom.ppf(0.001, 300, 0.88)


def test_an_auc_that_is_not_defined_has_no_bounds():
    assert np.isnan(newcombe_interval(float("nan"), 0, 5, 0.9)).all()
