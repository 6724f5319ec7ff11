"""Reading one customer, on every engine: one suite over DuckDB and PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError

HOSTILE = "'; DROP TABLE health_scores; --"


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def publish_three(warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0, "c": 50.0})
    world.publish(warehouse, "r2", {"a": 75.0, "b": 30.0}, cutoff="2026-04-15", finished="2026-04-16")
    # A backfill by a newer model: champion of its own cutoff only.
    world.publish(warehouse, "r3", {"a": 10.0}, cutoff="2026-03-15", model="m2", finished="2026-04-17")
    # The same cutoff by another model, finished last: it is the champion of 1 April.
    world.publish(warehouse, "r4", {"a": 80.0, "b": 31.0}, model="m2", finished="2026-04-18")


def test_a_customers_history_is_that_of_the_champions_latest_first(
    warehouse: Warehouse, world: Any
) -> None:
    publish_three(warehouse, world)
    got = warehouse.customer_history("a")
    assert got["health_score"].tolist() == [75.0, 80.0, 10.0]
    assert got["health_score_change"].iloc[:2].tolist() == [-5.0, 70.0]
    assert pd.isna(got["health_score_change"].iloc[2])
    assert got["is_stale"].tolist() == [False, True, True]
    assert warehouse.customer_history("nobody").empty


def test_the_first_row_of_a_history_is_the_row_of_the_current_view(
    warehouse: Warehouse, world: Any
) -> None:
    publish_three(warehouse, world)
    current = warehouse.current_scores()
    for customer in current["customer_id"]:
        row = current[current["customer_id"] == customer].reset_index(drop=True)
        pd.testing.assert_frame_equal(warehouse.customer_history(customer).head(1), row)


def test_the_ledger_knows_how_many_customers_a_slice_has(warehouse: Warehouse, world: Any) -> None:
    publish_three(warehouse, world)
    april = pd.Timestamp("2026-04-01", tz="UTC")
    assert warehouse.customers_scored(april, "m1") == 3
    assert warehouse.customers_scored(april, "m2") == 2
    assert warehouse.customers_scored(april, "m9") == 0


def test_alike_customers_stand_beside_or_contain_what_was_asked(
    warehouse: Warehouse, world: Any
) -> None:
    names = {f"T{number:04d}": 50.0 for number in range(40)}
    world.publish(warehouse, "r1", names)
    # Two beside it on either side; none contains "T00195" without its T.
    assert warehouse.alike_customers("T00195", limit=2) == ["T0018", "T0019", "T0020", "T0021"]
    # Another first letter and another case: the rest is contained.
    assert "T0017" in warehouse.alike_customers("x0017", limit=2)
    assert "T0007" in warehouse.alike_customers("007", limit=2)
    assert len(warehouse.alike_customers("T", limit=3)) <= 9


def test_indicators_come_back_for_one_score_and_for_a_sample_of_a_slice(
    warehouse: Warehouse, world: Any
) -> None:
    publish_three(warehouse, world)
    april = pd.Timestamp("2026-04-01", tz="UTC")
    one = warehouse.customer_indicators("a", april, "m1")
    assert [json.loads(text) for text in one["indicators"]] == [{"logins": 90.0}]
    assert warehouse.customer_indicators("c", april, "m2").empty
    # md5: a 0cc1..., b 92eb..., c 4a8a...
    assert warehouse.sampled_indicators(april, "m1", 2)["customer_id"].tolist() == ["a", "c"]
    assert warehouse.sampled_indicators(april, "m1", 9)["customer_id"].tolist() == ["a", "c", "b"]
    assert warehouse.sampled_indicators(april, "m9", 9).empty


def test_what_is_asked_is_never_part_of_a_statement(warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, HOSTILE: 50.0})
    assert warehouse.customer_history(HOSTILE)["health_score"].tolist() == [50.0]
    assert HOSTILE in warehouse.alike_customers("DROP TABLE")
    assert warehouse.alike_customers("%_'\\") != []
    assert warehouse.customer_history("a")["health_score"].tolist() == [90.0]


def test_before_anything_was_scored_every_reading_says_so(place: Any) -> None:
    other = place.open(prefix="other_")
    with pytest.raises(WarehouseError, match="nothing has been scored here yet"):
        other.customer_history("a")
    with pytest.raises(WarehouseError, match="nothing has been scored here yet"):
        other.alike_customers("a")
