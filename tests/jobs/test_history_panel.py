"""From simulated history tables to a champion and explained scores, by the same jobs as from a panel."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import LeakageError, NotEnoughDataError, SchemaError
from churnhealth.jobs.history_panel import history_labels, history_scoring_panel, history_training_panel
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import champion_model, score
from churnhealth.jobs.settings import load_settings
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


def test_past_cutoffs_are_labelled_as_for_training(project: Workplace) -> None:
    panel = history_training_panel(project)
    days = sorted({one.tz_convert("Asia/Tokyo").date() for one in panel.cutoff})
    labels = history_labels(project, project.settings.problem, [days[0], days[-1]])
    keys = {"customer_id": panel.customer_id, "cutoff": panel.cutoff, "y": panel.y}
    both = labels.merge(pd.DataFrame(keys), on=["customer_id", "cutoff"], validate="one_to_one")
    assert len(both) == len(labels)
    np.testing.assert_array_equal(
        both["churned"].astype("Float64").to_numpy("float64", np.nan), both["y"]
    )
    assert both["y"].isna().any()


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
    without = Workplace(
        load_settings(project.config), project.config, project.warehouse, project.registry, project.clock
    )
    day = dt.date(2025, 1, 1)
    with pytest.raises(SchemaError, match="'nps_last'"):
        history_scoring_panel(without, NAMES, project.settings.problem, day)


RENEWALS = 'rule = "renewal"\nlead_days = 30'


def test_only_customers_with_a_renewal_due_are_scored(
    project: Workplace, reopened: Callable[..., Workplace]
) -> None:
    asked = reopened(project, 'rule = "contract_end"', RENEWALS)
    problem = asked.settings.problem
    scored = history_scoring_panel(asked, ["days_to_renewal"], problem, dt.date(2025, 1, 1))
    usual = project.settings.problem
    everybody = history_scoring_panel(project, ["days_to_renewal"], usual, dt.date(2025, 1, 1))
    days = scored.X["days_to_renewal"]
    first, after = 30, 30 + problem.horizon_days
    assert ((days >= first) & (days < after)).all()
    due = everybody.X["days_to_renewal"].between(first, after, inclusive="left").sum()
    assert len(scored.X) == due > 0
    left = len(everybody.X) - due
    assert (
        f"{left} of {len(everybody.X)} customers have no renewal due: they get no score" in scored.notes
    )


def test_a_day_without_any_renewal_due_is_named(
    project: Workplace, reopened: Callable[..., Workplace]
) -> None:
    text = 'rule = "renewal"\nlead_days = 3000'
    asked = reopened(project, 'rule = "contract_end"', text)
    with pytest.raises(NotEnoughDataError, match="no renewal is due at the cutoff 2025-01-01"):
        history_scoring_panel(asked, NAMES, asked.settings.problem, dt.date(2025, 1, 1))


COHORT = "mrr >= 30000 and lifecycle_stage not in ('onboarding')"
SECTIONS = "\n[segments]\nhigh_touch_mrr = 300000\nlow_touch_mrr = 60000\n"


@pytest.fixture
def narrow(project: Workplace, reopened: Callable[..., Workplace]) -> Workplace:
    """The same project for a cohort, with touch models."""
    more = f'{SECTIONS}\n[cohort]\nwhere = "{COHORT}"\n'
    return reopened(project, "[tracking]", more + "\n[tracking]")


def test_a_cohort_has_the_rows_of_everybody_for_whom_it_held(
    project: Workplace, narrow: Workplace
) -> None:
    everybody, few = history_training_panel(project), history_training_panel(narrow)
    held = (everybody.X["mrr"] >= 30000) & (everybody.X["lifecycle_stage"] != "onboarding")
    assert 0 < held.sum() < len(held)
    assert few.customer_id.tolist() == everybody.customer_id[held].tolist()
    np.testing.assert_array_equal(few.y, everybody.y[held.to_numpy()])
    names = list(everybody.X.columns)
    pd.testing.assert_frame_equal(few.X[names], everybody.X[held].reset_index(drop=True))
    assert sum(int(part.split()[0].replace(",", "")) for part in _counts(few)) == 2 * len(few.y)


def _counts(panel) -> list[str]:
    # "8 cutoffs: 10 at risk, 1 churners, 6 stayed, ...": those at risk are the sum of the others.
    return panel.notes[-1].partition(": ")[2].split(", ")


def test_segments_are_categories_and_have_their_words(narrow: Workplace) -> None:
    panel = history_training_panel(narrow)
    assert set(panel.X["touch_model"]) == {"high_touch", "low_touch", "tech_touch"}
    touch = panel.X["touch_model"] == "high_touch"
    assert (touch == (panel.X["mrr"] >= 300000)).all()
    assert narrow.catalogue["touch_model"].label("ja") == "タッチモデル"
    assert narrow.catalogue["tenure_band"].group == "contract"


def test_a_model_is_scored_for_its_own_cohort_and_a_changed_file_is_told(
    project: Workplace, narrow: Workplace
) -> None:
    problem, day = narrow.settings.problem, dt.date(2025, 1, 1)
    names = ["touch_model", "plan"]
    same = history_scoring_panel(narrow, names, problem, day)
    other = history_scoring_panel(project, names, problem, day)
    pd.testing.assert_frame_equal(same.X, other.X)
    assert list(other.X.columns) == names
    assert f"cohort: {problem.cohort}" in same.notes
    told = [note for note in other.notes if "retrain" in note]
    assert len(told) == 2
    assert "not that of churnhealth.toml (everybody at risk)" in told[0]
    assert "segments are the model's" in told[1]


def test_a_cohort_of_nobody_is_named(project: Workplace, reopened: Callable[..., Workplace]) -> None:
    nobody = reopened(project, "[tracking]", "[cohort]\nwhere = 'mrr < 0'\n\n[tracking]")
    with pytest.raises(NotEnoughDataError, match="nobody in the cohort 'mrr < 0'"):
        history_training_panel(nobody)


@pytest.mark.slow
def test_the_cohort_and_the_segments_stand_in_the_model_and_in_the_run(narrow: Workplace) -> None:
    more = "\n[model]\nminimum_customers = 50\nminimum_churners = 5\n"
    narrow.config.write_text(narrow.config.read_text() + more)
    trained = replace(narrow, settings=load_settings(narrow.config))
    # So few churners may leave the model a challenger; people can decide otherwise.
    trained.registry.set_champion(retrain(trained).version.version)
    params = trained.registry.records[0].params
    assert params["problem_cohort"] == trained.settings.problem.cohort
    assert "'high_touch_mrr': 300000" in params["problem_segments"]
    _, model = champion_model(trained.registry)
    assert model.problem.cohort == trained.settings.problem.cohort
    assert model.problem.segments == trained.settings.problem.segments
    assert any(note.startswith("cohort: ") for note in score(trained).notes)


@pytest.mark.slow
def test_retrain_and_score_work_on_a_history(project: Workplace) -> None:
    trained = retrain(project)
    # The few churners of the older windows do not show that the model beats the base rate.
    assert trained.verdict.decision == "kept"
    assert "CH-G02" in {check.code for check in trained.verdict.fired}
    assert project.registry.records[0].params["holdout"] == "time"
    project.registry.set_champion(trained.version.version)
    result = score(project)
    assert result.rows_scored == result.rows_read > 100
    drivers = project.warehouse.read_table("health_drivers")
    assert drivers["indicator"].isin(list(history_training_panel(project).X.columns)).any()
    assert score(project).status == "unchanged"


def test_as_of_an_earlier_day_the_panel_is_what_was_known_then(project: Workplace) -> None:
    whole, problem = history_training_panel(project), project.settings.problem
    cutoffs = sorted(whole.cutoff.unique())
    day = cutoffs[-2].tz_convert("Asia/Tokyo").date()
    then = history_training_panel(project, day)
    assert then.cutoff.max() == cutoffs[-2]
    known_at = then.cutoff.map({at: problem.label_known_at(at) for at in then.cutoff.unique()})
    known = ~np.isnan(then.y)
    assert known.any()
    assert (known_at[known] <= problem.cutoff_instant(day)).all()
    # What was certain then is the same today.
    keys = ["customer_id", "cutoff"]
    old, new = (
        pd.DataFrame({"customer_id": one.customer_id, "cutoff": one.cutoff, "y": one.y})
        for one in (then, whole)
    )
    both = old[known].merge(new, on=keys, suffixes=("_then", "_now"))
    assert len(both) > 0
    assert (both["y_then"] == both["y_now"]).all()
