"""A small panel: three customers at two cutoffs, with every kind of indicator; and a small world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import duckdb
import pandas as pd
import pytest

from churnhealth.domain.sources import History, Source
from churnhealth.features.panel import PanelColumns
from churnhealth.features.sql_text import quote_dotted
from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.world import World, simulate_world


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "a", "b", "c"],
            "cutoff": ["2026-01-01"] * 3 + ["2026-02-01"] * 3,
            "churned": ["No", "Yes", "No", None, "No", "Yes"],
            "logins": [1, 2, 3, 4, 5, 6],
            "nps": pd.array([9, None, 7, None, 0, 10], dtype="Int64"),
            "plan": pd.Categorical(["Pro", "Basic", None, "Pro", "Pro", "Basic"]),
            "onboarded": [True, False, True, True, False, False],
            "mrr": [100.0, 200.5, None, 100.0, 210.0, 50.0],
        }
    )


@pytest.fixture
def columns() -> PanelColumns:
    return PanelColumns("customer_id", cutoff="cutoff", label="churned", mrr="mrr", currency="JPY")


class TinyRunner:
    """Runs SQL on an in-memory DuckDB whose own zone is far from those of the tests."""

    dialect = "duckdb"

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'Pacific/Auckland'")
        for name, frame in tables.items():
            self.connection.register("given", frame)
            self.connection.execute(f"CREATE TABLE {quote_dotted(name)} AS SELECT * FROM given")
            self.connection.unregister("given")

    def relation_sql(self, relation: str) -> str:
        return quote_dotted(relation)

    def query(self, sql: str) -> Any:
        return self.connection.sql(sql).to_arrow_table()

    def query_batches(self, sql: str) -> Iterator[Any]:
        yield from self.query(sql).to_batches()

    def columns(self, relation: str) -> list[tuple[str, str]]:
        told = self.connection.execute(f"DESCRIBE {self.relation_sql(relation)}").fetchall()
        return [(row[0], row[1]) for row in told]


@pytest.fixture(scope="session")
def open_runner() -> Callable[[Mapping[str, pd.DataFrame]], TinyRunner]:
    return TinyRunner


@pytest.fixture(scope="session")
def history_of() -> Callable[..., History]:
    def build(tables: Mapping[str, pd.DataFrame], zone: str, own: str | None = None) -> History:
        return History(
            {name: Source(name, name, {c: c for c in frame}, own) for name, frame in tables.items()},
            zone,
        )

    return build


@pytest.fixture(scope="session")
def world() -> World:
    return simulate_world(
        WorldConfig(customers=36, years=2, seed=11, timezone="America/New_York", late_share=0.2)
    )
