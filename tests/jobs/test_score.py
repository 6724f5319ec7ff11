from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import (
    ArtifactError,
    ConfigError,
    DriftError,
    SchemaError,
    TrackingError,
    WarehouseError,
)
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace

ADDS_UP = """
SELECT max(abs(s.health_score - s.base_points - d.points)) AS gap, count(*) AS customers
FROM health_scores s
JOIN (SELECT customer_id, cutoff, model_version, sum({column}) AS points FROM {table} GROUP BY ALL) d
USING (customer_id, cutoff, model_version)
"""


def customers(workplace: Workplace) -> pd.DataFrame:
    return workplace.warehouse.read_table("to_score")


def rewrite(workplace: Workplace, frame: pd.DataFrame) -> None:
    workplace.warehouse.write_table("to_score", frame)


def sql(workplace: Workplace, query: str) -> pd.DataFrame:
    path = workplace.settings.folder / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).df()


def test_every_customer_is_scored_banded_and_ranked(trained: Workplace) -> None:
    result = score(trained)
    assert (result.rows_read, result.rows_scored, result.rows_rejected) == (60, 60, 0)
    assert sum(result.bands.values()) == 60
    table = trained.warehouse.read_table("health_scores")
    assert table["health_score"].to_numpy() == pytest.approx(100 * (1 - table["churn_probability"]))
    assert sorted(table["risk_rank"]) == list(range(1, 61))
    assert (table.sort_values("risk_rank")["churn_probability"].diff().dropna() <= 0).all()
    assert (table["mrr_at_risk"] > 0).all()
    assert set(table["currency"]) == {"JPY"}
    assert table["cutoff"].unique() == pd.Timestamp("2026-03-31 15:00", tz="UTC")


@pytest.mark.parametrize(
    ("table", "column"), [("health_drivers", "contribution_points"), ("health_group_scores", "points")]
)
def test_base_and_parts_are_the_published_score_in_sql(
    trained: Workplace, table: str, column: str
) -> None:
    score(trained)
    found = sql(trained, ADDS_UP.format(table=table, column=column))
    assert found["customers"][0] == 60
    assert found["gap"][0] < 1e-9


def test_reasons_speak_both_languages_and_values_are_kept(trained: Workplace) -> None:
    score(trained)
    drivers = trained.warehouse.read_table("health_drivers")
    logins = drivers[drivers["indicator"] == "logins"]
    assert logins["reason_ja"].str.startswith("ログイン回数：").all()
    assert logins["reason_en"].str.contains(". Health ", regex=False).all()
    kept = trained.warehouse.read_table("health_indicators").set_index("customer_id")["indicators"]
    first = customers(trained).set_index("customer_id").loc["N0000"]
    values = json.loads(kept["N0000"])
    assert values["logins"] == first["logins"]
    assert values["plan"] == first["plan"]


def test_a_second_run_on_the_same_customers_changes_nothing(trained: Workplace) -> None:
    score(trained)
    before = trained.warehouse.read_table("health_scores")
    again = score(trained)
    assert (again.status, again.revision) == ("unchanged", 1)
    pd.testing.assert_frame_equal(trained.warehouse.read_table("health_scores"), before)
    assert trained.warehouse.runs()["status"].tolist() == ["unchanged", "completed", "completed"]


def test_rows_in_another_order_and_columns_permuted_are_the_same_customers(trained: Workplace) -> None:
    score(trained)
    frame = customers(trained)
    rewrite(trained, frame.sample(frac=1, random_state=0)[frame.columns[::-1]])
    assert score(trained).status == "unchanged"


def test_a_corrected_input_becomes_a_new_revision_and_the_old_scores_are_kept(
    trained: Workplace,
) -> None:
    score(trained)
    before = trained.warehouse.read_table("health_scores").set_index("customer_id")["health_score"]
    frame = customers(trained)
    frame.loc[frame["customer_id"] == "N0000", "logins"] = 0.0
    rewrite(trained, frame.iloc[:-1])
    result = score(trained)
    assert (result.status, result.revision, result.rows_scored) == ("completed", 2, 59)
    history = trained.warehouse.read_table("health_scores_history").set_index("customer_id")
    assert (history["revision"] == 1).all()
    assert history["health_score"].to_dict() == before.to_dict()
    assert len(trained.warehouse.read_table("health_scores")) == 59


def test_a_new_champion_scores_beside_the_old_one(trained: Workplace) -> None:
    score(trained)
    retrain(trained)
    result = score(trained)
    assert result.status == "completed"
    assert trained.warehouse.read_table("health_scores")["model_version"].nunique() == 2
    assert set(trained.warehouse.current_scores()["model_version"]) == {result.model_version}


def test_rows_that_cannot_be_scored_are_rejected_with_a_reason(trained: Workplace) -> None:
    frame = customers(trained)
    frame.loc[0, "customer_id"] = None
    frame.loc[1, "logins"] = np.inf
    frame.loc[3, "customer_id"] = frame.loc[2, "customer_id"]
    rewrite(trained, frame)
    result = score(trained)
    assert (result.rows_read, result.rows_scored, result.rows_rejected) == (60, 56, 4)
    rejects = trained.warehouse.read_table("health_rejects")
    assert len(rejects) == 4
    assert set(rejects["run_id"]) == {result.run_id}
    assert rejects["reason"].str.contains("customer_id").any()
    assert rejects["reason"].str.contains("logins").any()


