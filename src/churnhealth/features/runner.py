"""What runs SQL: a protocol that the warehouses of `adapters` keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

ArrowTable = Any
ArrowBatch = Any


class SqlRunner(Protocol):
    """A warehouse that runs SELECTs and gives Arrow back.

    Attributes
    ----------
    dialect : str
        Name of its SQL dialect as sqlglot knows it: "duckdb", "postgres", "spark", ...
        The text given to `query` must already be of this dialect; see `features.render.render`.
    """

    @property
    def dialect(self) -> str:
        """Return the dialect."""
        ...

    def relation_sql(self, relation: str) -> str:
        """Return a relation as it stands after FROM: a quoted name, or a function over files."""
        ...

    def query(self, sql: str) -> ArrowTable:
        """Run one SELECT; return a `pyarrow.Table`."""
        ...

    def query_batches(self, sql: str) -> Iterable[ArrowBatch]:
        """Run one SELECT; give `pyarrow.RecordBatch` after `pyarrow.RecordBatch`."""
        ...

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """Return name and stored type of every column of a relation, in order."""
        ...
