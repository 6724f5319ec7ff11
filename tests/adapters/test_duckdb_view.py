"""The view `health_current`: who is current, who is stale, and what the score was before."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.domain.tables import HEALTH_SCORES


def current(warehouse: DuckDBWarehouse) -> pd.DataFrame:
    return warehouse.current_scores().set_index("customer_id").sort_index()


def test_without_runs_nobody_is_current(warehouse: DuckDBWarehouse) -> None:
    frame = warehouse.current_scores()
    assert frame.empty
    assert list(frame.columns) == [
        *HEALTH_SCORES.column_names,
        "previous_cutoff",
        "previous_health_score",
        "health_score_change",
        "is_stale",
    ]


def test_a_first_score_has_no_score_before(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    row = current(warehouse).loc["a"]
    assert row["health_score"] == 90.0
    assert pd.isna(row["previous_cutoff"])
    assert pd.isna(row["health_score_change"])
    assert row["is_stale"] == False  # noqa: E712 - a numpy boolean


def test_the_latest_cutoff_is_shown_with_the_score_before_and_its_change(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 40.0}, cutoff="2026-04-01")
    world.publish(warehouse, "r2", {"a": 75.0, "b": 50.0}, cutoff="2026-04-15")
    frame = current(warehouse)
    assert frame["health_score"].to_dict() == {"a": 75.0, "b": 50.0}
    assert frame["previous_health_score"].to_dict() == {"a": 90.0, "b": 40.0}
    assert frame["health_score_change"].to_dict() == {"a": -15.0, "b": 10.0}  # 75 - 90, 50 - 40
    assert set(frame["previous_cutoff"]) == {pd.Timestamp("2026-04-01", tz="UTC")}
    assert not frame["is_stale"].any()


def test_the_lowest_health_score_comes_first(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 40.0, "c": 60.0})
    assert warehouse.current_scores()["customer_id"].tolist() == ["b", "c", "a"]


def test_a_customer_who_is_missing_at_the_latest_cutoff_is_stale_and_not_dropped(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "gone": 40.0}, cutoff="2026-04-01")
    world.publish(warehouse, "r2", {"a": 80.0, "gone": 35.0}, cutoff="2026-04-15")
    world.publish(warehouse, "r3", {"a": 70.0}, rejected=1, cutoff="2026-05-01")
    frame = current(warehouse)
    assert frame["is_stale"].to_dict() == {"a": False, "gone": True}
    assert frame.loc["gone", "health_score"] == 35.0
    assert frame.loc["gone", "cutoff"] == pd.Timestamp("2026-04-15", tz="UTC")
    assert frame.loc["gone", "health_score_change"] == -5.0  # 35 - 40


def test_a_customer_who_skipped_a_cutoff_is_compared_with_the_own_score_before(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 40.0}, cutoff="2026-04-01")
    world.publish(warehouse, "r2", {"b": 45.0}, cutoff="2026-04-15")
    world.publish(warehouse, "r3", {"a": 70.0, "b": 50.0}, cutoff="2026-05-01")
    frame = current(warehouse)
    assert frame["health_score_change"].to_dict() == {"a": -20.0, "b": 5.0}  # 70 - 90, 50 - 45


def test_when_everyone_is_rejected_everyone_is_stale(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0}, cutoff="2026-04-01")
    world.publish(warehouse, "r2", {}, rejected=1, cutoff="2026-04-15")
    assert current(warehouse)["is_stale"].to_dict() == {"a": True}


def test_a_backfill_of_an_older_cutoff_never_becomes_current(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 80.0}, cutoff="2026-05-01", finished="2026-05-02")
    world.publish(warehouse, "r2", {"a": 95.0, "old": 10.0}, cutoff="2026-04-01", finished="2026-06-01")
    frame = current(warehouse)
    assert frame["health_score"].to_dict() == {"a": 80.0, "old": 10.0}
    assert frame["is_stale"].to_dict() == {"a": False, "old": True}
    assert frame.loc["a", "health_score_change"] == -15.0  # 80 - 95: the backfill is what was before


def test_of_two_models_at_a_cutoff_the_one_that_finished_last_wins(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 80.0, "b": 60.0}, model="m1", finished="2026-04-02")
    world.publish(warehouse, "r2", {"a": 70.0}, model="m2", finished="2026-04-03")
    frame = current(warehouse)
    assert frame["model_version"].to_dict() == {"a": "m2"}
    # The old model scores the same input again: nothing changes but who finished last.
    again = world.publish(warehouse, "r3", {"a": 80.0, "b": 60.0}, model="m1", finished="2026-04-04")
    assert again.status == "unchanged"
    assert current(warehouse)["health_score"].to_dict() == {"a": 80.0, "b": 60.0}


def test_the_score_before_is_the_one_of_the_model_that_was_current_then(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 80.0}, model="m1", finished="2026-04-02")
    world.publish(warehouse, "r2", {"a": 60.0}, model="m2", finished="2026-04-03")
    world.publish(warehouse, "r3", {"a": 50.0}, model="m3", cutoff="2026-05-01", finished="2026-05-02")
    row = current(warehouse).loc["a"]
    assert (row["model_version"], row["previous_health_score"]) == ("m3", 60.0)


@pytest.mark.parametrize("end", ["started", "failed"])
def test_a_run_that_did_not_complete_does_not_count(
    warehouse: DuckDBWarehouse, world: Any, end: str
) -> None:
    world.publish(warehouse, "r1", {"a": 80.0}, cutoff="2026-04-01")
    warehouse.start_run(world.run("r2", rows=1, cutoff="2026-05-01"))
    if end == "failed":
        warehouse.fail_run("r2", "no model", pd.Timestamp("2026-05-02", tz="UTC"))
    assert current(warehouse)["is_stale"].to_dict() == {"a": False}


def test_retraining_does_not_disturb_the_view(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 80.0})
    before = warehouse.current_scores()
    retrain = world.run("r2", rows=100, job="retrain", cutoff=None, model=None)
    warehouse.start_run(retrain)
    end = pd.Timestamp("2026-06-01", tz="UTC")
    warehouse.finish_run(retrain, end, message="promoted", model_version="m9")
    again = world.run("r3", rows=9, job="retrain", cutoff="2026-06-01", model="m9")
    warehouse.start_run(again)
    warehouse.finish_run(again, end, message="kept")
    pd.testing.assert_frame_equal(warehouse.current_scores(), before)


def test_a_new_revision_is_what_the_view_shows(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 80.0, "gone": 10.0})
    world.publish(warehouse, "r2", {"a": 70.0}, fingerprint="f2")
    frame = current(warehouse)
    assert frame["health_score"].to_dict() == {"a": 70.0}
    assert pd.isna(frame.loc["a", "previous_health_score"])


def test_the_view_agrees_with_pandas_on_many_runs(
    warehouse: DuckDBWarehouse, world: Any, database: Any
) -> None:
    cutoffs = ["2026-04-01", "2026-05-01"]
    plan = [(cutoff, model) for cutoff in cutoffs for model in ("m1", "m2")]
    for place, (cutoff, model) in enumerate(reversed(plan)):
        scores = {f"c{i}": float((7 * i + 11 * place) % 100) for i in range(6 - place, 8)}
        finished = f"2026-07-{10 + (5 * place) % 7:02d}"
        world.publish(warehouse, f"r{place}", scores, cutoff=cutoff, model=model, finished=finished)
    with duckdb.connect(database, read_only=True) as connection:
        known = connection.execute(
            "SELECT customer_id, health_score, is_stale, previous_health_score FROM health_current "
            "ORDER BY customer_id"
        ).fetchall()
    runs = warehouse.runs(100).sort_values("finished_at").drop_duplicates("cutoff", keep="last")
    scores = warehouse.read_table("health_scores").merge(runs[["cutoff", "model_version"]])
    expected = []
    for customer, own in scores.sort_values("cutoff").groupby("customer_id"):
        points = own["health_score"].tolist()
        stale = bool(own["cutoff"].max() < runs["cutoff"].max())
        expected.append((customer, points[-1], stale, points[-2] if len(points) > 1 else None))
    assert known == expected
    assert {row[2] for row in known} == {True, False}
