"""The embedded warehouse: one DuckDB file, no server, no extension to download."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from churnhealth.adapters.duckdb_connection import reading, writing
from churnhealth.adapters.duckdb_session import DuckDBSession
from churnhealth.adapters.duckdb_staging import ParquetStaging
from churnhealth.adapters.file_lock import file_lock
from churnhealth.adapters.sql_warehouse import SqlWarehouse
from churnhealth.adapters.warehouse import checked_job
from churnhealth.errors import WarehouseError


class DuckDBWarehouse(SqlWarehouse):
    """A DuckDB file as the warehouse; keeps the `Warehouse` protocol.

    Connections are short: readers open the file read-only, writers retry while another process
    holds it. Upper and lower case do not matter in names.

    Parameters
    ----------
    path : str or Path
        The file; it and its folder are made at the first write.
    prefix : str
        Before the names of the output tables: letters, digits, underscores.
    wait_seconds : float
        How long to wait for another process, for the file and for `job_lock`.
    expansion_prefix : str, optional
        As in `SqlWarehouse`.

    Raises
    ------
    WarehouseError
        When the prefix is no plain text, or the path names no file.
    """

    dialect = "duckdb"

    def __init__(
        self,
        path: str | Path,
        *,
        prefix: str = "",
        wait_seconds: float = 10.0,
        expansion_prefix: str | None = None,
    ) -> None:
        super().__init__(prefix, wait_seconds, expansion_prefix)
        if str(path) in ("", ":memory:"):
            raise WarehouseError(f"warehouse: expected the path of a DuckDB file, got {str(path)!r}")
        self._path = Path(path).absolute()

    def describe(self) -> str:
        """Say for people where the warehouse is."""
        prefix = f", output tables begin with {self._prefix!r}" if self._prefix else ""
        return f"DuckDB file {self._path}{prefix}"

    def tables(self) -> list[str]:
        """List tables and views; a file that is not there yet has none."""
        return super().tables() if self._path.exists() else []

    def job_lock(self, job: str) -> AbstractContextManager[None]:
        """Hold the job for one process; the lock dies with the process, also after kill -9.

        The lock is a file beside the database, `<database>.<prefix><job>.lock`; it stays.
        """
        lock = self._path.with_name(f"{self._path.name}.{self._prefix}{checked_job(job)}.lock")
        return file_lock(lock, f"job {job!r}", self._wait)

    def _staging_area(self) -> ParquetStaging:
        return ParquetStaging(self._path.with_name(f"{self._path.name}.{self._prefix}staging"))

    def _where(self) -> str:
        return str(self._path)

    @contextmanager
    def _reading(self) -> Iterator[DuckDBSession]:
        with reading(self._path, self._wait) as connection:
            yield DuckDBSession(connection)

    @contextmanager
    def _writing(self) -> Iterator[DuckDBSession]:
        with writing(self._path, self._wait) as connection:
            yield DuckDBSession(connection)
