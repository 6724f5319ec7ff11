"""Publishing scores and keeping the ledger, on every engine: one suite over DuckDB and PostgreSQL."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from adbc_driver_manager.dbapi import IntegrityError

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.warehouse import OUTPUT_VIEWS, PublishResult, Warehouse
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.domain.tables import HEALTH_REJECTS, HEALTH_RUNS, HEALTH_SCORES, OUTPUT_TABLES
from churnhealth.errors import WarehouseError

LATER = pd.Timestamp("2026-04-05", tz="UTC")
OUTPUTS = sorted([contract.name for contract in CREATED_TABLES] + [*OUTPUT_VIEWS])
CUSTOMERS = [
    '"; DROP TABLE health_scores; --',
    "'); DELETE FROM health_runs; --",
    "💥👩‍👩‍👧",
    " 名前\n",
    "x" * 10_000,
]


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def test_preparing_again_changes_nothing(warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    warehouse.prepare()
    assert warehouse.tables() == OUTPUTS
    assert warehouse.current_scores()["customer_id"].tolist() == ["a"]


def test_a_foreign_table_with_our_name_is_left_alone_and_a_prefix_helps(place: Any) -> None:
    place.run("DROP TABLE health_runs CASCADE", "CREATE TABLE health_runs AS SELECT 1 AS run")
    with pytest.raises(WarehouseError, match=r"'health_runs' is there already.* got 'run'\. Choose a"):
        place.open().prepare()
    other = place.open(prefix="Emea_")
    with pytest.raises(WarehouseError, match="no table 'Emea_health_current': nothing has been scored"):
        other.current_scores()
    other.prepare()
    assert other.current_scores().empty
    assert other.describe().endswith("output tables begin with 'Emea_'")


def test_all_tables_have_the_columns_of_their_contracts(warehouse: Warehouse) -> None:
    types = {
        "string": "VARCHAR",
        "json": "VARCHAR",
        "double": "DOUBLE",
        "integer": "INTEGER",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
    }
    for contract in OUTPUT_TABLES:
        expected = [(column.name, types[column.kind]) for column in contract.columns]
        assert warehouse.columns(contract.name) == expected


# The keys of the other tables are looked at by publishing (see test_staging).
@pytest.mark.parametrize("contract", [HEALTH_RUNS, HEALTH_REJECTS], ids=lambda contract: contract.name)
def test_the_key_is_enforced_by_the_engine(
    place: Any, warehouse: Warehouse, world: Any, contract: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0}, rejected=1)
    world.publish(warehouse, "r2", {"a": 80.0}, rejected=1, fingerprint="f2")
    with pytest.raises((duckdb.ConstraintException, IntegrityError), match=r"(?i)duplicate key"):
        place.run(f"INSERT INTO {contract.name} SELECT * FROM {contract.name}")


def test_the_first_slice_comes_back_as_it_went_in(warehouse: Warehouse, world: Any) -> None:
    run = world.run(rows=3)
    warehouse.start_run(run)
    slice_ = world.slice(run, {"a": 90.0, "b": 30.0}, rejected=1)
    assert warehouse.publish(run, slice_, LATER) == PublishResult("completed", 1)
    got = warehouse.read_table("health_scores").sort_values("customer_id")
    assert list(got.columns) == list(HEALTH_SCORES.column_names)
    assert got["health_score"].tolist() == [90.0, 30.0]
    assert got["cutoff"].tolist() == [pd.Timestamp("2026-04-01", tz="UTC")] * 2
    assert got["probability_low"].isna().all()
    assert got["risk_rank"].tolist() == [2, 1]
    # Tokyo's midnight is another instant.
    tokyo = pd.Timestamp("2026-04-01", tz="Asia/Tokyo")
    assert warehouse.customer_drivers("b", tokyo, "m1").empty
    drivers = warehouse.customer_drivers("b", run.cutoff, "m1")
    assert drivers["contribution_points"].tolist() == [-30.0, 0.0]
    assert drivers["reason_ja"].tolist() == ["ログイン", "ログイン"]
    assert pd.isna(drivers["value"].iloc[1])
    assert warehouse.customer_groups("b", run.cutoff, "m1")["points"].tolist() == [-30.0]
    rejects = warehouse.read_table("health_rejects")
    assert rejects[["run_id", "row_json"]].to_numpy().tolist() == [["r1", '{"row": 0}']]
    row = warehouse.runs().iloc[0]
    assert (row["status"], row["rows_read"], row["rows_scored"], row["rows_rejected"]) == (
        "completed",
        3,
        2,
        1,
    )
    assert row["finished_at"] == LATER


def test_both_engines_return_frames_of_the_same_kinds(
    prepared: Path, tmp_path: Path, world: Any, request: pytest.FixtureRequest
) -> None:
    shutil.copyfile(prepared, tmp_path / "own.duckdb")
    make = request.getfixturevalue("new_postgres_database")
    both = [str(tmp_path / "own.duckdb"), make(request.getfixturevalue("postgres_prepared"))]
    first, second = (open_warehouse(location) for location in both)
    for warehouse in (first, second):
        world.publish(warehouse, "r1", {"b": 30.0, "B": 30.0, "é": 30.0, "": 30.0, "a": 90.0})
        world.publish(warehouse, "r2", {"a": 75.0, "b": 30.0}, cutoff="2026-04-15", rejected=1)
    pd.testing.assert_frame_equal(first.current_scores(), second.current_scores())
    pd.testing.assert_frame_equal(first.runs(), second.runs())
    pd.testing.assert_frame_equal(first.customer_scores("a"), second.customer_scores("a"))


def test_the_view_shows_the_latest_score_the_one_before_and_who_is_stale(
    warehouse: Warehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "gone": 40.0}, cutoff="2026-04-01")
    world.publish(warehouse, "r2", {"a": 75.0}, rejected=1, cutoff="2026-04-15")
    frame = warehouse.current_scores().set_index("customer_id")
    assert frame.index.tolist() == ["gone", "a"]  # lowest health score first
    assert frame["is_stale"].to_dict() == {"gone": True, "a": False}
    assert frame.loc["a", "health_score_change"] == -15.0  # 75 - 90
    assert pd.isna(frame.loc["gone", "previous_health_score"])


def test_the_same_input_again_changes_no_data(place: Any, warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0}, rejected=1)
    before = place.contents()
    again = world.publish(warehouse, "r2", {"a": 90.0}, rejected=1, started="2026-04-04")
    assert again == PublishResult("unchanged", 1)
    assert place.contents() == before
    assert warehouse.runs()["status"].tolist() == ["unchanged", "completed"]


def test_other_input_replaces_the_whole_slice_and_keeps_the_old_scores(
    warehouse: Warehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "gone": 30.0})
    old = warehouse.read_table("health_scores").sort_values("customer_id", ignore_index=True)
    second = world.publish(warehouse, "r2", {"a": 80.0, "new": 10.0}, fingerprint="f2")
    third = world.publish(warehouse, "r3", {}, rejected=1, fingerprint="f3")
    assert (second.revision, third.revision) == (2, 3)
    for name in ("health_scores", "health_group_scores", "health_drivers", "health_indicators"):
        assert warehouse.read_table(name).empty
    history = warehouse.read_table("health_scores_history").sort_values(
        ["revision", "customer_id"], ignore_index=True
    )
    assert history["revision"].tolist() == [1, 1, 2, 2]
    pd.testing.assert_frame_equal(history.drop(columns="revision").iloc[:2], old)


def test_any_customer_id_survives(warehouse: Warehouse, world: Any) -> None:
    scores = {customer_id: float(place) for place, customer_id in enumerate(CUSTOMERS)}
    world.publish(warehouse, "r1", scores)
    world.publish(warehouse, "r2", scores | {"b": 40.0}, fingerprint="f2")
    assert warehouse.current_scores()["customer_id"].tolist() == [*CUSTOMERS, "b"]
    cutoff = pd.Timestamp("2026-04-01", tz="UTC")
    for customer_id, score in scores.items():
        assert warehouse.customer_scores(customer_id)["health_score"].tolist() == [score]
        assert warehouse.customer_drivers(customer_id, cutoff, "m1")["rank"].tolist() == [1, 2]


def test_ids_that_only_look_alike_are_different_customers(warehouse: Warehouse, world: Any) -> None:
    alike = {"a": 1.0, "A": 2.0, "a ": 3.0, "\u00e9": 4.0, "e\u0301": 5.0, "": 6.0}
    world.publish(warehouse, "r1", alike)
    for customer_id, score in alike.items():
        assert warehouse.customer_scores(customer_id)["health_score"].tolist() == [score]


def test_the_ledger_of_failed_stale_and_retrain_runs(warehouse: Warehouse, world: Any) -> None:
    warehouse.start_run(world.run("dead", rows=1))
    retrain = world.run("other", rows=1, job="retrain", cutoff=None, model=None, fingerprint=None)
    warehouse.start_run(retrain)
    warehouse.start_run(world.run("next", rows=1, started="2026-04-09"))
    warehouse.finish_run(retrain, LATER, message="promoted", model_version="7-abc")
    warehouse.fail_run("next", 'it\'s "broken"; --', LATER)
    warehouse.fail_run("other", "printing failed", LATER)
    ledger = warehouse.runs().set_index("run_id")
    assert ledger["status"].to_dict() == {"next": "failed", "dead": "failed", "other": "completed"}
    assert ledger.loc["dead", "message"] == "died before it finished; found by run next"
    assert ledger.loc["next", "message"] == 'it\'s "broken"; --'
    assert ledger.loc["other", "model_version"] == "7-abc"
    assert warehouse.runs(1)["run_id"].tolist() == ["next"]
    with pytest.raises(WarehouseError, match="run 'other': expected a started run"):
        warehouse.finish_run(retrain, LATER, message="again")
    with pytest.raises(WarehouseError, match=r"(?i)duplicate key"):
        warehouse.start_run(world.run("dead", rows=1))


def test_a_run_that_was_not_started_cannot_publish(warehouse: Warehouse, world: Any) -> None:
    run = world.run(rows=1)
    with pytest.raises(WarehouseError, match="Start it first"):
        warehouse.publish(run, world.slice(run, {"a": 90.0}), LATER)
    assert warehouse.read_table("health_scores").empty
