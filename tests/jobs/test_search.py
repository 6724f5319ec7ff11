"""Retraining with a search: which rows it sees, what is kept, what becomes of the options found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.file_lock import file_lock
from churnhealth.errors import MissingDependencyError, WarehouseError
from churnhealth.estimator import HealthModel
from churnhealth.jobs import search as search_job
from churnhealth.jobs.judging import judge
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.search import Search, searched_options, study_path
from churnhealth.jobs.search_record import search_metrics
from churnhealth.jobs.training_rows import read_training_panel
from churnhealth.jobs.wiring import Workplace
from churnhealth.model.options import TrainingOptions
from churnhealth.search.decision import SearchResult
from churnhealth.search.options import search_options

FOUND = TrainingOptions.from_flat({"small_trees.leaves": 4, "even_price": 0.25})


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Find the same options at once; keep what the search was given."""
    asked: list[dict] = []

    def search(model: HealthModel, table: pd.DataFrame, label: np.ndarray, **rest) -> SearchResult:
        asked.append({"model": model, "table": table, "label": label, **rest})
        flat = {"state": "complete", "log_loss": 0.4, **FOUND.to_flat()}
        return SearchResult(FOUND, found=True, reason="Four leaves.", trials=pd.DataFrame([flat]))

    monkeypatch.setattr(search_job, "search_options", search)
    return asked


def test_options_are_found_on_rows_known_before_any_window_then_judged_refitted_and_told(
    quarterly: Workplace, finds: list[dict], tmp_path: Path
) -> None:
    result = retrain(quarterly, search=Search(600.0))
    (asked,) = finds
    assert result.backtest.windows["train_rows"].tolist() == [150, 300, 450]
    assert len(asked["table"]) == len(asked["label"]) == 150
    assert (asked["cutoff"] == pd.Timestamp("2025-04-01", tz="Asia/Tokyo")).all()
    assert (asked["seconds"], asked["given"]) == (600.0, ())
    assert asked["study"] == quarterly.config.parent / "models" / "search.db"

    assert "Four leaves." in result.notes
    (record,) = quarterly.registry.records
    assert record.params["option_small_trees_leaves"] == 4
    assert record.params["option_spline_knots"] == 4
    assert record.metrics["search_trials"] == record.metrics["search_found"] == 1.0
    assert record.tables["search_trials"]["even_price"].tolist() == [0.25]
    card = record.texts["model_card.md"]
    assert "- Four leaves." in card
    assert "- options: the defaults but small_trees.leaves 4, even_price 0.25" in card
    version = quarterly.registry.champion()
    model = HealthModel.load(quarterly.registry.download(version.version, tmp_path / "model"))
    assert model.options_ == FOUND


def test_without_a_search_the_champions_options_are_kept(
    newest_only: Workplace, make_champion: Callable
) -> None:
    make_champion(newest_only, FOUND)
    result = retrain(newest_only)
    assert newest_only.registry.records[-1].params["option_small_trees_leaves"] == 4
    assert "Options: the defaults but small_trees.leaves 4, even_price 0.25." in result.notes
    assert "equal" in result.verdict.reasons[-1]


def test_the_champions_recipe_is_judged_with_its_own_options(
    newest_only: Workplace, make_champion: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_champion(newest_only, FOUND)
    fitted, whole = [], HealthModel.fit

    def spy(self, *args, **more):
        fitted.append(self.options)
        return whole(self, *args, **more)

    monkeypatch.setattr(HealthModel, "fit", spy)
    judge(newest_only, read_training_panel(newest_only), TrainingOptions())
    assert fitted == [TrainingOptions(), FOUND]


def test_a_search_starts_from_the_defaults_and_the_champion_and_goes_on_the_next_time(
    newest_only: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_job, "search_options", partial(search_options, most_trials=2))
    panel, told = read_training_panel(newest_only), []
    for _ in range(2):
        result = searched_options(newest_only, panel, Search(600.0, told.append), FOUND)
    assert result.trials["trial"].tolist() == [0, 1, 2, 3]
    assert result.trials["small_trees.leaves"].tolist()[:2] == [6, 4]
    assert [one.trials for one in told] == [1, 2, 3, 4]
    assert study_path(newest_only).is_file()
    metrics = search_metrics(result)
    assert metrics["search_trials"] == 4.0
    assert metrics["search_log_loss"] <= metrics["search_log_loss_default"]


def test_two_searches_of_a_project_at_once_are_refused(
    newest_only: Workplace, finds: list[dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_job, "WAIT_SECONDS", 0.1)
    panel = read_training_panel(newest_only)
    lock = study_path(newest_only).with_suffix(".lock")
    with (
        file_lock(lock, "another", 0.1),
        pytest.raises(WarehouseError, match="the search for options: already running in process"),
    ):
        searched_options(newest_only, panel, Search(600.0))
    assert finds == []


def test_without_optuna_the_retraining_fails_with_the_name_of_the_extra(
    newest_only: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r"churnhealth\[search\]"):
        retrain(newest_only, search=Search(600.0))
    assert newest_only.registry.versions() == []
    assert newest_only.warehouse.runs()["status"].tolist() == ["failed"]
