"""PostgreSQL as the warehouse, through ADBC: rows go in and out as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from churnhealth.adapters.postgres_address import read_address
from churnhealth.adapters.postgres_connection import PostgresDoor
from churnhealth.adapters.postgres_lock import take_lock
from churnhealth.adapters.postgres_session import PostgresSession, current_schema
from churnhealth.adapters.postgres_staging import PostgresStaging
from churnhealth.adapters.sql_warehouse import SqlWarehouse
from churnhealth.adapters.warehouse import checked_job
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.errors import WarehouseError

_LONGEST_PREFIX = 63 - max(len(contract.name) for contract in CREATED_TABLES)


class PostgresWarehouse(SqlWarehouse):
    """A PostgreSQL database as the warehouse; keeps the `Warehouse` protocol.

    Connections are short. Tables lie in the first schema of the search path, or are named
    "schema.table". Queries run in read-only transactions.

    Parameters
    ----------
    uri : str
        `postgresql://user:password@host:port/database?options`; what it leaves out comes from
        libpq's places (PGPASSWORD, ~/.pgpass and so on). The password is never shown.
    prefix : str
        Before the names of the output tables: letters, digits, underscores.
    wait_seconds : float
        How long to wait for the server, for tables that others hold, and for `job_lock`.
    expansion_prefix : str, optional
        As in `SqlWarehouse`.

    Raises
    ------
    WarehouseError
        When the URI cannot be understood, or the prefix is no plain text or too long.
    """

    dialect = "postgres"

    def __init__(
        self,
        uri: str,
        *,
        prefix: str = "",
        wait_seconds: float = 10.0,
        expansion_prefix: str | None = None,
    ) -> None:
        super().__init__(prefix, wait_seconds, expansion_prefix)
        self._door = PostgresDoor(read_address(uri), wait_seconds)
        longest = max(len(prefix), len(expansion_prefix or ""))
        if longest > _LONGEST_PREFIX:
            raise WarehouseError(
                f"warehouse prefix: expected at most {_LONGEST_PREFIX} characters, got {longest}: "
                "PostgreSQL cuts longer names"
            )

    def describe(self) -> str:
        """Say for people where the warehouse is; without the password."""
        prefix = f", output tables begin with {self._prefix!r}" if self._prefix else ""
        return f"{self._where()}{prefix}"

    def job_lock(self, job: str) -> AbstractContextManager[None]:
        """Hold the job for one process; the lock dies with the process, also after kill -9.

        It is an advisory lock of the server, held by a connection of its own. A connection pooler
        between must keep sessions (not transactions) together.
        """
        return self._locked(checked_job(job))

    @contextmanager
    def _locked(self, job: str) -> Iterator[None]:
        with self._door.holding() as connection:
            name = f"{current_schema(connection, self._where())} {self._prefix} {job}"
            take_lock(connection, name, f"job {job!r}", self._wait, in_transaction=False)
            yield

    def _staging_area(self) -> PostgresStaging:
        return PostgresStaging(self._writing, self._prefix)

    def _where(self) -> str:
        return self._door.address.place

    @contextmanager
    def _reading(self) -> Iterator[PostgresSession]:
        with self._door.reading() as connection:
            yield PostgresSession(connection, self._where(), self._prefix, self._wait)

    @contextmanager
    def _writing(self) -> Iterator[PostgresSession]:
        with self._door.writing() as connection:
            yield PostgresSession(connection, self._where(), self._prefix, self._wait)
