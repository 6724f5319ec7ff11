"""PostgreSQL gives the labels that DuckDB gives, for every rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pandas as pd
import pytest

from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History, Source
from churnhealth.labels.label_table import label_table
from churnhealth.simulate import World, WorldConfig, simulate_world

pytestmark = pytest.mark.slow
ZONE = "Asia/Tokyo"
TABLES = ("customers", "subscriptions", "usage_events")
CUTOFFS = [dt.date(2024, 1, 1), dt.date(2024, 6, 1), dt.date(2025, 3, 1)]
PROBLEMS = [
    ChurnProblem("contract_end", horizon_days=90, grace_days=14, timezone=ZONE),
    ChurnProblem("renewal", lead_days=30, horizon_days=180, grace_days=14, timezone=ZONE),
    ChurnProblem("contraction", gap_days=5, horizon_days=90, share=0.1, timezone=ZONE),
    ChurnProblem("expansion", horizon_days=90, share=0.1, timezone=ZONE),
    ChurnProblem("inactivity", horizon_days=30, silent_days=30, timezone=ZONE),
    ChurnProblem("column", horizon_days=90, churn_column="churned_on", timezone=ZONE),
]


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(
        WorldConfig(customers=150, years=2, seed=3, timezone=ZONE, late_renewal_share=0.3)
    )


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, pd.DataFrame]:
    ends = world.outcomes[["customer_id", "churned_on"]]
    frames = {name: world.tables[name] for name in TABLES}
    return frames | {"customers": frames["customers"].merge(ends, on="customer_id")}


@pytest.fixture(scope="module")
def warehouse(
    tables: dict[str, pd.DataFrame], new_postgres_database: Callable[..., str]
) -> PostgresWarehouse:
    warehouse = PostgresWarehouse(new_postgres_database())
    for name, frame in tables.items():
        warehouse.write_table(name, frame)
    return warehouse


@pytest.mark.parametrize("problem", PROBLEMS, ids=[one.rule for one in PROBLEMS])
def test_postgresql_gives_the_same_labels(problem, tables, warehouse, world, label) -> None:
    end = world.config.end
    sources = {
        name: Source(name, name, {one: one for one in frame.columns}) for name, frame in tables.items()
    }
    theirs = label_table(warehouse, History(sources, ZONE), problem, CUTOFFS, end)
    ours = label(tables, problem, CUTOFFS, end)
    assert ours.counts["churners"].sum() > 0
    pd.testing.assert_frame_equal(theirs.frame, ours.frame)
    pd.testing.assert_frame_equal(theirs.counts, ours.counts)
