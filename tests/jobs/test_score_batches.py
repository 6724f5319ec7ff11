"""The scoring job in many small batches does what it does in one."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError, WarehouseError
from churnhealth.jobs import score as score_module
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace

TABLES = ("health_scores", "health_group_scores", "health_drivers", "health_indicators")


@pytest.fixture
def small(trained: Workplace, reopened: Callable[..., Workplace]) -> Workplace:
    """60 customers in nine batches."""
    return in_batches(trained, reopened, 7)


def in_batches(workplace: Workplace, reopened: Callable[..., Workplace], rows: int) -> Workplace:
    return reopened(workplace, 'table = "to_score"', f'table = "to_score"\nbatch_rows = {rows}')


def customers(workplace: Workplace) -> pd.DataFrame:
    return workplace.warehouse.read_table("to_score")


def published(workplace: Workplace) -> dict[str, pd.DataFrame]:
    """Return all published rows in a fixed order, without what differs between two runs."""
    tables = {}
    for name in TABLES:
        table = workplace.warehouse.read_table(name).drop(
            columns=["run_id", "scored_at"], errors="ignore"
        )
        keys = [one for one in ("customer_id", "rank", "indicator_group") if one in table]
        tables[name] = table.sort_values(keys).reset_index(drop=True)
    return tables


def staged(workplace: Workplace) -> list[Path]:
    return list(workplace.settings.folder.glob("*staging*"))


def test_the_tables_do_not_depend_on_the_size_of_batches(
    trained: Workplace, reopened: Callable[..., Workplace]
) -> None:
    score(trained)
    whole, frame = published(trained), customers(trained)
    for rows in (1, 7, 59):
        other = in_batches(trained, reopened, rows)
        other.warehouse.write_table("to_score", frame.assign(logins=0.0))
        score(other)
        other.warehouse.write_table("to_score", frame)
        assert score(other).status == "completed"
        for name, table in published(other).items():
            pd.testing.assert_frame_equal(table, whole[name], rtol=0, atol=1e-9)
        reopened(other, f"\nbatch_rows = {rows}", "")


def test_ranks_run_over_all_batches(small: Workplace) -> None:
    result = score(small)
    table = small.warehouse.read_table("health_scores").sort_values("risk_rank")
    assert table["risk_rank"].tolist() == list(range(1, 61))
    assert (table["churn_probability"].diff().dropna() <= 0).all()
    assert [card.customer["risk_rank"] for card in result.riskiest] == [1, 2, 3, 4, 5]
    assert sum(result.bands.values()) == 60
    assert staged(small) == []


def test_other_batches_of_the_same_input_are_unchanged(
    small: Workplace, reopened: Callable[..., Workplace]
) -> None:
    score(small)
    before = small.warehouse.read_table("health_scores")
    other = reopened(small, "batch_rows = 7", "batch_rows = 13")
    assert (score(other).status, score(small).status) == ("unchanged", "unchanged")
    pd.testing.assert_frame_equal(small.warehouse.read_table("health_scores"), before)


def test_a_corrected_input_replaces_all_batches_and_keeps_the_old_scores(small: Workplace) -> None:
    score(small)
    before = small.warehouse.read_table("health_scores").set_index("customer_id")["health_score"]
    frame = customers(small)
    frame.loc[frame["customer_id"] == "N0000", "logins"] = 0.0
    small.warehouse.write_table("to_score", frame.iloc[:-8])
    result = score(small)
    assert (result.status, result.revision, result.rows_scored) == ("completed", 2, 52)
    for name in TABLES:
        assert small.warehouse.read_table(name)["customer_id"].nunique() == 52
    assert set(small.warehouse.read_table("health_scores")["run_id"]) == {result.run_id}
    history = small.warehouse.read_table("health_scores_history").set_index("customer_id")
    assert history["health_score"].to_dict() == before.to_dict()


def test_a_backfill_never_becomes_current(small: Workplace) -> None:
    newest = score(small)
    score(small, cutoff=dt.date(2026, 1, 1))
    current = small.warehouse.current_scores()
    assert set(current["cutoff"]) == {pd.Timestamp(newest.cutoff)}
    assert (current["previous_cutoff"] == pd.Timestamp("2025-12-31 15:00", tz="UTC")).all()
    assert not current["is_stale"].any()


def test_a_customer_who_stands_in_two_batches_is_rejected_twice(small: Workplace) -> None:
    frame = customers(small)
    frame.loc[50, "customer_id"] = frame.loc[2, "customer_id"]
    frame.loc[30, "customer_id"] = None
    small.warehouse.write_table("to_score", frame)
    result = score(small)
    assert (result.rows_read, result.rows_scored, result.rows_rejected) == (60, 57, 3)
    rejects = small.warehouse.read_table("health_rejects")
    assert rejects["reason"].str.contains("customer_id").sum() == 3
    assert "N0002" not in set(small.warehouse.read_table("health_scores")["customer_id"])


def test_a_batch_of_nothing_but_rejects_is_counted(
    trained: Workplace, reopened: Callable[..., Workplace]
) -> None:
    small = in_batches(trained, reopened, 3)
    frame = customers(small)
    frame.loc[:2, "customer_id"] = None
    small.warehouse.write_table("to_score", frame)
    result = score(small)
    assert (result.rows_read, result.rows_scored, result.rows_rejected) == (60, 57, 3)
    assert len(small.warehouse.read_table("health_rejects")) == 3


def test_too_many_rejects_in_the_last_batch_leave_the_old_slice_whole(small: Workplace) -> None:
    score(small)
    before = published(small)
    frame = customers(small)
    frame.loc[52:, "logins"] = np.inf
    small.warehouse.write_table("to_score", frame)
    with pytest.raises(SchemaError, match="logins"):
        score(small)
    assert_as_before(small, before)


def test_a_failure_in_a_later_batch_leaves_the_old_slice_whole(
    small: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(small)
    before = published(small)
    small.warehouse.write_table("to_score", customers(small).assign(logins=1.0))
    original, calls = score_module.score_batch, []

    def fails_at_the_third(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == 3:
            raise MemoryError("no room")
        return original(*given, **named)

    monkeypatch.setattr(score_module, "score_batch", fails_at_the_third)
    with pytest.raises(MemoryError):
        score(small)
    assert_as_before(small, before)
    monkeypatch.undo()
    assert score(small).revision == 2


def assert_as_before(workplace: Workplace, before: dict[str, pd.DataFrame]) -> None:
    for name, table in published(workplace).items():
        pd.testing.assert_frame_equal(table, before[name])
    assert staged(workplace) == []
    assert workplace.warehouse.runs()["status"].tolist()[0] == "failed"


def test_rests_of_a_killed_run_are_not_published(small: Workplace) -> None:
    rests = small.settings.folder / "warehouse.duckdb.staging"
    rests.mkdir()
    (rests / "health_scores-000000.parquet").write_text("half of a file")
    assert score(small).rows_scored == 60
    assert staged(small) == []


def test_a_second_job_is_told_which_process_holds_the_first(small: Workplace) -> None:
    with (
        small.warehouse.job_lock("score"),
        pytest.raises(WarehouseError, match=rf"(?s)'score'.*{os.getpid()}"),
    ):
        score(small)
