# Names are quoted; values are bound.
# ruff: noqa: S608
"""A connection to DuckDB in the shape that all engines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.warehouse import SLICE_TABLES
from churnhealth.adapters.warehouse_sql import SOURCE, quoted
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_SCORES_HISTORY
from churnhealth.errors import WarehouseError

TYPES = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "double": "DOUBLE",
    "integer": "INTEGER",
}
_BATCH_ROWS = 100_000
# An index of a million long keys costs as much CPU as writing its rows, and must fit into memory.
UNINDEXED = frozenset(contract.name for contract in (*SLICE_TABLES, HEALTH_SCORES_HISTORY))
_MEMORY = "800MB"


class DuckDBSession:
    """One open connection to DuckDB; keeps the `Session` protocol."""

    schema = "main"
    types = TYPES
    unindexed = UNINDEXED

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run a statement with bound values."""
        self._connection.execute(statement, [*values])

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement with bound values and return its few rows."""
        found: list[tuple[Any, ...]] = self._connection.execute(statement, [*values]).fetchall()
        return found

    def table(self, statement: str, values: Sequence[object] = ()) -> pa.Table:
        """Run a SELECT and return its rows; without values it is streamed, else collected first."""
        return self._relation(statement, values).to_arrow_table()

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        """Run a SELECT and return its rows bit by bit."""
        relation = self._relation(statement, ())
        # DuckDB 1.4 knows the second name only, later ones warn of it.
        reader = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
        try:
            yield from reader(_BATCH_ROWS)
        except OSError as error:  # what pyarrow makes of DuckDB's error
            raise WarehouseError(f"a query failed while it was read: {error}") from error

    def _relation(self, statement: str, values: Sequence[object]) -> duckdb.DuckDBPyRelation:
        relation = self._connection.sql(statement, params=[*values] or None)
        if relation is None:
            raise WarehouseError("expected a query that returns rows, got a statement without any")
        return relation

    @contextmanager
    def staged(self, rows: pa.Table) -> Iterator[None]:
        """Let statements read the rows under the name `SOURCE`; nothing is copied."""
        self._connection.register(SOURCE, rows)
        yield
        self._connection.unregister(SOURCE)

    def replace_slice(
        self, contract: TableContract, prefix: str, cutoff_and_model: Sequence[object]
    ) -> None:
        """Replace the rows of a slice by the staged rows."""
        self.execute(sql.delete_slice(contract, prefix), cutoff_and_model)
        self.execute(sql.insert(contract, prefix))

    def replace_table(self, schema: str, table: str, rows: pa.Table) -> None:
        """Replace a whole table, or make it."""
        with self.staged(rows):
            self.execute(
                f"CREATE OR REPLACE TABLE {quoted(schema)}.{quoted(table)} AS SELECT * FROM {SOURCE}"
            )

    def create_view(self, name: str, statement: str) -> None:
        """Run a CREATE OR REPLACE VIEW."""
        self.execute(statement)

    def relations(self) -> list[tuple[str, str]]:
        """List schema and name of every table and view."""
        return self.rows(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database()"
        )

    def schemas(self) -> list[str]:
        """List the schemas."""
        question = (
            "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = current_database()"
        )
        return [row[0] for row in self.rows(question)]

    def columns(self, place: str) -> list[tuple[str, str]]:
        """List name and type of every column of a relation, in order."""
        return [(row[0], row[1]) for row in self.rows(f"DESCRIBE SELECT * FROM {place}")]

    def one_writer(self, what: str) -> None:
        """Nobody else can write; rows of our tables need no order, which saves time and memory."""
        self.execute("SET preserve_insertion_order = false")
        self.execute(f"SET memory_limit = '{_MEMORY}'")
