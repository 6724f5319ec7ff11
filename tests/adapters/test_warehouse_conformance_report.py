"""Reading many customers at once for the report, on every engine."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.monitor_reads import MOST_BOUND
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError

APRIL, MAY = pd.Timestamp("2026-04-01", tz="UTC"), pd.Timestamp("2026-05-01", tz="UTC")
HOSTILE = "'; DROP TABLE health_scores; --"


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def publish_twice(warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0, "c": 50.0})
    world.publish(
        warehouse,
        "r2",
        {"a": 75.0, HOSTILE: 40.0},
        cutoff="2026-05-01",
        model="m2",
        finished="2026-05-02",
    )


def test_histories_of_some_customers_are_those_of_each(warehouse: Warehouse, world: Any) -> None:
    publish_twice(warehouse, world)
    got = warehouse.histories_of(["a", HOSTILE, "nobody", "a"])
    assert got["customer_id"].tolist() == [HOSTILE, "a", "a"]
    assert got["health_score"].tolist() == [40.0, 75.0, 90.0]
    alone = warehouse.customer_history("a")
    both = got[got["customer_id"] == "a"].reset_index(drop=True)
    pd.testing.assert_frame_equal(both, alone)


def test_more_customers_than_one_statement_binds_are_all_read(warehouse: Warehouse, world: Any) -> None:
    names = [f"c{number:04d}" for number in range(MOST_BOUND + 3)]
    world.publish(warehouse, "r1", dict.fromkeys(names, 50.0))
    assert warehouse.histories_of(names)["customer_id"].tolist() == names
    assert warehouse.groups_of(APRIL, "m1", names)["customer_id"].tolist() == names
    assert warehouse.histories_of([]).empty


def test_groups_come_for_a_whole_slice_and_for_some_of_it(warehouse: Warehouse, world: Any) -> None:
    publish_twice(warehouse, world)
    whole = warehouse.slice_groups(APRIL, "m1")
    assert list(whole.columns) == ["customer_id", "indicator_group", "points", "sub_score"]
    assert whole["sub_score"].tolist() == [90.0, 30.0, 50.0]
    some = warehouse.groups_of(APRIL, "m1", ["c", "a", HOSTILE])
    assert some["customer_id"].tolist() == ["a", "c"]
    assert warehouse.groups_of(MAY, "m1", ["a"]).empty


def test_indicators_come_for_some_of_a_slice(warehouse: Warehouse, world: Any) -> None:
    publish_twice(warehouse, world)
    some = warehouse.indicators_of(MAY, "m2", [HOSTILE, "b"])
    assert [json.loads(text) for text in some["indicators"]] == [{"logins": 40.0}]


def test_bands_are_counted_by_cutoff_as_the_champions_scored_them(
    warehouse: Warehouse, world: Any
) -> None:
    publish_twice(warehouse, world)
    # The same cutoff by another model, finished last: only it counts for April.
    world.publish(warehouse, "r3", {"a": 80.0}, model="m2", finished="2026-05-03")
    got = warehouse.band_counts(5)
    assert got["cutoff"].tolist() == [MAY, APRIL]
    assert got["model_version"].tolist() == ["m2", "m2"]
    assert got["customers"].tolist() == [2, 1]
    assert got["health_band"].tolist() == ["green", "green"]
    assert got["mrr_at_risk"].isna().all()
    assert warehouse.band_counts(1)["cutoff"].tolist() == [MAY]


def test_without_tables_the_reads_say_that_nothing_was_scored(tmp_path: Any) -> None:
    from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse

    warehouse = DuckDBWarehouse(tmp_path / "new.duckdb")
    warehouse.write_table("panel", pd.DataFrame({"x": [1]}))
    for read in (
        lambda: warehouse.histories_of(["a"]),
        lambda: warehouse.slice_groups(APRIL, "m1"),
        lambda: warehouse.band_counts(3),
    ):
        with pytest.raises(WarehouseError, match="nothing has been scored here yet"):
            read()
