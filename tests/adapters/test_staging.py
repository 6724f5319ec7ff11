"""Scored customers that wait: seen by nobody, published at once, and gone when a run dies."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from churnhealth.adapters.score_batch import ScoreBatch, batch_contract, table_faults
from churnhealth.adapters.warehouse import PublishResult, Warehouse
from churnhealth.domain.tables import HEALTH_DRIVERS, HEALTH_SCORES
from churnhealth.errors import SchemaError, WarehouseError

LATER = pd.Timestamp("2026-04-05", tz="UTC")
SCORES = {"a": 90.0, "b": 30.0, "c": 30.0, "d": 55.0}


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def batches(world: Any, run: Any, size: int) -> list[ScoreBatch]:
    customers = list(SCORES.items())
    parts = [dict(customers[at : at + size]) for at in range(0, len(customers), size)]
    return [ScoreBatch.from_slice(world.slice(run, part)) for part in parts]


def leftovers(place: Any, warehouse: Warehouse) -> list[str]:
    tables = [name for name in warehouse.tables() if "staged" in name]
    if place.engine == "duckdb":
        tables += [one.name for one in Path(place.location).parent.glob("*staging")]
    return tables


@pytest.mark.parametrize("size", [1, 3, 4])
def test_batches_of_any_size_are_one_slice_ranked_over_all_customers(
    place: Any, warehouse: Warehouse, world: Any, size: int
) -> None:
    run = world.run(rows=4)
    warehouse.start_run(dataclasses.replace(run, rows_read=0, input_fingerprint=None))
    with warehouse.staging() as staged:
        for batch in batches(world, run, size):
            staged.add(batch)
        assert warehouse.read_table("health_scores").empty
        assert staged.publish(run, LATER) == PublishResult("completed", 1)
    table = warehouse.read_table("health_scores").set_index("customer_id")
    # Health 30, 30, 55, 90; equal ones by id.
    assert table["risk_rank"].to_dict() == {"b": 1, "c": 2, "d": 3, "a": 4}
    assert len(warehouse.read_table("health_drivers")) == 8
    ledger = warehouse.runs().iloc[0]
    assert (ledger["rows_read"], ledger["input_fingerprint"]) == (4, "f1")
    top = warehouse.riskiest_scores(run.cutoff, "m1", 2)
    assert top["customer_id"].tolist() == ["b", "c"]
    assert leftovers(place, warehouse) == []


def published(warehouse: Warehouse, run: Any, parts: list[ScoreBatch]) -> PublishResult:
    with warehouse.staging() as staged:
        for batch in parts:
            staged.add(batch)
        return staged.publish(run, LATER)


def test_a_customer_in_two_batches_is_refused(place: Any, warehouse: Warehouse, world: Any) -> None:
    run = world.run(rows=2)
    warehouse.start_run(run)
    batch = ScoreBatch.from_slice(world.slice(run, {"a": 90.0}))
    with pytest.raises(WarehouseError, match="each customer in one batch only, got 1 in several"):
        published(warehouse, run, [batch, batch])
    assert warehouse.read_table("health_scores").empty
    assert leftovers(place, warehouse) == []


def test_customers_that_were_read_and_not_scored_stop_the_run(warehouse: Warehouse, world: Any) -> None:
    run = world.run(rows=5)
    warehouse.start_run(run)
    with pytest.raises(WarehouseError, match="5 read, 4 scored, 0 rejected"):
        published(warehouse, run, batches(world, run, 2))
    assert warehouse.read_table("health_scores").empty


def test_a_batch_that_breaks_its_contract_is_not_put_aside(warehouse: Warehouse, world: Any) -> None:
    run = world.run(rows=1)
    good = ScoreBatch.from_slice(world.slice(run, {"a": 90.0}))
    place = good.scores.column_names.index("health_score")
    bad = good.scores.set_column(place, "health_score", pa.array([101.0]))
    spoiled = dataclasses.replace(good, scores=bad)
    with pytest.raises(SchemaError, match="health_score: expected 0 to 100, got 101 to 101"):
        published(warehouse, run, [spoiled])


KILLED = """
import runpy, sys, time
from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.score_batch import ScoreBatch

world = runpy.run_path(sys.argv[1])["World"]
warehouse = open_warehouse(sys.argv[2])
with warehouse.job_lock("score"):
    run = world.run("killed", rows=2)
    warehouse.start_run(run)
    with warehouse.staging() as staged:
        staged.add(ScoreBatch.from_slice(world.slice(run, {"x": 1.0, "y": 2.0})))
        print("in the middle", flush=True)
        time.sleep(60)
"""


def test_kill_9_between_batches_leaves_rests_that_the_next_run_removes(
    place: Any, warehouse: Warehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    before = place.contents()
    command = [sys.executable, "-c", KILLED, str(Path(__file__).with_name("conftest.py"))]
    with subprocess.Popen([*command, place.location], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        # Others read the published scores while a run puts its own aside.
        assert warehouse.read_table("health_scores")["customer_id"].tolist() == ["a"]
        process.kill()
    assert leftovers(place, warehouse) != []
    assert place.contents() == before
    world.publish(warehouse, "r3", {"a": 80.0}, fingerprint="f2", started="2026-04-04")
    assert warehouse.read_table("health_scores")["customer_id"].tolist() == ["a"]
    assert leftovers(place, warehouse) == []


def test_faults_of_an_arrow_table_are_told_together() -> None:
    contract = batch_contract(HEALTH_DRIVERS)
    columns = {name: pa.array(["x"], pa.large_string()) for name in contract.column_names}
    columns |= {"rank": pa.array([0]), "contribution_points": pa.array([float("inf")])}
    columns["indicator"] = pa.nulls(1, pa.large_string())
    faults = table_faults(contract, pa.table(columns))
    assert faults == [
        "rank: expected 1 or more, got 0 to 0",
        "indicator: expected a value in every row, got 1 without",
        "contribution_points: expected finite numbers, got others",
        "direction: expected one of 'raises', 'lowers', 'none', got 'x'",
    ]
    assert "expected the columns" in table_faults(batch_contract(HEALTH_SCORES), pa.table(columns))[0]
