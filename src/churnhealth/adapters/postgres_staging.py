"""Scored customers that wait in PostgreSQL, in tables without a log that nobody else looks at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pyarrow as pa

from churnhealth.adapters.postgres_session import TYPES, PostgresSession
from churnhealth.adapters.score_batch import batch_contract, batch_schema
from churnhealth.adapters.warehouse_sql import quoted
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import (
    HEALTH_DRIVERS,
    HEALTH_GROUP_SCORES,
    HEALTH_INDICATORS,
    HEALTH_REJECTS,
    HEALTH_SCORES,
)

# Not longer than the longest name of an output table, so that every prefix fits both.
STAGING_TABLES = {
    HEALTH_SCORES: "health_staged_scores",
    HEALTH_GROUP_SCORES: "health_staged_groups",
    HEALTH_DRIVERS: "health_staged_drivers",
    HEALTH_INDICATORS: "health_staged_values",
    HEALTH_REJECTS: "health_staged_rejects",
}
# Whole numbers come from Arrow with 64 bits.
_TYPES = {**TYPES, "integer": "BIGINT"}


class PostgresStaging:
    """Tables in the schema of the output tables; keeps the `StagingArea` protocol.

    Parameters
    ----------
    writing : callable
        Opens a session in a transaction.
    prefix : str
        Before the names.
    """

    def __init__(
        self, writing: Callable[[], AbstractContextManager[PostgresSession]], prefix: str
    ) -> None:
        self._writing = writing
        self._prefix = prefix
        self._made: set[str] = set()

    def clear(self) -> None:
        """Drop the tables."""
        self._made = set()
        with self._writing() as session:
            for contract in STAGING_TABLES:
                session.execute(f"DROP TABLE IF EXISTS {self.place(contract)}")

    def add(self, contract: TableContract, rows: pa.Table) -> None:
        """Append rows, in a transaction of their own."""
        with self._writing() as session:
            if contract.name not in self._made:
                session.execute(self._create(contract))
            if len(rows):
                plain = rows.cast(batch_schema(contract))
                session.append(self._prefix + STAGING_TABLES[contract], plain)
        self._made.add(contract.name)

    def place(self, contract: TableContract) -> str:
        """Return the table's quoted name."""
        return quoted(self._prefix + STAGING_TABLES[contract])

    def _create(self, contract: TableContract) -> str:
        columns = ", ".join(
            f"{quoted(column.name)} {_TYPES[column.kind]}" for column in batch_contract(contract).columns
        )
        return f"CREATE UNLOGGED TABLE {self.place(contract)} ({columns})"
