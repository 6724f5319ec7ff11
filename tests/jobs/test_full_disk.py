"""Places that cannot be written to: no room is left, or writing is not allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def changed(duckdb_placed: Any) -> tuple[Any, dict[str, str]]:
    """A project that was scored once, whose customers have changed since; and what was published."""
    frame = duckdb_placed.warehouse.read_table("to_score")
    [first] = duckdb_placed.score({})
    assert first["status"] == "completed"
    duckdb_placed.warehouse.write_table("to_score", frame.assign(logins=frame["logins"] + 3.0))
    return duckdb_placed, duckdb_placed.published()


@pytest.mark.parametrize(
    ("stage", "room"),
    [("begin", 1_000), ("scoring and explaining", 4_000), ("publishing", 4_000)],
    ids=["the ledger", "the batches put aside", "the scores"],
)
def test_a_full_disk_stops_the_run_with_advice_and_the_old_scores_stay_whole(
    changed: tuple[Any, dict[str, str]], stage: str, room: int
) -> None:
    # A limit for files needs no privilege and fails as a full disk does. It lies below the first
    # block of DuckDB's file: a disk that is full does not tear blocks that have their place.
    placed, before = changed
    [failed] = placed.score({"file_limit": [stage, room]})
    assert failed["code"] == 0
    assert failed["error"] == "WarehouseError", failed
    assert "disk" in failed["message"], failed
    assert placed.published() == before
    [rerun] = placed.score({})
    assert (rerun["status"], rerun["revision"]) == ("completed", 2)
    assert placed.leftovers() == []


@pytest.fixture
def write_protected(changed: tuple[Any, dict[str, str]]) -> Iterator[Callable[[int, int], Path]]:
    """Return what sets the permission bits of the warehouse's file and of its folder."""
    folder = changed[0].folder

    def protect(file_mode: int, folder_mode: int) -> Path:
        file = folder / "warehouse.duckdb"
        for lock in folder.glob("*.lock"):
            lock.unlink()
        file.chmod(file_mode)
        folder.chmod(folder_mode)
        return file

    yield protect
    folder.chmod(0o755)


@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o444, 0o755), (0o644, 0o555)], ids=["the file", "the folder"]
)
def test_a_read_only_target_is_named_and_stays_as_it_is(
    changed: tuple[Any, dict[str, str]],
    write_protected: Callable[[int, int], Path],
    file_mode: int,
    folder_mode: int,
) -> None:
    placed, before = changed
    file = write_protected(file_mode, folder_mode)
    content = file.read_bytes()
    [failed] = placed.score({"no_privilege": True, "wait_seconds": 0.2})
    assert failed["error"] == "WarehouseError", failed
    assert str(file) in failed["message"]
    assert "ermission denied" in failed["message"], failed
    assert file.read_bytes() == content
    assert placed.published() == before
    assert placed.leftovers() == []
