from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import NotEnoughDataError, SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.wiring import Workplace


def rewrite(workplace: Workplace, frame: pd.DataFrame) -> None:
    workplace.warehouse.write_table("panel", frame)


def panel(workplace: Workplace) -> pd.DataFrame:
    return workplace.warehouse.read_table("panel")


def test_the_first_model_that_beats_the_base_rate_becomes_champion(trained: Workplace) -> None:
    (record,) = trained.registry.records
    assert trained.registry.champion().version == "1"
    assert record.metrics["log_loss"] < record.metrics["log_loss_base_rate"]
    (row,) = trained.warehouse.runs().to_dict("records")
    assert (row["job"], row["status"], row["rows_read"]) == ("retrain", "completed", 500)
    assert row["message"].startswith("promoted: ")


def test_the_registered_model_knows_all_labelled_customers(trained: Workplace, tmp_path: Path) -> None:
    version = trained.registry.champion()
    model = HealthModel.load(trained.registry.download(version.version, tmp_path / "artifact"))
    assert model.model_.summary["rows"] == 500
    assert model.artifact_hash_ == version.artifact_hash
    # 1 April in Tokyo, and 30 days of horizon.
    assert model.label_known_through_ == pd.Timestamp("2026-04-30 15:00", tz="UTC")
    assert model.catalogue_["logins"].label_ja == "ログイン回数"


def test_everything_about_the_run_is_recorded(trained: Workplace) -> None:
    (record,) = trained.registry.records
    assert {"log_loss", "log_loss_low", "log_loss_high", "roc_auc"} <= set(record.metrics)
    assert record.params["rows"] == 500
    assert record.params["problem_horizon_days"] == "30"
    assert len(record.tags["input_fingerprint"]) == 64
    described = {"metrics", "reliability", "lift", "importance", "indicators", "gate_checks", "coverage"}
    judged = {"segments", "groups", "healthy_against_churned"} | {
        f"backtest_{name}" for name in ("windows", "metrics", "segments", "differences")
    }
    assert set(record.tables) == described | judged
    assert record.tables["segments"]["level"].tolist() == ["Basic", "Pro", "Enterprise"]
    assert record.tables["groups"]["indicator_group"].iloc[0] == "usage"
    assert record.tables["healthy_against_churned"]["indicator"].iloc[0] == "logins"
    assert record.texts["churnhealth.toml"] == trained.config.read_text()
    card = record.texts["model_card.md"]
    told = (
        "# Health model of small",
        "within 30 days",
        "**promoted**",
        "later time is not known",
        "| plan | Basic | ",
        "| usage | +0.",
        "| logins | median | ",
    )
    assert all(words in card for words in told)
    assert list(record.input_example.columns) == ["logins", "nps", "plan", "onboarded", "seats", "mrr"]


def test_the_same_recipe_on_the_same_data_is_refreshed_and_says_so(trained: Workplace) -> None:
    result = retrain(trained)
    assert result.verdict.decision == "promoted"
    assert "equal" in result.verdict.reasons[-1]
    assert trained.registry.champion().version == "2"


def test_labels_that_are_noise_promote_nothing(trained: Workplace) -> None:
    frame = panel(trained)
    frame["churned"] = np.random.default_rng(1).permutation(frame["churned"])
    rewrite(trained, frame)
    result = retrain(trained)
    assert result.verdict.decision == "kept"
    assert trained.registry.champion().version == "1"
    assert "challenger" in trained.registry.versions()[0].aliases


def test_a_recipe_that_lost_its_best_indicator_to_noise_does_not_replace_the_champion(
    trained: Workplace, reopened: Callable
) -> None:
    # The champion's recipe has `logins`; the new panel has it too, but the configuration leaves it out.
    changed = reopened(trained, 'label = "churned"', 'label = "churned"\nignore = ["logins"]')
    result = retrain(changed)
    assert result.verdict.decision == "kept"
    assert "'logins'" in " ".join(result.verdict.reasons)
    assert trained.registry.champion().version == "1"


def test_a_new_indicator_of_pure_truth_is_promoted_over_the_champion(trained: Workplace) -> None:
    frame = panel(trained)
    rng = np.random.default_rng(2)
    frame["hint"] = frame["churned"] + rng.normal(0, 0.7, len(frame))
    rewrite(trained, frame)
    result = retrain(trained)
    assert result.verdict.decision == "promoted"
    assert "better" in result.verdict.reasons[-1]
    assert trained.registry.records[-1].metrics["champion_log_loss"] > result.report.metric("log_loss")


def test_censored_rows_are_left_out_and_counted(workplace: Workplace) -> None:
    frame = panel(workplace)
    frame["churned"] = frame["churned"].astype("Int64").mask(np.arange(len(frame)) < 20)
    rewrite(workplace, frame)
    result = retrain(workplace)
    assert workplace.registry.records[0].params["rows"] == 480
    assert any("20" in note for note in result.notes)


def test_newer_cutoffs_judge_and_labels_not_known_by_then_do_not_train(
    workplace: Workplace, reopened: Callable
) -> None:
    frame = panel(workplace)
    older = [
        frame.assign(cutoff=date) for date in ("2026-01-01", "2026-02-01", "2026-02-20", "2026-03-15")
    ]
    rewrite(workplace, pd.concat(older))
    dated = reopened(workplace, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    retrain(dated)
    params = workplace.registry.records[0].params
    # 20 February + 30 days is after 15 March, so those 500 rows are purged; 15 March judges.
    assert (params["holdout"], params["holdout_rows"], params["holdout_purged"]) == ("time", 500, 500)


@pytest.mark.parametrize(
    ("rows", "churners", "words"), [(150, 40, "got 150 and 40"), (300, 5, "got 300 and 5")]
)
def test_too_few_customers_or_churners_are_refused_with_the_numbers(
    workplace: Workplace, rows: int, churners: int, words: str
) -> None:
    frame = (
        panel(workplace).head(rows).assign(churned=np.r_[np.ones(churners), np.zeros(rows - churners)])
    )
    rewrite(workplace, frame)
    with pytest.raises(
        NotEnoughDataError, match=r"at least 200 customers with a label, 20 of them"
    ) as caught:
        retrain(workplace)
    assert words in str(caught.value)
    assert workplace.registry.versions() == []
    assert workplace.warehouse.runs()["status"].tolist() == ["failed"]


def test_faults_of_the_panel_come_in_one_error_and_leave_the_champion(trained: Workplace) -> None:
    frame = panel(trained)
    frame.loc[3, "customer_id"] = frame.loc[2, "customer_id"]
    frame.loc[5, "customer_id"] = None
    frame.loc[7, "logins"] = np.inf
    rewrite(trained, frame)
    with pytest.raises(SchemaError) as caught:
        retrain(trained)
    assert len(caught.value.faults) >= 3
    assert trained.registry.champion().version == "1"
    assert trained.warehouse.runs()["status"].tolist() == ["failed", "completed"]


def test_one_class_only_and_no_label_column_are_told(workplace: Workplace) -> None:
    frame = panel(workplace)
    rewrite(workplace, frame.assign(churned=0))
    with pytest.raises(SchemaError, match="one"):
        retrain(workplace)
    rewrite(workplace, frame.drop(columns="churned"))
    with pytest.raises(SchemaError, match="'churned'"):
        retrain(workplace)
