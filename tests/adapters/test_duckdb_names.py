"""Hostile and odd names: of customers, of tables, of columns, and prefixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.warehouse import OUTPUT_VIEWS
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.errors import WarehouseError

END = pd.Timestamp("2026-04-03", tz="UTC")
OUTPUTS = sorted([contract.name for contract in CREATED_TABLES] + [*OUTPUT_VIEWS])
HOSTILE = [
    '"; DROP TABLE health_scores; --',
    "'); DELETE FROM health_runs; --",
    "💥👩‍👩‍👧",
    " 名前\n",
    "x" * 10_000,
    "a\0b",
]


def test_two_prefixes_live_in_one_file_side_by_side(database: Path, world: Any) -> None:
    emea, apac = DuckDBWarehouse(database, prefix="emea_"), DuckDBWarehouse(database, prefix="Apac_")
    for warehouse, score in ((emea, 10.0), (apac, 20.0)):
        warehouse.prepare()
        world.publish(warehouse, "r1", {"a": score})
    assert emea.current_scores()["health_score"].tolist() == [10.0]
    assert apac.current_scores()["health_score"].tolist() == [20.0]
    assert "Apac_health_current" in emea.tables()
    assert emea.describe().endswith("output tables begin with 'emea_'")
    with pytest.raises(WarehouseError, match="is an output table"):
        emea.write_table("emea_health_scores", pd.DataFrame({"a": [1]}))


@pytest.mark.parametrize("prefix", ['a"; --', "a.b", "a b", "1a", "é"])
def test_a_prefix_is_plain_text(database: Path, prefix: str) -> None:
    with pytest.raises(WarehouseError, match="expected letters, digits and underscores"):
        DuckDBWarehouse(database, prefix=prefix)


def test_any_customer_id_survives(warehouse: DuckDBWarehouse, world: Any) -> None:
    scores = {customer_id: float(place) for place, customer_id in enumerate(HOSTILE)}
    world.publish(warehouse, "r1", scores)
    world.publish(warehouse, "r2", scores | {"b": 40.0}, fingerprint="f2")
    assert warehouse.current_scores()["customer_id"].tolist() == [*HOSTILE, "b"]
    assert len(warehouse.read_table("health_scores_history")) == len(HOSTILE)
    assert len(warehouse.runs()) == 2
    cutoff = pd.Timestamp("2026-04-01", tz="UTC")
    for customer_id, score in scores.items():
        assert warehouse.customer_scores(customer_id)["health_score"].tolist() == [score]
        assert warehouse.customer_drivers(customer_id, cutoff, "m1")["rank"].tolist() == [1, 2]


def test_ids_that_only_look_alike_are_different_customers(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    alike = {"a": 1.0, "A": 2.0, "a ": 3.0, "\u00e9": 4.0, "e\u0301": 5.0, "": 6.0}
    world.publish(warehouse, "r1", alike)
    for customer_id, score in alike.items():
        assert warehouse.customer_scores(customer_id)["health_score"].tolist() == [score]


@pytest.mark.parametrize("name", ['"; DROP TABLE health_scores; --', "表 💥", "select"])
def test_any_table_and_column_name_survives(warehouse: DuckDBWarehouse, name: str) -> None:
    warehouse.write_table(name, pd.DataFrame({name: [1]}))
    assert warehouse.read_table(name).to_dict("list") == {name: [1]}
    assert set(OUTPUTS) < set(warehouse.tables())


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_no_table_can_have_is_refused(warehouse: DuckDBWarehouse, name: str) -> None:
    with pytest.raises(WarehouseError, match="expected the name of a table or column"):
        warehouse.write_table(name, pd.DataFrame({"a": [1]}))


def test_a_half_surrogate_is_an_error_of_ours_and_nothing_is_written(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    run = world.run(rows=1)
    warehouse.start_run(run)
    slice_ = world.slice(run, {"a": 1.0})
    slice_.drivers["reason_en"] = pd.Series(["\ud800"] * 2, dtype=object)
    with pytest.raises(WarehouseError, match="health_drivers: column 'reason_en' cannot be written"):
        warehouse.publish(run, slice_, END)
    assert warehouse.read_table("health_scores").empty
