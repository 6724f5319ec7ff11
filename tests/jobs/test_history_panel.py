"""From simulated history tables to a champion and explained scores, by the same jobs as from a panel."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import LeakageError, SchemaError
from churnhealth.jobs.history_panel import history_scoring_panel, history_training_panel
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.wiring import Workplace

NAMES = ["usage_events_28d", "nps_last", "plan", "mrr"]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "project"
    simulate_project(400, 2, folder, seed=3, timezone="Asia/Tokyo", language="ja")
    return folder


@pytest.fixture
def project(simulated: Path, tmp_path: Path, open_project: Callable[[Path], Workplace]) -> Workplace:
    shutil.copytree(simulated, tmp_path / "project")
    return open_project(tmp_path / "project")


def test_a_row_is_the_same_in_training_and_in_scoring(project: Workplace) -> None:
    training = history_training_panel(project)
    newest = training.cutoff.max()
    day = newest.tz_convert("Asia/Tokyo").date()
    scoring = history_scoring_panel(project, list(training.X.columns), project.settings.problem, day)
    here = (training.cutoff == newest).to_numpy()
    assert scoring.customer_id.tolist() == training.customer_id[here].tolist()
    pd.testing.assert_frame_equal(
        scoring.X.reset_index(drop=True), training.X[here].reset_index(drop=True)
    )


def test_labels_are_known_or_censored_and_said_so(project: Workplace) -> None:
    panel = history_training_panel(project)
    assert set(np.unique(panel.y[~np.isnan(panel.y)])) == {0.0, 1.0}
    # 90 days of horizon, 14 of grace: the last two quarters cannot be certain yet.
    newest = panel.cutoff == panel.cutoff.max()
    assert np.isnan(panel.y[newest.to_numpy()]).all()
    assert "censored" in panel.notes[-1]
    assert panel.currency == "JPY"


def test_the_rate_of_churn_is_that_of_the_known_truth(project: Workplace) -> None:
    panel = history_training_panel(project)
    truth = pd.read_parquet(project.settings.folder / "truth.parquet")
    known = ~np.isnan(panel.y)
    rows = pd.DataFrame(
        {"customer_id": panel.customer_id[known], "cutoff": panel.cutoff[known], "y": panel.y[known]}
    )
    both = rows.merge(truth, on=["customer_id", "cutoff"], validate="one_to_one")
    assert len(both) == known.sum()
    p = both["churn_probability"].to_numpy()
    # Rows of one customer hang together; three standard errors leave room for that.
    assert abs(both["y"].mean() - p.mean()) < 3 * np.sqrt((p * (1 - p)).sum()) / len(p)


def test_a_cutoff_after_the_end_of_the_data_is_a_leak(project: Workplace) -> None:
    with pytest.raises(LeakageError):
        history_scoring_panel(project, NAMES, project.settings.problem, dt.date(2030, 1, 1))


def test_an_indicator_whose_source_is_gone_is_named(project: Workplace) -> None:
    text = project.config.read_text().replace('[sources.surveys]\nfile = "surveys.parquet"\n', "")
    project.config.write_text(text)
    from churnhealth.jobs.settings import load_settings

    without = Workplace(
        load_settings(project.config), project.config, project.warehouse, project.registry, project.clock
    )
    day = dt.date(2025, 1, 1)
    with pytest.raises(SchemaError, match="'nps_last'"):
        history_scoring_panel(without, NAMES, project.settings.problem, day)


@pytest.mark.slow
def test_retrain_and_score_work_on_a_history(project: Workplace) -> None:
    trained = retrain(project)
    assert trained.verdict.decision == "promoted"
    assert project.registry.records[0].params["holdout"] == "time"
    result = score(project)
    assert result.rows_scored == result.rows_read > 100
    drivers = project.warehouse.read_table("health_drivers")
    assert drivers["indicator"].isin(list(history_training_panel(project).X.columns)).any()
    assert score(project).status == "unchanged"
