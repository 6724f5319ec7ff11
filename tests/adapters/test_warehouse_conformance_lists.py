"""The lists of every warehouse: whom to keep and whom to grow, never out of step with the scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.list_sql import create_expansion_view
from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.domain.list_columns import (
    BY_EXPANSION,
    BY_HEALTH,
    EXPANSION_COLUMNS,
    PREVENTION_COLUMNS,
)
from churnhealth.errors import WarehouseError

Row = tuple[str, float, str, float | None]
END = pd.Timestamp("2026-04-03", tz="UTC")
GROWTH = "growth_"


def publish(
    warehouse: Warehouse, world: Any, run_id: str, *rows: Row, cutoff: str = "2026-04-01"
) -> None:
    """Customer, churn probability, band and MRR."""
    run = world.run(run_id, rows=len(rows), cutoff=cutoff, fingerprint=run_id)
    slice_ = world.slice(run, {name: 100 * (1 - probability) for name, probability, _, _ in rows})
    scores = slice_.scores.assign(
        churn_probability=[one[1] for one in rows],
        health_band=[one[2] for one in rows],
        mrr_at_risk=[float("nan") if one[3] is None else one[1] * one[3] for one in rows],
        currency="JPY",
    )
    warehouse.start_run(run)
    warehouse.publish(run, replace(slice_, scores=scores), END)


def names(table: pd.DataFrame) -> list[str]:
    assert table["list_rank"].tolist() == list(range(1, len(table) + 1))
    return table["customer_id"].tolist()


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def test_customers_at_risk_by_the_money_at_risk(warehouse: Warehouse, world: Any) -> None:
    rows: list[Row] = [
        ("a", 0.5, "red", 100.0),
        ("b", 0.2, "yellow", 900.0),
        ("c", 0.9, "red", None),
        ("d", 0.4, "red", None),
        ("well", 0.01, "green", 1e6),
    ]
    warehouse.prepare()
    publish(warehouse, world, "r1", *rows)
    prevention, _, stale = warehouse.customer_lists()
    # 180, 50, and then those without an MRR by their probability.
    assert names(prevention) == ["b", "a", "c", "d"]
    assert prevention["mrr"].tolist()[:2] == pytest.approx([900.0, 100.0])
    assert prevention["mrr"].isna().tolist() == [False, False, True, True]
    assert tuple(prevention.columns) == PREVENTION_COLUMNS
    assert stale == 0


def test_healthy_customers_by_score_and_among_equals_by_money(warehouse: Warehouse, world: Any) -> None:
    rows: list[Row] = [
        ("a", 0.041, "green", 100.0),
        ("b", 0.049, "green", 900.0),
        ("c", 0.01, "green", 5.0),
        ("d", 0.5, "red", 1e6),
    ]
    warehouse.prepare()
    publish(warehouse, world, "r1", *rows)
    _, expansion, _ = warehouse.customer_lists()
    # 95 whole points for a and b, 99 for c.
    assert names(expansion) == ["c", "b", "a"]
    assert tuple(expansion.columns) == EXPANSION_COLUMNS
    assert set(expansion["ranked_by"]) == {BY_HEALTH}
    assert expansion["expansion_probability"].isna().all()


def test_the_lists_follow_the_newest_cutoff_at_once_and_leave_the_stale_out(
    warehouse: Warehouse, world: Any
) -> None:
    warehouse.prepare()
    assert [len(one) for one in warehouse.customer_lists()[:2]] == [0, 0]
    publish(warehouse, world, "r1", ("a", 0.5, "red", 10.0), ("old", 0.9, "red", 10.0))
    publish(warehouse, world, "r2", ("a", 0.1, "green", 10.0), cutoff="2026-05-01")
    prevention, expansion, stale = warehouse.customer_lists()
    assert (names(prevention), names(expansion), stale) == ([], ["a"], 1)
    assert expansion["health_score_change"].tolist() == pytest.approx([40.0])
    # A backfill of a day before changes neither list.
    publish(warehouse, world, "r3", ("new", 0.9, "red", 10.0), cutoff="2026-04-15")
    prevention, expansion, stale = warehouse.customer_lists()
    assert (names(prevention), names(expansion), stale) == ([], ["a"], 2)


def test_where_another_project_predicts_growth_its_probability_ranks(place: Any, world: Any) -> None:
    churn, growth = place.open(expansion_prefix=GROWTH), place.open(prefix=GROWTH)
    churn.prepare()
    healthy: list[Row] = [(name, 0.01 + at / 100, "green", 10.0) for at, name in enumerate("abcd")]
    publish(churn, world, "r1", *healthy, ("red", 0.9, "red", 10.0))
    assert names(churn.customer_lists()[1]) == ["a", "b", "c", "d"]
    # The other project has bands of its own, which say nothing here.
    publish(growth, world, "g1", ("b", 0.2, "red", None), ("c", 0.7, "green", None))
    _, expansion, _ = churn.customer_lists()
    assert names(expansion) == ["c", "b", "a", "d"]
    assert expansion["expansion_probability"].tolist()[:2] == pytest.approx([0.7, 0.2])
    assert expansion["ranked_by"].tolist() == [BY_EXPANSION] * 2 + [BY_HEALTH] * 2
    # Its scores of another cutoff are of another time.
    publish(growth, world, "g2", ("b", 0.9, "red", None), cutoff="2026-04-08")
    assert names(churn.customer_lists()[1])[0] == "c"
    churn.prepare()
    assert names(churn.customer_lists()[1])[0] == "c"


def test_the_views_are_ours(warehouse: Warehouse) -> None:
    warehouse.prepare()
    for name in ("health_prevention", "health_expansion"):
        with pytest.raises(WarehouseError, match="is an output table"):
            warehouse.write_table(name, pd.DataFrame({"a": [1]}))


def test_a_project_is_not_its_own_second_project(tmp_path: Any) -> None:
    with pytest.raises(WarehouseError, match="expected another than the project's own"):
        open_warehouse(str(tmp_path / "w.duckdb"), prefix="x_", expansion_prefix="x_")
    with pytest.raises(WarehouseError, match="letters, digits and underscores"):
        open_warehouse(str(tmp_path / "w.duckdb"), expansion_prefix='"; --')


def test_names_are_quoted() -> None:
    assert 'FROM "a_health_current"' in create_expansion_view("a_", "b_")
    assert 'JOIN "b_health_current"' in create_expansion_view("a_", "b_")
