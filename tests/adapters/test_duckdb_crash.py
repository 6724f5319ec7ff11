"""A process that dies in the middle: the old slice stays whole, and the next run completes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.warehouse import PublishResult

KILLED = """
import runpy, sys, time
from churnhealth.adapters import warehouse_publish
from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse

world = runpy.run_path(sys.argv[1])["World"]
original = warehouse_publish._replace_table

def stop_after_the_scores(*given):
    original(*given)
    print("in the middle", flush=True)
    time.sleep(60)

warehouse_publish._replace_table = stop_after_the_scores
warehouse = DuckDBWarehouse(sys.argv[2])
with warehouse.job_lock("score"):
    world.publish(warehouse, "killed", {"a": 1.0, "b": 2.0}, fingerprint="f2")
"""


def test_kill_9_in_the_middle_leaves_the_old_slice_and_the_next_run_completes(
    warehouse: DuckDBWarehouse, world: Any, database: Path
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0}, rejected=1)
    before = world.contents(database)
    command = [sys.executable, "-c", KILLED, str(Path(__file__).with_name("conftest.py")), str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
    assert world.contents(database) == before
    with warehouse.job_lock("score"):
        result = world.publish(warehouse, "r3", {"a": 80.0}, fingerprint="f2", started="2026-04-04")
    assert result == PublishResult("completed", 2)
    ledger = warehouse.runs().set_index("run_id")
    assert ledger["status"].to_dict() == {"r1": "completed", "killed": "failed", "r3": "completed"}
    assert ledger.loc["killed", "message"] == "died before it finished; found by run r3"
    assert ledger.loc["killed", "finished_at"] == pd.Timestamp("2026-04-04", tz="UTC")


def test_a_commit_that_only_stands_in_the_log_survives_a_crash(
    warehouse: DuckDBWarehouse, world: Any, database: Path, tmp_path: Path
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0})
    # A connection of our own keeps DuckDB from folding the log into the file; the copy is the crash.
    with duckdb.connect(database):
        world.publish(warehouse, "r2", {"a": 80.0, "new": 20.0}, fingerprint="f2")
        assert Path(f"{database}.wal").stat().st_size > 0
        shutil.copytree(database.parent, tmp_path / "crashed")
    crashed = DuckDBWarehouse(tmp_path / "crashed" / database.name)
    assert crashed.current_scores()["health_score"].tolist() == [20.0, 80.0]
    assert world.publish(crashed, "r3", {"a": 70.0}, fingerprint="f3").revision == 3
    assert crashed.current_scores()["health_score"].tolist() == [70.0]
