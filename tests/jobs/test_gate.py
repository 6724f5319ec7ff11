"""The evidence that the gate decides by, from recipes and models whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.promotion import decide_promotion
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import rolling_backtest
from churnhealth.evaluate.report import evaluate_model
from churnhealth.evaluate.side_by_side import healthy_against_churned
from churnhealth.features.panel import Panel
from churnhealth.jobs.gate import gate_evidence
from churnhealth.jobs.judging import Judged, JudgedChampion
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.rolling_windows import rolling_windows


@pytest.fixture
def panel(make_customers) -> tuple[Panel, np.ndarray]:
    """Return 600 customers that `fitted` has not seen, and their true churn probability."""
    frame, y, truth = make_customers(600, seed=9)
    ids = pd.Series([f"C{at}" for at in range(600)])
    cutoff = pd.Series(pd.Timestamp("2026-01-01", tz="UTC"), index=ids.index)
    nothing = pd.DataFrame()
    return Panel(ids, cutoff, frame, y.astype(float), None, None, nothing, [], 600), truth


def judged_with(
    workplace: Workplace,
    given: tuple[Panel, np.ndarray],
    model: HealthModel,
    champion: JudgedChampion | None = None,
    shift: float = 0.0,
) -> Judged:
    """Judge the truth itself, its log-odds moved by `shift`, as if it were the challenger."""
    panel, truth = given
    problem = workplace.settings.problem
    p = 1.0 / (1.0 + np.exp(-(np.log(truth / (1.0 - truth)) + shift)))
    split, windows = rolling_windows(panel.customer_id, panel.cutoff, problem, panel.y, share=0.5)
    test = windows[-1].test

    def predict(window):
        flat = np.full(int(test.sum()), panel.y[window.train].mean())
        return {"challenger": p[window.test], "base rate": flat, "logistic regression": flat}

    table = rolling_backtest(panel.y, windows, predict, n_boot=5, n_sim=2)
    report = evaluate_model(panel.y[test], p[test], n_boot=60, n_sim=20)
    return Judged(split, table, model, p[test], report, champion)


def side_of(panel: Panel) -> pd.DataFrame:
    return healthy_against_churned(panel.y, panel.X)


def test_the_truth_itself_passes_every_check(
    workplace: Workplace, panel: tuple[Panel, np.ndarray], fitted: HealthModel
) -> None:
    judged = judged_with(workplace, panel, fitted)
    evidence, notes = gate_evidence(workplace, panel[0], judged, fitted, side_of(panel[0]))
    assert notes == ()
    assert evidence.challenger == judged.report.metric("log_loss")
    assert evidence.windows == 1
    assert evidence.against_base_rate.better_beyond_noise
    assert set(evidence.against_baselines) == {"logistic regression"}
    assert set(evidence.importance) == set(panel[0].X.columns)
    assert sum(evidence.importance.values()) == pytest.approx(1.0)
    losses = fitted.model_.summary["out_of_fold_log_loss"]
    assert evidence.training_skill == pytest.approx(1 - losses["calibrated"] / losses["base rate"])
    assert decide_promotion(evidence).decision == "promoted"


def test_a_model_whose_level_is_off_is_kept_as_challenger(
    workplace: Workplace, panel: tuple[Panel, np.ndarray], fitted: HealthModel
) -> None:
    judged = judged_with(workplace, panel, fitted, shift=-1.0)
    evidence, _ = gate_evidence(workplace, panel[0], judged, fitted, side_of(panel[0]))
    assert evidence.calibration.in_the_large.value == pytest.approx(1.0, abs=0.4)
    verdict = decide_promotion(evidence)
    assert verdict.decision == "kept"
    assert "CH-G06" in [one.code for one in verdict.fired]


def test_bands_and_drivers_are_compared_with_the_artifact_that_scores_today(
    workplace: Workplace, panel: tuple[Panel, np.ndarray], fitted: HealthModel, customers, quick_recipe
) -> None:
    same = judged_with(workplace, panel, fitted)
    same = replace(same, champion=JudgedChampion(fitted, None, same.predicted, same.report))
    evidence, _ = gate_evidence(workplace, panel[0], same, fitted, side_of(panel[0]))
    assert evidence.customers_compared == int(same.split.test.sum())
    assert evidence.band_changes == 0
    assert evidence.flipped_drivers == ()
    assert evidence.against_champion is not None
    assert evidence.against_champion.value == 0.0
    # A champion that learned the opposite of every label.
    frame, y, _ = customers
    turned = HealthModel(random_state=0).fit(frame, 1 - y)
    other = replace(same, champion=JudgedChampion(turned, None, 1 - same.predicted, same.report))
    evidence, _ = gate_evidence(workplace, panel[0], other, fitted, side_of(panel[0]))
    assert evidence.band_changes > 100
    assert "logins" in evidence.flipped_drivers
    assert evidence.against_champion is not None
    assert evidence.against_champion.better_beyond_noise


def test_a_champion_that_cannot_read_the_rows_is_not_compared_and_that_is_noted(
    workplace: Workplace, panel: tuple[Panel, np.ndarray], fitted: HealthModel, quick_recipe
) -> None:
    given, truth = panel
    text = replace(given, X=given.X.assign(logins=given.X["logins"].astype(str) + " times"))
    judged = judged_with(workplace, (text, truth), fitted)
    judged = replace(judged, champion=JudgedChampion(fitted, None, judged.predicted, judged.report))
    later = HealthModel(random_state=0).fit(text.X, text.y)
    with pytest.raises(SchemaError):
        fitted.health_band(text.X)
    evidence, (note,) = gate_evidence(workplace, text, judged, later, side_of(text))
    assert evidence.customers_compared == 0
    assert "bands and drivers are not compared" in note
