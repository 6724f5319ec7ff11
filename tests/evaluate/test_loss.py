import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from churnhealth.errors import SchemaError
from churnhealth.evaluate.loss import base_rate_losses, brier_score, log_loss, row_losses, skill

shares = st.floats(0.001, 0.999)


# -(log 0.8 + log 0.9) / 2 = (0.22314 + 0.10536) / 2
def test_log_loss_of_two_rows():
    assert log_loss([1, 0], [0.8, 0.1]) == pytest.approx(0.164252, abs=1e-6)


# (0.2 ** 2 + 0.1 ** 2) / 2
def test_brier_score_of_two_rows():
    assert brier_score([1, 0], [0.8, 0.1]) == pytest.approx(0.025)


def test_one_class_has_a_loss():
    assert log_loss([0, 0], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert brier_score([0, 0], [0.5, 0.5]) == 0.25
    assert brier_score([1, 1], [1.0, 1.0]) == 0.0


def test_a_certain_mistake_costs_a_finite_amount():
    assert log_loss([1], [0.0]) == pytest.approx(36.04, abs=0.01)


@pytest.mark.parametrize("measure", [log_loss, brier_score])
def test_weights_are_repetitions(measure):
    y, p = [1, 0, 1], [0.8, 0.1, 0.3]
    repeated = measure([1, 1, 0, 1, 1, 1], [0.8, 0.8, 0.1, 0.3, 0.3, 0.3])
    assert measure(y, p, sample_weight=[2, 1, 3]) == pytest.approx(repeated)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_mean_of_the_row_losses_is_the_loss(pairs):
    y, p = np.array(pairs, dtype=float).T
    assert row_losses(y, p).mean() == pytest.approx(metrics.log_loss(y, p, labels=[0, 1]))
    assert row_losses(y, p, "brier").mean() == pytest.approx(brier_score(y, p))


def test_an_unknown_loss_is_refused_with_a_hint():
    with pytest.raises(SchemaError, match=r"expected one of 'log_loss', 'brier', got 'logloss' \(did"):
        row_losses(np.zeros(1), np.zeros(1), "logloss")


@settings(max_examples=20)
@given(shares)
def test_the_base_rates_losses_are_those_of_a_constant_prediction(base_rate):
    y, weight = [1, 0], [base_rate, 1 - base_rate]
    constant = [base_rate, base_rate]
    expected = log_loss(y, constant, weight), brier_score(y, constant, weight)
    assert base_rate_losses(base_rate) == pytest.approx(expected)


def test_skill_is_the_share_of_loss_saved():
    assert skill(0.0, 0.5) == 1.0
    assert skill(0.5, 0.5) == 0.0
    assert skill(1.0, 0.5) == -1.0
    assert np.isnan(skill(0.1, 0.0))


def test_faults_of_the_weights_are_found():
    with pytest.raises(SchemaError, match="sample_weight"):
        log_loss([1, 0], [0.5, 0.5], sample_weight=[-1, 1])
