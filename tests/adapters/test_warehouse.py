"""Records and checks that every warehouse shares."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.slice_check import checked_slice
from churnhealth.adapters.warehouse import utc_moment
from churnhealth.errors import SchemaError, WarehouseError


def test_a_run_keeps_its_times_in_utc(world: Any) -> None:
    run = world.run(rows=1)
    assert run.cutoff == dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    assert type(run.started_at) is dt.datetime


def test_a_run_refuses_times_without_a_zone_and_empty_names(world: Any) -> None:
    naive = pd.Timestamp("2026-04-01").to_pydatetime()
    with pytest.raises(WarehouseError, match="run 'r1': cutoff: expected a time with a time zone"):
        dataclasses.replace(world.run(rows=1), cutoff=naive)
    with pytest.raises(WarehouseError, match="expected a run_id, got an empty one"):
        world.run("", rows=1)
    with pytest.raises(WarehouseError, match="job: expected lower-case letters"):
        world.run(rows=1, job="")


def test_what_is_finer_than_a_microsecond_is_cut() -> None:
    moment = pd.Timestamp("2026-04-01 00:00:00.123456999", tz="UTC")
    assert utc_moment("cutoff", moment) == dt.datetime(2026, 4, 1, 0, 0, 0, 123456, tzinfo=dt.UTC)


def test_a_good_slice_comes_back_by_contract_with_the_rejects_of_the_run(world: Any) -> None:
    run = world.run(rows=3)
    tables = checked_slice(run, world.slice(run, {"a": 1.0, "b": 2.0}, rejected=1))
    assert {contract.name: len(frame) for contract, frame in tables.items()} == {
        "health_scores": 2,
        "health_group_scores": 2,
        "health_drivers": 4,
        "health_indicators": 2,
        "health_rejects": 1,
    }
    rejects = next(frame for contract, frame in tables.items() if contract.name == "health_rejects")
    assert rejects["run_id"].tolist() == ["r1"]


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"job": "retrain"}, "only the job 'score' publishes, got 'retrain'"),
        ({"fingerprint": None}, "publishing scores needs 'input_fingerprint', got none"),
        ({"rows": 2}, "got 2 read, 1 scored, 0 rejected"),
    ],
)
def test_a_run_that_cannot_publish_says_why(world: Any, about: dict[str, Any], message: str) -> None:
    run = world.run(**{"rows": 1, **about})
    with pytest.raises(WarehouseError, match=message):
        checked_slice(run, world.slice(run, {"a": 1.0}))


def test_one_row_rejected_twice_is_a_fault_of_the_rejects(world: Any) -> None:
    run = world.run(rows=3)
    slice_ = world.slice(run, {"a": 1.0}, rejected=2)
    slice_.rejects["row_hash"] = "same"
    with pytest.raises(
        SchemaError, match=r"health_rejects: 1 fault\n.*key \(run_id, source, row_hash\)"
    ):
        checked_slice(run, slice_)
