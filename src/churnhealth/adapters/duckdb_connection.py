"""Short connections to a DuckDB file that other processes use too."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from churnhealth.errors import WarehouseError

_PAUSE_SECONDS = 0.05
# How operating systems say it: a full disk, a limit for a file, a quota.
_FULL = ("No space left on device", "File too large", "Disk quota exceeded", "not enough space")

# While one thread opens a file, another can get at DuckDB's half-made instance of it.
_CONNECTING = threading.Lock()


@contextmanager
def reading(path: Path, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file read-only for as long as the block runs.

    Raises
    ------
    WarehouseError
        No such file, not a DuckDB file, held by a writing process until the deadline, or a
        statement of the block fails.
    """
    if not path.exists():
        raise WarehouseError(
            f"{path}: expected a DuckDB file, got none. Check the warehouse's path, or write a table "
            "first."
        )
    with _opened(path, wait_seconds, read_only=True) as connection:
        yield connection


@contextmanager
def writing(path: Path, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """Run the block in ONE transaction: all of it is committed at the end, or nothing.

    Makes the file and its folder when missing.

    Raises
    ------
    WarehouseError
        The folder cannot be made, not a DuckDB file, held by another process until the deadline,
        or a statement of the block fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"{path}: expected a folder that can be written to, but {path.parent} cannot be made or "
            f"used: {error.strerror}. Check the warehouse's path and your permissions."
        ) from error
    with _opened(path, wait_seconds, read_only=False) as connection:
        connection.begin()
        yield connection
        # Only reached when nothing was raised; a connection closed before it rolls back.
        connection.commit()


@contextmanager
def _opened(path: Path, wait_seconds: float, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(_connect(path, wait_seconds, read_only=read_only)) as connection:
        try:
            # Dates taken from instants must not depend on the machine's time zone.
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        except duckdb.Error as error:
            raise WarehouseError(f"{path}: {error}{_advice(str(error))}") from error


def _advice(message: str) -> str:
    if any(sign in message for sign in _FULL):
        return (
            ". The disk is full, or a limit of space is reached. Nothing of it was written; make room, "
            "then run it again."
        )
    return ""


def _connect(path: Path, wait_seconds: float, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if path.is_dir():
        raise WarehouseError(f"{path}: expected a DuckDB file, got a folder. Name a file in it.")
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            with _CONNECTING:
                return duckdb.connect(str(path), read_only=read_only)
        except duckdb.ConnectionException as error:
            # This process has the file open in the other mode. A reader can share a writer's.
            if read_only:
                read_only = False
            elif time.monotonic() >= deadline:
                raise _held(path, f"this process itself ({os.getpid()})", wait_seconds) from error
        except duckdb.Error as error:
            holder = _holder(str(error))
            if holder is None:
                raise _refused(path, error) from error
            if time.monotonic() >= deadline:
                raise _held(path, holder, wait_seconds) from error
        time.sleep(_PAUSE_SECONDS)


def _holder(message: str) -> str | None:
    """Find in DuckDB's message who holds the file; None when the message is about something else."""
    known = re.search(r"\(PID (\d+)\)", message)
    if known is not None:
        return f"process {known[1]}"
    return "another process" if "Could not set lock" in message else None


def _held(path: Path, holder: str, wait_seconds: float) -> WarehouseError:
    return WarehouseError(
        f"{path}: {holder} holds the file open (waited {wait_seconds:g} s), and DuckDB lets nobody else "
        "in. If it is a notebook, close its connection (connection.close()) or restart its kernel; if "
        "it is another job, wait for it; then try again."
    )


def _refused(path: Path, error: duckdb.Error) -> WarehouseError:
    if "not a valid DuckDB" in str(error):
        return WarehouseError(
            f"{path}: expected a DuckDB file, got a file of another kind. Check the warehouse's path."
        )
    return WarehouseError(
        f"{path}: cannot be opened as a DuckDB file: {error}. Check the warehouse's path and your "
        "permissions."
    )
