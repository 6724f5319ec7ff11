"""Publishing a slice: unchanged, a new revision, a failure in the middle, a killed process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnhealth.adapters import warehouse_publish
from churnhealth.adapters.duckdb_session import UNINDEXED
from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.warehouse import PublishResult, ScoreSlice
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.domain.tables import HEALTH_SCORES
from churnhealth.errors import SchemaError, WarehouseError

LATER = pd.Timestamp("2026-04-05", tz="UTC")


def test_the_first_slice_comes_back_as_it_went_in(warehouse: DuckDBWarehouse, world: Any) -> None:
    run = world.run(rows=3)
    slice_ = world.slice(run, {"a": 90.0, "b": 30.0}, rejected=1)
    warehouse.start_run(run)
    assert warehouse.publish(run, slice_, LATER) == PublishResult("completed", 1)
    got = warehouse.read_table("health_scores").sort_values("customer_id")
    assert list(got.columns) == list(HEALTH_SCORES.column_names)
    assert got["health_score"].tolist() == [90.0, 30.0]
    assert got["cutoff"].tolist() == [pd.Timestamp("2026-04-01", tz="UTC")] * 2
    assert got["probability_low"].isna().all()
    assert got["risk_rank"].tolist() == [2, 1]
    drivers = warehouse.customer_drivers("b", pd.Timestamp("2026-04-01", tz="Asia/Tokyo"), "m1")
    assert drivers.empty  # Tokyo's midnight is another instant
    drivers = warehouse.customer_drivers("b", run.cutoff, "m1")
    assert drivers["contribution_points"].tolist() == [-30.0, 0.0]
    assert drivers["reason_ja"].tolist() == ["ログイン", "ログイン"]
    assert drivers["value"].iloc[0] == "30.0"
    assert pd.isna(drivers["value"].iloc[1])
    assert warehouse.customer_groups("b", run.cutoff, "m1")["points"].tolist() == [-30.0]
    assert warehouse.read_table("health_indicators")["indicators"].str.contains("logins").all()
    rejects = warehouse.read_table("health_rejects")
    assert rejects[["run_id", "row_json"]].to_numpy().tolist() == [["r1", '{"row": 0}']]


def test_base_and_drivers_add_up_to_the_score_in_sql(
    warehouse: DuckDBWarehouse, world: Any, database: Path
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0})
    with duckdb.connect(database, read_only=True) as connection:
        worst = connection.execute(
            "SELECT MAX(ABS(s.base_points + d.points - s.health_score)) FROM health_scores AS s JOIN ("
            "SELECT customer_id, cutoff, model_version, SUM(contribution_points) AS points "
            "FROM health_drivers GROUP BY ALL) AS d USING (customer_id, cutoff, model_version)"
        ).fetchone()
    assert worst == (0.0,)


def test_the_ledger_counts_read_scored_and_rejected(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0}, rejected=2)
    row = warehouse.runs().iloc[0]
    assert (row["status"], row["revision"]) == ("completed", 1)
    assert (row["rows_read"], row["rows_scored"], row["rows_rejected"]) == (3, 1, 2)
    assert row["finished_at"] == pd.Timestamp("2026-04-03", tz="UTC")


def test_the_same_input_again_changes_no_data(
    warehouse: DuckDBWarehouse, world: Any, database: Path
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0}, rejected=1)
    before = world.contents(database)
    again = world.publish(warehouse, "r2", {"a": 90.0}, rejected=1, started="2026-04-04")
    third = world.publish(warehouse, "r3", {"a": 90.0}, rejected=1, started="2026-04-05")
    assert again == third == PublishResult("unchanged", 1)
    assert world.contents(database) == before
    ledger = warehouse.runs()
    assert ledger["status"].tolist() == ["unchanged", "unchanged", "completed"]
    assert ledger["revision"].tolist() == [1, 1, 1]
    assert ledger["rows_scored"].tolist() == [1, 1, 1]


def test_other_input_replaces_the_whole_slice_and_keeps_the_old_scores(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "gone": 30.0})
    old = warehouse.read_table("health_scores").sort_values("customer_id", ignore_index=True)
    second = world.publish(warehouse, "r2", {"a": 80.0, "new": 10.0}, fingerprint="f2")
    assert second == PublishResult("completed", 2)
    for name in ("health_scores", "health_group_scores", "health_drivers", "health_indicators"):
        assert set(warehouse.read_table(name)["customer_id"]) == {"a", "new"}
    assert warehouse.customer_scores("a")["health_score"].tolist() == [80.0]
    history = warehouse.read_table("health_scores_history").sort_values("customer_id", ignore_index=True)
    assert history["revision"].tolist() == [1, 1]
    pd.testing.assert_frame_equal(history.drop(columns="revision"), old)


def test_revisions_count_up_and_going_back_is_a_new_one(warehouse: DuckDBWarehouse, world: Any) -> None:
    made = [
        world.publish(warehouse, f"r{i}", {"a": score}, fingerprint=fingerprint).revision
        for i, (score, fingerprint) in enumerate([(90.0, "f1"), (80.0, "f2"), (90.0, "f1")])
    ]
    assert made == [1, 2, 3]
    history = warehouse.read_table("health_scores_history").sort_values("revision")
    assert history["health_score"].tolist() == [90.0, 80.0]


def test_another_cutoff_or_model_is_a_slice_of_its_own(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    other_cutoff = world.publish(warehouse, "r2", {"a": 80.0}, cutoff="2026-05-01")
    other_model = world.publish(warehouse, "r3", {"a": 70.0}, model="m2")
    assert (other_cutoff.revision, other_model.revision) == (1, 1)
    assert len(warehouse.read_table("health_scores")) == 3
    assert warehouse.read_table("health_scores_history").empty


def test_a_slice_in_which_everyone_is_rejected_can_be_published(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    assert world.publish(warehouse, "r2", {}, rejected=1, fingerprint="f2").revision == 2
    assert warehouse.read_table("health_scores").empty
    assert warehouse.read_table("health_scores_history")["customer_id"].tolist() == ["a"]


def double_the_driver(slice_: ScoreSlice) -> ScoreSlice:
    twice = pd.concat([slice_.drivers, slice_.drivers], ignore_index=True)
    return dataclasses.replace(slice_, drivers=twice)


def lose_a_customer(slice_: ScoreSlice) -> ScoreSlice:
    return dataclasses.replace(slice_, scores=slice_.scores.iloc[:1])


def swap_the_run(slice_: ScoreSlice) -> ScoreSlice:
    return dataclasses.replace(slice_, scores=slice_.scores.assign(run_id="other"))


def shift_the_cutoff(slice_: ScoreSlice) -> ScoreSlice:
    return dataclasses.replace(slice_, group_scores=slice_.group_scores.assign(cutoff=LATER))


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (double_the_driver, SchemaError, r"health_drivers: 1 fault"),
        (
            lose_a_customer,
            WarehouseError,
            r"health_group_scores: expected only customers .* got 1 others",
        ),
        (swap_the_run, WarehouseError, r"health_scores: expected only rows of run 'r2'.* got 2 others"),
        (shift_the_cutoff, WarehouseError, r"health_group_scores: expected only rows"),
    ],
)
def test_a_slice_that_breaks_a_rule_leaves_the_old_one_whole(
    warehouse: DuckDBWarehouse,
    world: Any,
    spoil: Callable[[ScoreSlice], ScoreSlice],
    error: type[Exception],
    message: str,
    database: Path,
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0})
    before = world.contents(database)
    run = world.run("r2", rows=2, fingerprint="f2")
    warehouse.start_run(run)
    with pytest.raises(error, match=message):
        warehouse.publish(run, spoil(world.slice(run, {"a": 80.0, "b": 20.0})), LATER)
    assert world.contents(database) == before


def test_customers_read_must_be_scored_plus_rejected(warehouse: DuckDBWarehouse, world: Any) -> None:
    run = world.run(rows=5)
    warehouse.start_run(run)
    with pytest.raises(WarehouseError, match="got 5 read, 1 scored, 2 rejected"):
        warehouse.publish(run, world.slice(run, {"a": 90.0}, rejected=2), LATER)
    assert warehouse.read_table("health_scores").empty


def test_a_failure_between_two_statements_leaves_the_old_slice_whole(
    warehouse: DuckDBWarehouse, world: Any, monkeypatch: pytest.MonkeyPatch, database: Path
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0}, rejected=1)
    before = world.contents(database)
    original = warehouse_publish._replace_table

    def fail_at_the_drivers(*given: Any) -> None:
        if given[-1].name == "health_drivers":
            raise duckdb.OutOfMemoryException("disk full")
        original(*given)

    monkeypatch.setattr(warehouse_publish, "_replace_table", fail_at_the_drivers)
    with pytest.raises(WarehouseError, match="disk full"):
        world.publish(warehouse, "r2", {"a": 80.0}, fingerprint="f2")
    assert world.contents(database) == before
    assert warehouse.runs()["status"].tolist() == ["completed", "started"]
    monkeypatch.undo()
    assert world.publish(warehouse, "r3", {"a": 80.0}, fingerprint="f2").revision == 2


def test_a_run_that_was_not_started_cannot_publish(warehouse: DuckDBWarehouse, world: Any) -> None:
    run = world.run(rows=1)
    with pytest.raises(WarehouseError, match="Start it first"):
        warehouse.publish(run, world.slice(run, {"a": 90.0}), LATER)
    assert warehouse.read_table("health_scores").empty


def test_a_run_whose_place_was_taken_cannot_publish(warehouse: DuckDBWarehouse, world: Any) -> None:
    late = world.run("late", rows=1)
    warehouse.start_run(late)
    warehouse.start_run(world.run("newer", rows=1))
    with pytest.raises(WarehouseError, match="a newer run of the job has taken its place"):
        warehouse.publish(late, world.slice(late, {"a": 90.0}), LATER)
    assert warehouse.read_table("health_scores").empty


def test_small_tables_have_primary_keys_and_publishing_looks_at_the_large_ones(
    warehouse: DuckDBWarehouse, database: Path
) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute(
            "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
            "WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    assert {name: tuple(key) for name, key in found} == {
        contract.name: contract.key for contract in CREATED_TABLES if contract.name not in UNINDEXED
    }
    assert {"health_runs", "health_rejects"} <= {name for name, _ in found}
    assert "health_scores" in UNINDEXED


def test_rows_that_the_ledger_does_not_know_are_replaced_by_the_first_revision(
    warehouse: DuckDBWarehouse, world: Any, database: Path
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    with duckdb.connect(database) as connection:
        connection.execute("DELETE FROM health_runs")
    assert world.publish(warehouse, "r2", {"a": 80.0}).revision == 1
    assert warehouse.read_table("health_scores")["health_score"].tolist() == [80.0]
    assert len(warehouse.read_table("health_drivers")) == 2
