"""The user's own expressions give the same numbers on DuckDB and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.domain.catalogue import DeclaredIndicator, Derived
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.features.matrix import indicator_matrix
from churnhealth.features.own_measures import sql_measure
from churnhealth.features.source_columns import present_columns
from churnhealth.simulate import WorldConfig, write_world

TABLES = ("customers", "subscriptions", "usage_events", "tickets")
ASKED = "SELECT s.customer_id, c.cutoff FROM src_customers AS s CROSS JOIN cutoffs AS c"
EXPRESSIONS = {
    "per_user": ("usage_events", "SUM(quantity) / COUNT(DISTINCT user_id)", 28),
    "fading": ("usage_events", "SUM(quantity * EXP(-age / 7))", 28),
    "halves": ("usage_events", "SUM(age / 2)", 28),
    "spread": ("usage_events", "STDDEV(quantity) + POWER(MAX(age), 2)", 90),
    "many": (
        "usage_events",
        "COUNT(*) > 20 AND COUNT(CASE WHEN feature LIKE 're%' THEN 1 END) >= 1",
        28,
    ),
    "first": ("usage_events", "COUNT(DISTINCT CAST(occurred_at AS DATE))", 28),
    "rated": ("tickets", "COUNT(csat) / COUNT(*)", 365),
    "price": ("subscriptions", "SUM(mrr) / NULLIF(SUM(seats), 0)", None),
}


def declared() -> list[DeclaredIndicator]:
    own = [
        DeclaredIndicator(Indicator(name), sql_measure(table, sql, window=window))
        for name, (table, sql, window) in EXPRESSIONS.items()
    ]
    plan = DeclaredIndicator(Indicator("plan"), Measure("subscriptions", "category", column="plan"))
    sql = "CASE WHEN plan IS NULL THEN 0 ELSE fading / price END"
    derived = DeclaredIndicator(Indicator("derived"), Derived(sql, (plan, own[1], own[-1])))
    words = [
        DeclaredIndicator(Indicator(name), Measure("customers", "attribute", column=name))
        for name in ("industry", "employees")
    ]
    return [*own, derived, *words]


def test_duckdb_and_postgres_agree(tmp_path: Path, new_postgres_database: Any) -> None:
    write_world(WorldConfig(customers=40, years=1), tmp_path)
    sources = {name: Source(name, name, {}) for name in TABLES}
    sources["customers"] = Source("customers", "customers", {"valid_from": "created_at"})
    matrices = []
    for location in (str(tmp_path / "own.duckdb"), new_postgres_database()):
        warehouse = open_warehouse(location)
        for name in TABLES:
            warehouse.write_table(name, pq.read_table(tmp_path / f"{name}.parquet").to_pandas())
        history = present_columns(History(sources, "Asia/Tokyo"), warehouse)
        cutoffs = [dt.date(2023, 7, 1), dt.date(2023, 10, 1)]
        matrices.append(indicator_matrix(warehouse, history, declared(), ASKED, cutoffs))
    pd.testing.assert_frame_equal(matrices[0], matrices[1], rtol=1e-9, atol=1e-9)
    assert matrices[0].attrs["notes"] == []
    numbers = matrices[0].drop(columns=["customer_id", "cutoff"])
    assert [name for name in numbers if numbers[name].nunique() < 2] == []
