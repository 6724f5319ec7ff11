"""What goes wrong in the middle, and who has to wait, on every engine."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters import warehouse_publish
from churnhealth.adapters.warehouse import PublishResult, ScoreSlice, Warehouse
from churnhealth.errors import SchemaError, WarehouseError

LATER = pd.Timestamp("2026-04-05", tz="UTC")


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def double_the_driver(slice_: ScoreSlice) -> ScoreSlice:
    return dataclasses.replace(slice_, drivers=pd.concat([slice_.drivers] * 2, ignore_index=True))


def lose_a_customer(slice_: ScoreSlice) -> ScoreSlice:
    return dataclasses.replace(slice_, scores=slice_.scores.iloc[:1])


@pytest.mark.parametrize(
    ("spoil", "error"), [(double_the_driver, SchemaError), (lose_a_customer, WarehouseError)]
)
def test_a_slice_that_breaks_a_rule_leaves_the_old_one_whole(
    place: Any,
    warehouse: Warehouse,
    world: Any,
    spoil: Callable[[ScoreSlice], ScoreSlice],
    error: type[Exception],
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0})
    before = place.contents()
    run = world.run("r2", rows=2, fingerprint="f2")
    warehouse.start_run(run)
    with pytest.raises(error):
        warehouse.publish(run, spoil(world.slice(run, {"a": 80.0, "b": 20.0})), LATER)
    assert place.contents() == before


def test_a_failure_between_two_statements_leaves_the_old_slice_whole(
    place: Any, warehouse: Warehouse, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0}, rejected=1)
    before = place.contents()
    original = warehouse_publish._replace_table

    def fail_at_the_drivers(session: Any, *given: Any) -> None:
        original(session, *given)
        if given[-1].name == "health_drivers":
            session.execute("SELECT 1 / missing_column FROM health_scores")

    monkeypatch.setattr(warehouse_publish, "_replace_table", fail_at_the_drivers)
    with pytest.raises(WarehouseError, match="missing_column"):
        world.publish(warehouse, "r2", {"a": 80.0}, fingerprint="f2")
    assert place.contents() == before
    assert warehouse.runs()["status"].tolist() == ["completed", "started"]
    monkeypatch.undo()
    assert world.publish(warehouse, "r3", {"a": 80.0}, fingerprint="f2").revision == 2


KILLED = """
import runpy, sys, time
from churnhealth.adapters import warehouse_publish
from churnhealth.adapters.open_warehouse import open_warehouse

world = runpy.run_path(sys.argv[1])["World"]
original = warehouse_publish._replace_table

def stop_after_the_drivers(*given):
    original(*given)
    if given[-1].name == "health_drivers":
        print("in the middle", flush=True)
        time.sleep(60)

warehouse = open_warehouse(sys.argv[2])
with warehouse.job_lock("score"):
    warehouse_publish._replace_table = stop_after_the_drivers
    world.publish(warehouse, "killed", {"a": 1.0, "b": 2.0}, fingerprint="f2")
"""


@pytest.mark.slow
def test_kill_9_in_the_middle_leaves_the_old_slice_and_the_next_run_completes(
    place: Any, world: Any
) -> None:
    warehouse = place.open(wait_seconds=0.3)
    patient = place.open(wait_seconds=20.0)
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0}, rejected=1)
    before = place.contents()
    script = Path(__file__).with_name("conftest.py")
    command = [sys.executable, "-c", KILLED, str(script), place.location]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        with (
            pytest.raises(WarehouseError, match=rf"process {process.pid}\b"),
            warehouse.job_lock("score"),
        ):
            pytest.fail("the lock let two in")
        process.kill()
    with patient.job_lock("score"):
        assert place.contents() == before
        result = world.publish(patient, "r3", {"a": 80.0}, fingerprint="f2", started="2026-04-04")
    assert result == PublishResult("completed", 2)
    ledger = warehouse.runs().set_index("run_id")
    assert ledger["status"].to_dict() == {"r1": "completed", "killed": "failed", "r3": "completed"}
    assert warehouse.customer_scores("a")["health_score"].tolist() == [80.0]


@pytest.mark.slow
def test_a_second_job_of_a_kind_waits_until_the_first_is_done(place: Any) -> None:
    patient = place.open(wait_seconds=20.0)
    with place.open().job_lock("score"), place.open().job_lock("retrain"):
        with pytest.raises(WarehouseError, match="job 'score': already"), place.open().job_lock("score"):
            pytest.fail("the lock let two in")
        command = (
            "import sys; from churnhealth.adapters.open_warehouse import open_warehouse as o\n"
            "print('asks', flush=True)\n"
            "with o(sys.argv[1], wait_seconds=20.0).job_lock('score'): print('holds', flush=True)"
        )
        waiting = subprocess.Popen(
            [sys.executable, "-c", command, place.location], stdout=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "asks\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
    assert waiting.communicate(timeout=20)[0] == "holds\n"
    with patient.job_lock("score"):
        assert waiting.returncode == 0


@pytest.mark.parametrize("job", ["", "../score", "Score", "a b"])
def test_a_job_is_a_plain_word(warehouse: Warehouse, job: str) -> None:
    with pytest.raises(WarehouseError, match="expected lower-case letters and underscores"):
        warehouse.job_lock(job)
