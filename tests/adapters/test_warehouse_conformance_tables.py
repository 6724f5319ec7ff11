"""Tables of the user, on every engine: any name, any kind, whole or not at all."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.warehouse import OUTPUT_VIEWS, Warehouse
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.errors import SchemaError, WarehouseError

OUTPUTS = sorted([contract.name for contract in CREATED_TABLES] + [*OUTPUT_VIEWS])
NAMES = ['"; DROP TABLE health_scores; --', "表 💥", "select", "it's $1 ? %s {}", "a.b"]


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def test_a_panel_comes_back_as_it_went_in(warehouse: Warehouse) -> None:
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


def test_writing_again_replaces_the_whole_table_or_nothing(warehouse: Warehouse) -> None:
    warehouse.write_table("panel", pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
    warehouse.write_table("panel", pd.DataFrame({"c": ["x"]}))
    with pytest.raises(WarehouseError, match="column 'c' cannot be written"):
        warehouse.write_table("panel", pd.DataFrame({"c": ["x", 1]}, dtype=object))
    assert warehouse.read_table("panel").to_dict("list") == {"c": ["x"]}


def rejected(*hashes: str) -> pd.DataFrame:
    reason = "customer_id: 顧客 '; DROP TABLE health_rejects; --"
    rows = [("usage_events", one, reason, '{"customer_id": null, "n": "1 ? $1"}') for one in hashes]
    return pd.DataFrame(rows, columns=["source", "row_hash", "reason", "row_json"])


def test_rejects_of_a_run_without_scores_are_added_to_those_of_other_runs(warehouse: Warehouse) -> None:
    warehouse.write_rejects("check1", rejected("h1", "h2"))
    warehouse.write_rejects("check2", rejected("h1"))
    kept = warehouse.read_table("health_rejects").sort_values(["run_id", "row_hash"], ignore_index=True)
    assert list(zip(kept["run_id"], kept["row_hash"], strict=True)) == [
        ("check1", "h1"),
        ("check1", "h2"),
        ("check2", "h1"),
    ]
    columns = ["source", "row_hash", "reason", "row_json"]
    assert kept.loc[2, columns].to_dict() == rejected("h1").iloc[0].to_dict()


def test_no_rejects_add_nothing(warehouse: Warehouse) -> None:
    warehouse.write_rejects("check1", rejected())
    assert warehouse.read_table("health_rejects").empty


def test_rejects_with_a_repeated_key_are_refused_as_a_whole(warehouse: Warehouse) -> None:
    with pytest.raises(SchemaError, match="row_hash"):
        warehouse.write_rejects("check1", rejected("h1", "h2", "h1"))
    warehouse.write_rejects("check1", rejected("h1"))
    with pytest.raises(WarehouseError):
        warehouse.write_rejects("check1", rejected("h3", "h1"))
    assert warehouse.read_table("health_rejects")["row_hash"].tolist() == ["h1"]


@pytest.mark.parametrize("name", NAMES)
def test_any_table_and_column_name_survives(warehouse: Warehouse, name: str) -> None:
    warehouse.write_table(name, pd.DataFrame({name: [1]}))
    assert warehouse.read_table(name).to_dict("list") == {name: [1]}
    assert [column for column, _ in warehouse.columns(name)] == [name]
    assert warehouse.query(f"SELECT * FROM {warehouse.relation_sql(name)}").to_pydict() == {name: [1]}
    assert set(OUTPUTS) < set(warehouse.tables())


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_no_table_can_have_is_refused(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(WarehouseError, match="expected the name of a table or column"):
        warehouse.write_table(name, pd.DataFrame({"a": [1]}))


def test_tables_and_views_of_every_schema_are_read_by_their_names(
    place: Any, warehouse: Warehouse
) -> None:
    place.run('CREATE SCHEMA "CRM"', 'CREATE TABLE "CRM"."Acc.ounts" AS SELECT 7 AS id')
    place.run("CREATE VIEW money AS SELECT CAST(1.25 AS DECIMAL(9, 2)) AS mrr, DATE '2026-04-01' AS day")
    assert warehouse.tables() == sorted([*OUTPUTS, "CRM.Acc.ounts", "money"])
    assert warehouse.read_table("crm.acc.ounts")["id"].tolist() == [7]
    money = warehouse.read_table("Money")
    assert money["mrr"].tolist() == [1.25]
    assert money["day"].tolist() == [pd.Timestamp("2026-04-01")]
    warehouse.write_table("crm.panel", pd.DataFrame({"a": [1]}))
    warehouse.write_table("dotted.panel", pd.DataFrame({"a": [2]}))
    assert warehouse.read_table("CRM.panel")["a"].tolist() == [1]
    assert warehouse.read_table("dotted.panel")["a"].tolist() == [2]


def test_an_unknown_table_names_its_nearest_neighbour_and_the_list(warehouse: Warehouse) -> None:
    message = r"no table or view 'health_scors' \(did you mean 'health_scores'\?\)\. There are .*runs'"
    for ask in (warehouse.read_table, warehouse.relation_sql, warehouse.columns):
        with pytest.raises(WarehouseError, match=message):
            ask("health_scors")


@pytest.mark.parametrize("table", ["health_scores", "Health_Current"])
def test_output_tables_cannot_be_overwritten(warehouse: Warehouse, table: str) -> None:
    with pytest.raises(WarehouseError, match="is an output table of churnhealth; choose another name"):
        warehouse.write_table(table, pd.DataFrame({"a": [1]}))


def test_a_view_is_not_replaced_by_a_table(place: Any, warehouse: Warehouse) -> None:
    place.run("CREATE VIEW panel AS SELECT 1 AS a")
    with pytest.raises(WarehouseError, match=r"(?i)panel"):
        warehouse.write_table("panel", pd.DataFrame({"a": [2]}))
    assert warehouse.read_table("panel")["a"].tolist() == [1]
