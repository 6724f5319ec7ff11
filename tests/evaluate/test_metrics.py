import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.evaluate.calibration import (
    calibration_floor,
    calibration_in_the_large,
    calibration_slope_intercept,
    expected_calibration_error,
    integrated_calibration_index,
)
from churnhealth.evaluate.counts import (
    Counts,
    coarsen,
    count_rows,
    resampled_counts,
    simulated_counts,
)
from churnhealth.evaluate.discrimination import average_precision, lift_table, roc_auc
from churnhealth.evaluate.loss import brier_score, log_loss
from churnhealth.evaluate.metrics import calibration_floors, metrics_of_counts, metrics_of_resamples
from churnhealth.evaluate.smooth import CalibrationCurve

rows = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0])),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30)
@given(rows)
def test_every_metric_is_the_one_of_its_own_function(pairs):
    y, p = np.array(pairs).T
    slope, intercept = calibration_slope_intercept(y, p)
    offset, gap = calibration_in_the_large(y, p)
    expected = {
        "log_loss": log_loss(y, p),
        "log_loss_base_rate": log_loss(y, np.full(y.size, y.mean())),
        "brier": brier_score(y, p),
        "roc_auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
        "lift_at_10pct": lift_table(y, p)["lift"].iloc[1],
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "calibration_in_the_large": offset,
        "observed_minus_expected": gap,
        "ece": expected_calibration_error(y, p),
        "ici": integrated_calibration_index(y, p),
        "base_rate": y.mean(),
    }
    found = metrics_of_counts(count_rows(y, p))
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_a_constant_at_the_base_rate_has_no_skill():
    found = metrics_of_counts(Counts(np.array([0.3]), np.array([3.0]), np.array([7.0])))
    assert found["log_loss_skill"] == pytest.approx(0.0)
    assert found["brier_skill"] == pytest.approx(0.0)
    assert found["roc_auc"] == 0.5
    assert found["lift_at_10pct"] == pytest.approx(1.0)
    assert found["ece"] == pytest.approx(0.0)
    assert np.isnan(found["calibration_slope"])


def test_a_perfect_model_has_skill_1():
    found = metrics_of_counts(Counts(np.array([0.0, 1.0]), np.array([0.0, 5.0]), np.array([9.0, 0.0])))
    assert found["log_loss_skill"] == pytest.approx(1.0)
    assert found["brier_skill"] == 1.0
    assert found["roc_auc"] == found["average_precision"] == 1.0
    assert found["ici"] == pytest.approx(0.0, abs=1e-4)


# Log loss of a perfect model without chance is the entropy, so its skill is known.
def test_a_calibrated_model_without_chance():
    p = np.linspace(0.05, 0.6, 40)
    found = metrics_of_counts(Counts(p, 100 * p, 100 * (1 - p)))
    entropy = -np.mean(p * np.log(p) + (1 - p) * np.log(1 - p))
    base = p.mean()
    reference = -(base * np.log(base) + (1 - base) * np.log(1 - base))
    assert found["log_loss"] == pytest.approx(entropy)
    assert found["log_loss_skill"] == pytest.approx(1 - entropy / reference)
    assert found["brier_skill"] == pytest.approx(1 - np.mean(p * (1 - p)) / (base * (1 - base)))
    assert found["calibration_slope"] == pytest.approx(1.0)
    assert found["calibration_in_the_large"] == pytest.approx(0.0, abs=1e-9)


def test_joining_near_equal_probabilities_hardly_changes_a_metric(world):
    y, p, _ = world(20_000, seed=1)
    counts = count_rows(y, p)
    exact, joined = metrics_of_counts(counts), metrics_of_counts(coarsen(counts))
    # The standard errors are 0.003 (AUC) to 0.04 (lift); ties among neighbours cost the most there.
    assert joined == pytest.approx(exact, abs=2e-3)
    assert joined["log_loss"] == pytest.approx(exact["log_loss"], abs=1e-5)
    assert joined["roc_auc"] == pytest.approx(exact["roc_auc"], abs=1e-5)


def test_resamples_are_measured_like_any_counts(world):
    y, p, _ = world(400, seed=2)
    counts = count_rows(y, p)
    draws = list(resampled_counts(y, p, np.arange(400), 3, np.random.default_rng(0)))
    found = metrics_of_resamples(draws, counts)
    for place, drawn in enumerate(draws):
        alone = metrics_of_counts(drawn, CalibrationCurve.over(counts))
        assert {name: values[place] for name, values in found.items()} == pytest.approx(alone)


def test_no_resamples_give_no_metrics():
    assert metrics_of_resamples([], Counts(np.array([0.1]), np.ones(1), np.ones(1))) == {}


def test_floors_from_counts_are_the_floors_from_rows(calibrated):
    p = calibrated.p[:600]
    counts = count_rows(calibrated.y[:600], p)
    by_counts = calibration_floors(
        counts, simulated_counts(coarsen(counts), 200, np.random.default_rng(0))
    )
    for name, statistic in (("ece", expected_calibration_error), ("ici", integrated_calibration_index)):
        by_rows = calibration_floor(p, statistic, n_sim=200, random_state=1)
        assert by_counts[name].mean == pytest.approx(by_rows.mean, rel=0.1)
        assert by_counts[name].quantile == pytest.approx(by_rows.quantile, rel=0.15)


def test_no_worlds_give_no_floors():
    counts = Counts(np.array([0.1]), np.ones(1), np.ones(1))
    assert np.isnan(calibration_floors(counts, [])["ece"]).all()
