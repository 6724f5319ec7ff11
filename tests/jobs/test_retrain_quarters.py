"""Retraining over several quarters: who is judged on what, what is promoted, what is left alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import NotEnoughDataError
from churnhealth.jobs import backtest as backtest_job
from churnhealth.jobs import judging
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.wiring import Workplace

QUARTERS = ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]


def change(workplace: Workplace, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    frame = workplace.warehouse.read_table("panel")
    workplace.warehouse.write_table("panel", edit(frame))


def fired(result) -> list[str]:
    return [one.code for one in result.verdict.fired]


def test_past_quarters_are_judged_each_by_what_was_known_then(quarterly: Workplace) -> None:
    result = retrain(quarterly)
    table = result.backtest.windows
    assert table["window"].tolist() == QUARTERS[1:]
    assert table["train_rows"].tolist() == [150, 300, 450]
    assert table["capacity"].tolist() == [15, 15, 15]
    assert result.backtest.models == ["challenger", "base rate", "point table", "logistic regression"]
    assert result.verdict.decision == "promoted"
    gain = result.backtest.differences.set_index(["window", "model", "than"])["high"]
    assert gain["all windows", "challenger", "own base rate"] < 0

    (record,) = quarterly.registry.records
    assert {"backtest_windows", "backtest_metrics", "gate_checks"} <= set(record.tables)
    assert set(record.tables["backtest_segments"]["segment"]) == {"plan"}
    assert record.metrics["backtest_log_loss_skill"] > 0.05
    card = record.texts["model_card.md"]
    for words in (
        "## Past quarters, each by what was known then",
        "- cutoffs: 2025-04-01 to 2026-01-01 (4)",
        "| 2025-10-01 | logistic regression | ",
        "| all windows | challenger | ",
        "| CH-G02 | passed | ",
        "was not judged itself",
    ):
        assert words in card


def test_no_fit_that_is_judged_knows_a_label_of_its_window_and_the_champion_is_trained_again(
    quarterly: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrain(quarterly)
    champion = quarterly.registry.champion()
    through: list[pd.Timestamp] = []
    # The challenger has one indicator more, so that the champion's recipe is another one.
    change(quarterly, lambda frame: frame.assign(hint=frame["noise"]))
    for module in (backtest_job, judging):
        original = module.fit_rows

        def spy(*args, original=original):
            model = original(*args)
            through.append(model.label_known_through_)
            return model

        monkeypatch.setattr(module, "fit_rows", spy)
    result = retrain(quarterly)
    # Three windows of the challenger, then the champion's recipe on the newest; 91 days before each.
    days = [one.tz_convert("Asia/Tokyo").date().isoformat() for one in through]
    assert days == ["2025-07-01", "2025-09-30", "2025-12-31", "2025-12-31"]
    # The champion's artifact knows labels far beyond the window: it is never judged itself.
    artifact = judging.load_version(quarterly.registry, champion)
    assert artifact.label_known_through_ > pd.Timestamp("2026-01-01", tz="UTC")
    assert any(one.code == "CH-G05" for one in result.verdict.checks)


def test_the_label_as_an_indicator_raises_the_alarm_and_is_not_promoted(quarterly: Workplace) -> None:
    retrain(quarterly)
    change(quarterly, lambda frame: frame.assign(cancelled=frame["churned"]))
    result = retrain(quarterly)
    assert result.verdict.decision == "kept"
    assert "CH-G11" in fired(result)
    assert "'cancelled' (AUC 1.000)" in " ".join(result.verdict.reasons)
    assert quarterly.registry.champion().version == "1"
    assert quarterly.registry.versions()[0].aliases == ("challenger",)


SLOW = pytest.mark.slow


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=SLOW) for seed in range(1, 6))])
def test_labels_that_are_noise_promote_nothing_and_that_is_said(quarterly: Workplace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    change(quarterly, lambda frame: frame.assign(churned=(rng.random(len(frame)) < 0.2).astype(int)))
    result = retrain(quarterly)
    assert result.verdict.decision == "kept"
    assert "CH-G02" in fired(result)
    assert "No model beats the base rate." in " ".join(result.verdict.reasons)
    assert quarterly.registry.champion() is None


def test_a_dry_run_writes_neither_to_the_registry_nor_to_the_ledger(quarterly: Workplace) -> None:
    done = retrain(quarterly)
    registry, ledger = list(quarterly.registry.kept), quarterly.warehouse.runs()
    result = retrain(quarterly, dry_run=True)
    assert result.dry_run
    assert not done.dry_run
    assert (result.version, result.run_id) == (None, None)
    assert result.verdict.decision == "promoted"
    assert quarterly.registry.kept == registry
    pd.testing.assert_frame_equal(quarterly.warehouse.runs(), ledger)


def test_a_cutoff_retrains_as_if_today_were_that_day(quarterly: Workplace) -> None:
    # 91 days after 1 October are over on 31 December: on 1 January three quarters are known.
    result = retrain(quarterly, cutoff=dt.date(2026, 1, 1))
    assert result.backtest.windows["window"].tolist() == QUARTERS[1:3]
    assert any("150 rows whose label is known only later" in note for note in result.notes)
    assert quarterly.registry.records[-1].params["rows"] == 450
    (row,) = quarterly.warehouse.runs().to_dict("records")
    assert row["cutoff"] == pd.Timestamp("2026-01-01", tz="Asia/Tokyo")
    # The same as with a table that ends there.
    change(quarterly, lambda frame: frame[frame["cutoff"].astype(str) < "2026-01-01"])
    alone = retrain(quarterly)
    fingerprints = [one.tags["input_fingerprint"] for one in quarterly.registry.records]
    assert fingerprints[0] == fingerprints[1]
    pd.testing.assert_frame_equal(alone.backtest.metrics, result.backtest.metrics)


def test_a_cutoff_before_any_label_is_known_is_refused_with_the_day(quarterly: Workplace) -> None:
    with pytest.raises(
        NotEnoughDataError, match="known on 2025-05-01, 20 of them churners, got 0 and 0"
    ):
        retrain(quarterly, cutoff=dt.date(2025, 5, 1))
    assert quarterly.registry.versions() == []


def test_thresholds_of_the_configuration_decide(
    quarterly: Workplace, reopened: Callable[..., Workplace]
) -> None:
    strict = reopened(
        quarterly,
        "[scoring]",
        "[promotion]\nbase_rate_errors = 50.0\n\n[health]\ncapacity = 20\n\n[scoring]",
    )
    result = retrain(strict, dry_run=True)
    assert fired(result) == ["CH-G02"]
    assert result.backtest.windows["capacity"].tolist() == [20, 20, 20]
