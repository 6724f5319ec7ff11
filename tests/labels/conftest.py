"""A small DuckDB that runs SELECTs, and histories written as text."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnhealth.domain.history import HISTORY
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History, Source
from churnhealth.features.sql_text import quote_dotted
from churnhealth.labels.label_table import LabelTable, label_table

TYPES = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
    "double": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}


@dataclass
class DuckRunner:
    """The protocol `SqlRunner` over an in-memory DuckDB whose own zone is far from every other."""

    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    dialect: str = "duckdb"

    def __post_init__(self) -> None:
        self.connection.execute("SET TimeZone = 'Pacific/Kiritimati'; SET threads = 1")

    def relation_sql(self, relation: str) -> str:
        return quote_dotted(relation)

    def query(self, sql: str) -> Any:
        return self.connection.sql(sql).to_arrow_table()

    def query_batches(self, sql: str) -> Iterator[Any]:
        yield from self.query(sql).to_batches()

    def columns(self, relation: str) -> list[tuple[str, str]]:
        rows = self.connection.execute(f"DESCRIBE {quote_dotted(relation)}").fetchall()
        return [(row[0], row[1]) for row in rows]

    def load(self, table: str, frame: pd.DataFrame) -> None:
        """Store a history table with the types of its contract; times without a zone are UTC."""
        columns = ", ".join(
            f'CAST("{name}" AS {_stored(table, name)}) AS "{name}"' for name in frame.columns
        )
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.register("given", frame)
        self.connection.execute(f'CREATE OR REPLACE TABLE "{table}" AS SELECT {columns} FROM given')
        self.connection.unregister("given")
        self.connection.execute("SET TimeZone = 'Pacific/Kiritimati'")


def _stored(table: str, name: str) -> str:
    return TYPES[HISTORY[table].column(name).kind]


def read(text: str) -> pd.DataFrame:
    """Read comma-separated text with blanks around the commas; empty cells are missing."""
    frame = pd.read_csv(io.StringIO(text.strip()), skipinitialspace=True, dtype="str")
    frame.columns = frame.columns.str.strip()
    frame = frame.apply(lambda column: column.str.strip())
    return frame.astype("object").where(frame.notna() & (frame != ""), None)


def history_of(tables: Mapping[str, pd.DataFrame], timezone: str) -> History:
    sources = {
        name: Source(name, name, {column: column for column in frame.columns})
        for name, frame in tables.items()
    }
    return History(sources, timezone)


Label = Callable[..., LabelTable]


@lru_cache(maxsize=1)
def _runner() -> DuckRunner:
    """Return one DuckDB for all tests: tables are replaced, and only those given are read."""
    return DuckRunner()


def labelled(
    tables: Mapping[str, pd.DataFrame | str],
    problem: ChurnProblem,
    cutoffs: list[Any],
    data_end: Any,
) -> LabelTable:
    frames = {name: read(one) if isinstance(one, str) else one for name, one in tables.items()}
    runner = _runner()
    for name, frame in frames.items():
        runner.load(name, frame)
    history = history_of(frames, problem.timezone)
    return label_table(runner, history, problem, cutoffs, data_end)


@pytest.fixture(scope="session")
def label() -> Label:
    """Return the function that labels tables given as text or frames."""
    return labelled


@pytest.fixture(scope="session")
def statuses() -> Callable[..., dict[str, str]]:
    """Return the function that gives the status of every customer at one cutoff."""

    def found(tables: Any, problem: ChurnProblem, cutoff: Any, data_end: Any) -> dict[str, str]:
        frame = labelled(tables, problem, [cutoff], data_end).frame
        return dict(zip(frame["customer_id"], frame["status"], strict=True))

    return found
