"""One open connection to a warehouse, as the code that all engines share sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa

from churnhealth.adapters.warehouse_sql import quoted
from churnhealth.domain.contracts import TableContract


class Session(Protocol):
    """A connection in one transaction; neither committed nor rolled back by those who use it.

    Attributes
    ----------
    schema : str
        The schema in which names without a schema lie.
    types : mapping of str to str
        The engine's type of every kind in `domain.contracts.KINDS`.
    unindexed : frozenset of str
        Names of our tables whose keys no index guards: publishing looks at them itself.
    """

    @property
    def schema(self) -> str:
        """Return the default schema."""
        ...

    @property
    def types(self) -> Mapping[str, str]:
        """Return the types."""
        ...

    @property
    def unindexed(self) -> frozenset[str]:
        """Return the names of tables without a primary key."""
        ...

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        """Run a statement with bound values."""
        ...

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement with bound values and return its few rows."""
        ...

    def table(self, statement: str, values: Sequence[object] = ()) -> pa.Table:
        """Run a SELECT with bound values and return all of its rows."""
        ...

    def batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        """Run a SELECT and return its rows bit by bit."""
        ...

    def staged(self, rows: pa.Table) -> AbstractContextManager[None]:
        """Let statements read the rows under the name `warehouse_sql.SOURCE`."""
        ...

    def replace_slice(
        self, contract: TableContract, prefix: str, cutoff_and_model: Sequence[object]
    ) -> None:
        """Replace the rows of a slice in one of our tables by the staged rows."""
        ...

    def replace_table(self, schema: str, table: str, rows: pa.Table) -> None:
        """Replace a whole table, or make it; a view of that name is an error."""
        ...

    def create_view(self, name: str, statement: str) -> None:
        """Run a CREATE OR REPLACE VIEW, where the view is not there already as it shall be."""
        ...

    def relations(self) -> list[tuple[str, str]]:
        """List schema and name of every table and view."""
        ...

    def schemas(self) -> list[str]:
        """List the schemas."""
        ...

    def columns(self, place: str) -> list[tuple[str, str]]:
        """List name and type of every column of a quoted relation, in order.

        Types are DuckDB's words in capitals, such as VARCHAR, DOUBLE, TIMESTAMP WITH TIME ZONE.
        """
        ...

    def one_writer(self, what: str) -> None:
        """Keep other processes from changing our tables until the transaction ends."""
        ...


def known_relations(session: Session) -> dict[str, str]:
    """Map each table's and view's name, as people write it, to its quoted place."""
    return {
        (table if schema == session.schema else f"{schema}.{table}"): (
            f"{quoted(schema)}.{quoted(table)}"
        )
        for schema, table in session.relations()
    }


def place_to_write(session: Session, table: str) -> tuple[str, str]:
    """Return schema and name; what stands before a dot is a schema when there is one of that name."""
    before, dot, name = table.partition(".")
    alike = [schema for schema in session.schemas() if schema.casefold() == before.casefold()]
    if dot and alike:
        return (before if before in alike else alike[0]), name
    return session.schema, table
