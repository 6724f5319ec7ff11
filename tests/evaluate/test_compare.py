import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from churnhealth.errors import SchemaError
from churnhealth.evaluate.compare import paired_difference
from churnhealth.evaluate.loss import brier_score, log_loss

pairs = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    min_size=2,
    max_size=30,
)


# Squared errors: new 0.04, 0.01; old 0.25, 0.25; differences -0.21, -0.24.
def test_by_hand():
    result = paired_difference([1, 0], [0.8, 0.1], [0.5, 0.5], loss="brier", n=0)
    assert result.difference == pytest.approx(-0.225)
    # Standard error of a mean of two: |-0.21 + 0.24| / 2.
    assert result.standard_error == pytest.approx(0.015)
    assert np.isnan([result.low, result.high]).all()
    assert result.customers == 2


@given(pairs)
@settings(max_examples=12)
def test_is_the_difference_of_the_losses_and_turns_with_the_models(rows):
    y, new, old = np.array(rows).T
    for loss, measure in (("log_loss", log_loss), ("brier", brier_score)):
        result = paired_difference(y, new, old, loss=loss, n=0)
        assert result.difference == pytest.approx(measure(y, new) - measure(y, old))
        turned = paired_difference(y, old, new, loss=loss, n=0)
        assert turned.difference == pytest.approx(-result.difference)
        assert turned.standard_error == pytest.approx(result.standard_error)


def test_a_model_against_itself_is_no_difference(calibrated):
    result = paired_difference(calibrated.y, calibrated.p, calibrated.p, n=20)
    assert result[:4] == (0.0, 0.0, 0.0, 0.0)


def test_a_better_model_is_below_0_with_certainty(world):
    y, p, true_p = world(2000, seed=1, slope=0.5)
    result = paired_difference(y, true_p, p, n=200)
    assert result.high < 0.0
    assert result.low < result.difference < result.high


def test_the_standard_error_is_that_of_a_mean(calibrated):
    y, p = calibrated.y, calibrated.p
    gap = (p - y) ** 2 - (0.3 - y) ** 2
    result = paired_difference(y, p, np.full(y.size, 0.3), loss="brier", n=300)
    assert result.standard_error == pytest.approx(gap.std(ddof=1) / np.sqrt(y.size))
    assert result.high - result.low == pytest.approx(2 * 1.645 * result.standard_error, rel=0.15)


def test_equal_rows_of_a_customer_count_once(calibrated):
    y, p = calibrated.y[:300], calibrated.p[:300]
    once = paired_difference(y, p, np.full(300, 0.3), n=400)
    again = paired_difference(
        np.tile(y, 4), np.tile(p, 4), np.full(1200, 0.3), customer_id=np.tile(np.arange(300), 4), n=400
    )
    assert again.customers == 300
    assert again[:4] == pytest.approx(once[:4])


def test_one_customer_has_no_standard_error():
    result = paired_difference([1, 0], [0.8, 0.1], [0.5, 0.5], customer_id=["a", "a"], n=5)
    assert np.isnan(result.standard_error)
    assert result.low == result.high == pytest.approx(result.difference)


def test_intervals_hold_the_truth_as_often_as_they_promise():
    rng = np.random.default_rng(0)
    held = 0
    for seed in range(80):
        y = (rng.random(200) < 0.3).astype(int)
        result = paired_difference(
            y, np.full(200, 0.4), np.full(200, 0.2), loss="brier", n=150, random_state=seed
        )
        # 0.3 (0.36 - 0.64) + 0.7 (0.16 - 0.04) = 0
        held += result.low <= 0.0 <= result.high
    assert held >= binom.ppf(0.001, 80, 0.88)


def test_the_same_seed_gives_the_same_interval(calibrated):
    y, p = calibrated.y[:100], calibrated.p[:100]
    one, same = (paired_difference(y, p, p[::-1], n=20) for _ in range(2))
    assert one == same


def test_faults_of_both_models_come_together():
    with pytest.raises(SchemaError) as caught:
        paired_difference([1, 0], [0.5, 1.2], [0.5, np.nan])
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["p_new", "p_old"]


@pytest.mark.parametrize("settings", [{"loss": "auc"}, {"n": -1}, {"level": 1.5}])
def test_unknown_settings_are_refused(settings):
    with pytest.raises(SchemaError, match="evaluation settings"):
        paired_difference([1, 0], [0.5, 0.5], [0.5, 0.4], **settings)
