"""Short connections: files that are held, missing, foreign or out of reach."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnhealth.adapters.duckdb_connection import reading, writing
from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.errors import WarehouseError

FRAME = pd.DataFrame({"a": [1]})
HOLD = """
import duckdb, sys
held = duckdb.connect(sys.argv[1], read_only={})
print("ok", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(path: Path, *, read_only: bool) -> Iterator[int]:
    command = [sys.executable, "-c", HOLD.format(read_only), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"ok"
        yield process.pid
        process.stdin.close()


def test_a_reader_elsewhere_stops_a_writer_with_an_error_that_names_it(
    warehouse: DuckDBWarehouse, database: Path
) -> None:
    with held_by_another_process(database, read_only=True) as pid:
        with pytest.raises(
            WarehouseError, match=rf"process {pid} holds the file open.*connection\.close"
        ):
            warehouse.write_table("panel", FRAME)
        assert warehouse.tables()  # reading next to a reader is fine
    warehouse.write_table("panel", FRAME)
    assert warehouse.read_table("panel")["a"].tolist() == [1]


def test_a_writer_elsewhere_stops_readers_and_writers(
    warehouse: DuckDBWarehouse, database: Path
) -> None:
    with held_by_another_process(database, read_only=False) as pid:
        with pytest.raises(WarehouseError, match=f"process {pid} holds the file open"):
            warehouse.read_table("health_scores")
        with pytest.raises(WarehouseError, match=f"process {pid} holds the file open"):
            warehouse.prepare()


def test_a_writer_waits_for_the_holder_until_the_deadline(
    warehouse: DuckDBWarehouse, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = iter([duckdb.IOException('Could not set lock on file "x"')] * 3)
    connect = duckdb.connect

    def busy_three_times(*given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        for error in busy:
            raise error
        return connect(*given, **named)

    monkeypatch.setattr(duckdb, "connect", busy_three_times)
    patient = DuckDBWarehouse(database, wait_seconds=30.0)
    patient.write_table("panel", FRAME)
    assert patient.read_table("panel")["a"].tolist() == [1]


def test_a_holder_that_duckdb_cannot_name_is_another_process(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise duckdb.IOException('Could not set lock on file "x"')

    monkeypatch.setattr(duckdb, "connect", busy)
    with (
        pytest.raises(WarehouseError, match="another process holds the file open"),
        writing(database, 0.0),
    ):
        pytest.fail("the file is held")


def test_a_connection_of_the_same_process_is_shared_or_named(
    warehouse: DuckDBWarehouse, database: Path
) -> None:
    with duckdb.connect(database) as own:
        warehouse.write_table("panel", FRAME)
        assert warehouse.read_table("panel")["a"].tolist() == [1]
        assert own.execute("SELECT a FROM panel").fetchall() == [(1,)]
    with duckdb.connect(database, read_only=True):
        assert warehouse.read_table("panel")["a"].tolist() == [1]
        with pytest.raises(
            WarehouseError, match=rf"this process itself \({os.getpid()}\) holds the file"
        ):
            warehouse.write_table("panel", FRAME)


def test_the_time_zone_of_other_connections_is_left_alone(
    warehouse: DuckDBWarehouse, database: Path
) -> None:
    with duckdb.connect(database) as own:
        own.execute("SET TimeZone = 'Asia/Tokyo'")
        own.execute(
            "CREATE VIEW day AS SELECT CAST(TIMESTAMPTZ '2026-04-01 23:00:00+00' AS DATE) AS day"
        )
        assert warehouse.read_table("day")["day"].tolist() == [pd.Timestamp("2026-04-01")]
        assert own.execute("SELECT current_setting('TimeZone')").fetchone() == ("Asia/Tokyo",)


def run(path: Path, *statements: str, end: BaseException | None = None) -> None:
    with writing(path, 0.1) as connection:
        for statement in statements:
            connection.execute(statement)
        if end is not None:
            raise end


def write(path: Path) -> None:
    DuckDBWarehouse(path, wait_seconds=0.1).write_table("panel", FRAME)


def prepare(path: Path) -> None:
    DuckDBWarehouse(path, wait_seconds=0.1).prepare()


def read(path: Path) -> None:
    DuckDBWarehouse(path, wait_seconds=0.1).read_table("panel")


@pytest.mark.parametrize("use", [write, prepare, read])
def test_a_folder_is_no_database(tmp_path: Path, use: Callable[[Path], None]) -> None:
    with pytest.raises(WarehouseError, match="expected a DuckDB file, got a folder"):
        use(tmp_path)


@pytest.mark.parametrize("use", [write, prepare, read])
def test_a_file_of_another_kind_is_no_database(tmp_path: Path, use: Callable[[Path], None]) -> None:
    foreign = tmp_path / "notes.duckdb"
    foreign.write_text("customer_id,churned\n" * 1000)
    with pytest.raises(WarehouseError, match="expected a DuckDB file, got a file of another kind"):
        use(foreign)
    assert foreign.read_text() == "customer_id,churned\n" * 1000


def test_reading_a_file_that_is_not_there_says_so_and_makes_none(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "warehouse.duckdb"
    with pytest.raises(WarehouseError, match=r"expected a DuckDB file, got none\. Check the"):
        read(missing)
    assert not missing.parent.exists()


@pytest.mark.parametrize("use", [write, prepare])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, use: Callable[[Path], None]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match=r"expected a folder that can be written to, but .*file"):
        use(tmp_path / "file" / "warehouse.duckdb")
    with pytest.raises(WarehouseError, match=r"but /proc/x cannot be made or used: No such file"):
        use(Path("/proc/x/warehouse.duckdb"))


def test_a_folder_without_permission_to_write_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "warehouse.duckdb"

    def refuse(*_: Any, **__: Any) -> None:
        raise duckdb.IOException(f'Cannot open file "{path}": Permission denied')

    monkeypatch.setattr(duckdb, "connect", refuse)
    with pytest.raises(WarehouseError, match=r"cannot be opened.*Permission denied.*your\s+permissions"):
        write(path)


def test_a_damaged_database_is_an_error_of_ours(warehouse: DuckDBWarehouse, database: Path) -> None:
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb: cannot be opened"):
        warehouse.read_table("health_scores")


def test_a_statement_that_fails_is_an_error_of_ours_and_rolls_back(database: Path) -> None:
    with writing(database, 0.1) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS a")
    with pytest.raises(WarehouseError, match="nothing_like_that"):
        run(database, "INSERT INTO kept VALUES (2)", "SELECT * FROM nothing_like_that")
    with reading(database, 0.1) as connection:
        assert connection.execute("SELECT a FROM kept").fetchall() == [(1,)]


def test_any_other_error_rolls_back_too_and_passes_through(database: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(database, "CREATE TABLE lost AS SELECT 1 AS a", end=KeyboardInterrupt())
    assert DuckDBWarehouse(database).tables() == []


def test_threads_of_one_process_can_write_at_once(database: Path) -> None:
    warehouse = DuckDBWarehouse(database, wait_seconds=30.0)
    threads = [threading.Thread(target=warehouse.write_table, args=(f"t{i}", FRAME)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warehouse.tables() == ["t0", "t1", "t2", "t3"]
