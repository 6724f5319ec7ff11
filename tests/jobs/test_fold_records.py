"""Every judged window as a record: what it was trained on, what was known, how each model did."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from churnhealth.jobs.fold_records import fold_records
from churnhealth.jobs.judging import judge
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.training_rows import read_training_panel
from churnhealth.jobs.wiring import Workplace

MODELS = ["", "base_rate/", "point_table/", "logistic_regression/"]


def test_every_window_tells_what_was_known_and_how_every_model_did(quarterly: Workplace) -> None:
    retrain(quarterly)
    (record,) = quarterly.registry.records
    assert [fold.name for fold in record.folds] == ["2025-07-01", "2025-10-01", "2026-01-01"]
    params = record.folds[1].params
    # 1 July 2025 and 91 days: 30 September, midnight in Tokyo.
    assert params["label_known_through"] == "2025-09-30T00:00:00+09:00"
    assert params["judged_cutoff"] == "2025-10-01T00:00:00+09:00"
    trained = [params[f"train_{name}"] for name in ("cutoffs", "cutoff_first", "cutoff_last", "rows")]
    assert trained == [2, "2025-04-01", "2025-07-01", 300]
    assert (params["test_rows"], params["capacity"]) == (150, 15)

    for fold in record.folds:
        for prefix in MODELS:
            for metric in ("log_loss", "brier", "lift_at_capacity", "captured_mrr", "ici"):
                names = {f"{prefix}{metric}{ending}" for ending in ("", "_low", "_high")}
                assert names <= set(fold.metrics)
    table = record.tables["backtest_metrics"]
    here = table[(table["window"] == "2025-10-01") & (table["model"] == "base rate")]
    value = here.set_index("metric").loc["log_loss", "value"]
    assert record.folds[1].metrics["base_rate/log_loss"] == value
    # The newest window is the one that the quarter itself is told of.
    assert record.folds[-1].metrics["log_loss"] == pytest.approx(record.metrics["log_loss"])


def test_the_champion_is_told_of_in_the_newest_window_only(
    quarterly: Workplace, reopened: Callable[..., Workplace], make_champion: Callable
) -> None:
    make_champion(quarterly)
    frame = quarterly.warehouse.read_table("panel")
    quarterly.warehouse.write_table("panel", frame.assign(hint=frame["noise"]))
    two = reopened(quarterly, "backtest_windows = 3", "backtest_windows = 2")
    panel = read_training_panel(two)
    judged = judge(two, panel)
    older, newest = fold_records(two, panel, judged)
    assert not any(name.startswith("champion/") for name in older.metrics)
    assert newest.metrics["champion/log_loss"] == pytest.approx(judged.champion_log_loss)
    assert newest.metrics["champion/log_loss"] != newest.metrics["log_loss"]
    assert {"champion/captured_mrr", "champion/calibration_slope_low"} <= set(newest.metrics)


def test_customers_put_aside_are_one_window(trained: Workplace) -> None:
    (fold,) = trained.registry.records[0].folds
    assert fold.name == fold.params["window"] == "customers put aside"
    assert fold.params["judged_cutoff"] == "unknown"
    known = pd.Timestamp(fold.params["label_known_through"])
    assert known == pd.Timestamp("2026-04-30 15:00", tz="UTC")
    assert fold.metrics["log_loss"] < fold.metrics["base_rate/log_loss"]
