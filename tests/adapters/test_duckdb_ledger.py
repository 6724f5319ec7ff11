"""The ledger of runs, and the lock that keeps two runs of a job apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.errors import WarehouseError

END = pd.Timestamp("2026-04-03 12:00:00.123456", tz="UTC")


def test_a_started_run_stands_in_the_ledger_by_itself(warehouse: DuckDBWarehouse, world: Any) -> None:
    warehouse.start_run(world.run("r1", rows=7))
    row = warehouse.runs().iloc[0]
    assert (row["run_id"], row["job"], row["status"], row["rows_read"]) == ("r1", "score", "started", 7)
    assert row["cutoff"] == pd.Timestamp("2026-04-01", tz="UTC")
    assert row[["revision", "rows_scored", "finished_at", "message"]].isna().all()


def test_a_stale_started_run_of_the_same_job_becomes_failed(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    warehouse.start_run(world.run("dead", rows=1))
    warehouse.start_run(world.run("other", rows=1, job="retrain"))
    warehouse.start_run(world.run("next", rows=1, started="2026-04-09"))
    ledger = warehouse.runs().set_index("run_id")
    assert ledger["status"].to_dict() == {"dead": "failed", "other": "started", "next": "started"}
    assert ledger.loc["dead", "message"] == "died before it finished; found by run next"


def test_a_run_id_is_used_once(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    with pytest.raises(WarehouseError, match=r"(?i)duplicate key"):
        warehouse.start_run(world.run("r1", rows=1))
    assert warehouse.runs()["status"].tolist() == ["completed"]


def test_a_failed_run_keeps_its_message(warehouse: DuckDBWarehouse, world: Any) -> None:
    warehouse.start_run(world.run("r1", rows=1))
    warehouse.fail_run("r1", "the model's folder is damaged", END)
    row = warehouse.runs().iloc[0]
    assert (row["status"], row["message"]) == ("failed", "the model's folder is damaged")
    assert row["finished_at"] == END


def test_failing_leaves_a_run_that_has_ended_as_it_is(warehouse: DuckDBWarehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    before = warehouse.runs()
    warehouse.fail_run("r1", "printing failed", END)
    pd.testing.assert_frame_equal(warehouse.runs(), before)


def test_a_retrain_run_is_finished_with_its_model(warehouse: DuckDBWarehouse, world: Any) -> None:
    run = world.run("r1", rows=100, job="retrain", cutoff=None, model=None)
    warehouse.start_run(run)
    warehouse.finish_run(run, END, message="promoted", model_version="7-abc")
    row = warehouse.runs().iloc[0]
    assert (row["status"], row["model_version"], row["message"]) == ("completed", "7-abc", "promoted")
    assert pd.isna(row["cutoff"])
    with pytest.raises(WarehouseError, match="run 'r1': expected a started run"):
        warehouse.finish_run(run, END, message="again")


def test_a_score_run_cannot_be_finished_without_its_scores(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    run = world.run("r1", rows=1)
    warehouse.start_run(run)
    with pytest.raises(WarehouseError, match="is finished by publishing its scores"):
        warehouse.finish_run(run, END, message="done")
    assert warehouse.runs()["status"].tolist() == ["started"]


def test_the_ledger_shows_the_newest_start_first_and_no_more_than_asked(
    warehouse: DuckDBWarehouse, world: Any
) -> None:
    for day in (3, 1, 2):
        warehouse.start_run(world.run(f"r{day}", rows=1, started=f"2026-04-0{day}"))
    assert warehouse.runs(2)["run_id"].tolist() == ["r3", "r2"]


def test_two_jobs_of_a_kind_at_once_are_refused_by_the_lock(
    warehouse: DuckDBWarehouse, database: Path
) -> None:
    with (
        warehouse.job_lock("score"),
        warehouse.job_lock("retrain"),
        pytest.raises(WarehouseError, match=r"job 'score': already running in process \d+"),
        DuckDBWarehouse(database, wait_seconds=0.1).job_lock("score"),
    ):
        pytest.fail("the lock let two in")
    assert (database.parent / "warehouse.duckdb.score.lock").exists()


@pytest.mark.parametrize("job", ["", "../score", "Score", "a b"])
def test_a_job_is_a_plain_word(warehouse: DuckDBWarehouse, job: str) -> None:
    with pytest.raises(WarehouseError, match="expected lower-case letters and underscores"):
        warehouse.job_lock(job)
