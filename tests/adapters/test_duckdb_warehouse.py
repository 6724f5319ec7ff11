"""The embedded warehouse: tables of the user, output tables, the ledger, prefixes, odd names."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.warehouse import OUTPUT_VIEWS, Warehouse
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.errors import WarehouseError

END = pd.Timestamp("2026-04-03 12:00:00.123456", tz="UTC")
OUTPUTS = sorted([contract.name for contract in CREATED_TABLES] + [*OUTPUT_VIEWS])


def test_it_keeps_the_protocol(tmp_path: Path) -> None:
    warehouse: Warehouse = DuckDBWarehouse(tmp_path / "a.duckdb")
    assert warehouse.describe() == f"DuckDB file {tmp_path / 'a.duckdb'}"


def test_a_file_that_is_not_there_has_no_tables(tmp_path: Path) -> None:
    assert DuckDBWarehouse(tmp_path / "a.duckdb").tables() == []
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_is_fixed_when_the_warehouse_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    warehouse = DuckDBWarehouse("data/a.duckdb")
    monkeypatch.chdir("/")
    warehouse.write_table("panel", pd.DataFrame({"a": [1]}))
    assert (tmp_path / "data" / "a.duckdb").is_file()


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_warehouse_needs_a_file(path: str) -> None:
    with pytest.raises(WarehouseError, match="expected the path of a DuckDB file"):
        DuckDBWarehouse(path)


def test_a_panel_comes_back_as_it_went_in(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "a.duckdb")
    panel = pd.DataFrame(
        {
            "customer_id": ["a", "b", None],
            "cutoff": pd.to_datetime(["2026-04-01", None, "2026-04-03"])
            .tz_localize("UTC")
            .as_unit("us"),
            "day": pd.to_datetime(["2026-04-01", None, "2026-04-03"]).as_unit("us"),
            "logins": pd.array([2**60 + 1, None, 3], dtype="Int64"),
            "mrr": [1.5, None, -0.1],
            "active": pd.array([True, None, False], dtype="boolean"),
            "seats": [1, 2, 3],
        },
        index=[5, 6, 7],
    )
    warehouse.write_table("panel", panel)
    pd.testing.assert_frame_equal(warehouse.read_table("panel"), panel.reset_index(drop=True))


def test_writing_again_replaces_the_whole_table(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "a.duckdb")
    warehouse.write_table("panel", pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    warehouse.write_table("PANEL", pd.DataFrame({"c": ["x"]}))
    assert warehouse.read_table("panel").to_dict("list") == {"c": ["x"]}
    with pytest.raises(WarehouseError, match="column 'c' cannot be written"):
        warehouse.write_table("panel", pd.DataFrame({"c": ["x", 1]}, dtype=object))
    assert warehouse.read_table("panel").to_dict("list") == {"c": ["x"]}


def test_tables_and_views_of_every_schema_are_read_by_their_names(
    database: Path, warehouse: Any
) -> None:
    with duckdb.connect(database) as own:
        own.execute('CREATE SCHEMA crm; CREATE TABLE crm."Acc.ounts" AS SELECT 7 AS id')
        own.execute("CREATE VIEW money AS SELECT 1.25::DECIMAL(9, 2) AS mrr, DATE '2026-04-01' AS day")
    assert warehouse.tables() == sorted([*OUTPUTS, "crm.Acc.ounts", "money"])
    assert warehouse.read_table("crm.acc.ounts")["id"].tolist() == [7]
    money = warehouse.read_table("main.money")
    assert money["mrr"].tolist() == [1.25]
    assert money["day"].tolist() == [pd.Timestamp("2026-04-01")]


def test_a_table_can_be_written_to_a_schema_that_is_there(database: Path, warehouse: Any) -> None:
    with duckdb.connect(database) as own:
        own.execute("CREATE SCHEMA crm")
    warehouse.write_table("crm.panel", pd.DataFrame({"a": [1]}))
    warehouse.write_table("dotted.panel", pd.DataFrame({"a": [2]}))
    assert warehouse.read_table("crm.panel")["a"].tolist() == [1]
    with duckdb.connect(database, read_only=True) as own:
        assert own.execute('SELECT a FROM main."dotted.panel"').fetchall() == [(2,)]


def test_an_unknown_table_names_its_nearest_neighbour_and_the_list(warehouse: DuckDBWarehouse) -> None:
    message = (
        r"no table or view 'health_scors' \(did you mean 'health_scores'\?\)\. There are .*'health_runs'"
    )
    with pytest.raises(WarehouseError, match=message):
        warehouse.read_table("health_scors")


def test_a_file_without_tables_says_so(database: Path) -> None:
    database.parent.mkdir()
    duckdb.connect(database).close()
    with pytest.raises(WarehouseError, match=r"no table or view 'panel'\. There are none\."):
        DuckDBWarehouse(database).read_table("panel")


@pytest.mark.parametrize("table", ["health_scores", "Health_Current", "main.health_runs"])
def test_output_tables_cannot_be_overwritten(warehouse: DuckDBWarehouse, table: str) -> None:
    with pytest.raises(WarehouseError, match="is an output table of churnhealth; choose another name"):
        warehouse.write_table(table, pd.DataFrame({"a": [1]}))


def test_a_view_is_not_replaced_by_a_table(database: Path, warehouse: DuckDBWarehouse) -> None:
    with duckdb.connect(database) as own:
        own.execute("CREATE VIEW panel AS SELECT 1 AS a")
    with pytest.raises(WarehouseError, match="View"):
        warehouse.write_table("panel", pd.DataFrame({"a": [2]}))
    assert warehouse.read_table("panel")["a"].tolist() == [1]


def test_preparing_again_changes_nothing(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    warehouse.prepare()
    assert warehouse.tables() == OUTPUTS
    assert warehouse.current_scores()["customer_id"].tolist() == ["a"]


def test_a_foreign_table_with_our_name_is_left_alone_and_named(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "a.duckdb") as own:
        own.execute("CREATE TABLE health_runs AS SELECT 1 AS run")
    warehouse = DuckDBWarehouse(tmp_path / "a.duckdb")
    with pytest.raises(
        WarehouseError, match=r"'health_runs' is there already.* got 'run'\. Choose a prefix"
    ):
        warehouse.prepare()
    assert warehouse.tables() == ["health_runs"]


def test_before_anything_is_scored_the_output_tables_are_missing_with_advice(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "a.duckdb")
    warehouse.write_table("panel", pd.DataFrame({"a": [1]}))
    with pytest.raises(
        WarehouseError, match="no table 'health_current': nothing has been scored here yet"
    ):
        warehouse.current_scores()


def test_a_customer_s_scores_come_latest_cutoff_first(warehouse: DuckDBWarehouse, world: Any) -> None:
    for run_id, cutoff, model in (("r1", "2026-05-01", "m1"), ("r2", "2026-04-01", "m1")):
        world.publish(warehouse, run_id, {"a": 1.0, "b": 2.0}, cutoff=cutoff, model=model)
    scores = warehouse.customer_scores("a")
    assert scores["run_id"].tolist() == ["r1", "r2"]
    assert warehouse.customer_scores("nobody").empty


def test_every_instant_comes_back_in_utc_from_any_zone(warehouse: DuckDBWarehouse, world: Any) -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    run = world.run(rows=1)
    warehouse.start_run(run)
    slice_ = world.slice(run, {"a": 90.0})
    for frame in (slice_.scores, slice_.group_scores, slice_.drivers, slice_.indicators):
        frame["cutoff"] = frame["cutoff"].dt.tz_convert("Asia/Tokyo")
    slice_.scores["scored_at"] = pd.Timestamp("2026-04-02 09:00:00.123456789", tz="Asia/Tokyo")
    warehouse.publish(run, slice_, END)
    row = warehouse.customer_scores("a").iloc[0]
    assert str(row["cutoff"]) == "2026-04-01 00:00:00+00:00"
    assert str(row["scored_at"]) == "2026-04-02 00:00:00.123456+00:00"
    moment = dt.datetime(2026, 4, 1, 9, tzinfo=tokyo)
    assert len(warehouse.customer_groups("a", moment, "m1")) == 1