def test_too_many_rejects_stop_the_job_and_leave_the_old_scores(trained: Workplace) -> None:
    score(trained)
    before = trained.warehouse.read_table("health_scores")
    rewrite(trained, customers(trained).assign(logins=np.inf))
    with pytest.raises(SchemaError, match="logins"):
        score(trained)
    pd.testing.assert_frame_equal(trained.warehouse.read_table("health_scores"), before)
    assert trained.warehouse.runs()["status"].tolist()[0] == "failed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="plan"), "'plan'"),
        (lambda frame: frame.rename(columns={"logins": "login"}), "did you mean 'login'"),
        (lambda frame: frame.assign(logins="many"), "expected a number"),
        (lambda frame: frame.iloc[:0], "rows"),
    ],
)
def test_faults_of_the_table_stop_the_job(trained: Workplace, change, words: str) -> None:
    rewrite(trained, change(customers(trained)))
    with pytest.raises(SchemaError, match=words):
        score(trained)


def test_a_new_column_does_not_break_an_old_model_and_is_told(trained: Workplace) -> None:
    rewrite(trained, customers(trained).assign(new_indicator=1.0))
    result = score(trained)
    assert result.rows_scored == 60
    assert any("'new_indicator'" in note for note in result.notes)


def test_a_level_never_seen_is_scored_and_told(trained: Workplace) -> None:
    frame = customers(trained)
    frame.loc[:2, "plan"] = "Platinum"
    rewrite(trained, frame)
    assert "plan: 3 customers have a level never seen in training" in score(trained).notes


def test_one_customer_is_enough(trained: Workplace) -> None:
    rewrite(trained, customers(trained).head(1))
    assert score(trained).rows_scored == 1


def test_hostile_names_come_back_as_they_are(trained: Workplace) -> None:
    names = ['"; DROP TABLE health_scores; --', "<script>alert(1)</script>", "株式会社😀", "x" * 10_000]
    frame = customers(trained).head(4).assign(customer_id=names)
    rewrite(trained, frame)
    score(trained)
    assert set(trained.warehouse.current_scores()["customer_id"]) == set(names)


def test_without_a_champion_the_message_says_what_to_do(workplace: Workplace) -> None:
    with pytest.raises(TrackingError, match="churnhealth retrain"):
        score(workplace)


def test_an_exchanged_artifact_is_refused(trained: Workplace, fitted) -> None:
    folder = trained.registry.folder / "1"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    fitted.save(folder)
    with pytest.raises(ArtifactError, match="exchanged"):
        score(trained)


def test_a_date_in_the_past_is_scored_when_it_is_asked_for(trained: Workplace) -> None:
    result = score(trained, cutoff=dt.date(2026, 1, 1))
    assert result.cutoff == pd.Timestamp("2025-12-31 15:00", tz="UTC")


def test_an_unknown_table_is_named_with_its_nearest(trained: Workplace, reopened: Callable) -> None:
    other = reopened(trained, 'table = "to_score"', 'table = "to_scor"')
    with pytest.raises(WarehouseError, match="to_score"):
        score(other)


def test_an_undated_table_needs_a_cutoff(trained: Workplace, reopened: Callable) -> None:
    other = reopened(trained, "cutoff_date = 2026-04-01", "")
    with pytest.raises(ConfigError, match="cutoff"):
        score(other)


def elsewhere(workplace: Workplace) -> pd.DataFrame:
    """Customers whose numbers all lie far beyond those that the model was trained on."""
    frame = customers(workplace)
    numbers = [name for name in frame.select_dtypes("number") if name != "mrr"]
    return frame.assign(**{name: frame[name] * 50 + 1000 for name in numbers})


def test_customers_unlike_those_trained_on_are_told_and_scored_all_the_same(trained: Workplace) -> None:
    assert not any("far from the training data" in note for note in score(trained).notes)
    rewrite(trained, elsewhere(trained))
    result = score(trained)
    assert result.status == "completed"
    assert any(note.startswith("far from the training data: ") for note in result.notes)


def test_too_much_drift_stops_before_anything_is_published_where_the_file_says_so(
    trained: Workplace, reopened: Callable[..., Workplace]
) -> None:
    first = score(trained)
    before = trained.warehouse.read_table("health_scores")
    strict = reopened(trained, "[scoring]", '[drift]\naction = "stop"\n\n[scoring]')
    rewrite(strict, elsewhere(strict))
    with pytest.raises(DriftError, match="too different from those that the model was trained on"):
        score(strict)
    pd.testing.assert_frame_equal(strict.warehouse.read_table("health_scores"), before)
    runs = strict.warehouse.read_table("health_runs").sort_values("started_at")
    assert runs["status"].tolist()[-1] == "failed"
    assert first.revision == 1
