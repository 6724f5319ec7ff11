"""The matrix slice by slice of the customers, and on PostgreSQL: always the same rows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError
from churnhealth.features.matrix import NOTES, indicator_batches, indicator_matrix
from churnhealth.features.source_sql import described
from churnhealth.labels.at_risk_sql import at_risk_ctes

ZONE = "America/New_York"
CUTOFFS = (dt.date(2024, 7, 1), dt.date(2024, 10, 1))
PROBLEM = ChurnProblem(rule="contract_end", horizon_days=90, timezone=ZONE)


def declare(name: str, *args, **more) -> DeclaredIndicator:
    return DeclaredIndicator(Indicator(name), Measure(*args, **more))


MAIL = (("feature", ("reports", "search")),)
# Windows on either side of the 62 days that one whole number tells apart.
LONG = [
    declare(f"days_{days}_{bool(where)}", "usage_events", "distinct_days", days, where=where)
    for days in (1, 61, 62, 63, 130)
    for where in ((), MAIL)
]


@pytest.fixture(scope="module")
def opened(world, open_runner, history_of):
    runner = open_runner(world.tables)
    history = described(history_of(world.tables, ZONE), runner)
    return runner, history, at_risk_ctes(history, PROBLEM, CUTOFFS)


def in_order(frames) -> pd.DataFrame:
    return pd.concat(frames).sort_values(["cutoff", "customer_id"], ignore_index=True)


@pytest.mark.parametrize("customers", [13, 1000])
def test_slices_together_are_the_whole_matrix(opened, customers):
    runner, history, at_risk = opened
    whole = indicator_matrix(runner, history, BUILT_IN, at_risk, CUTOFFS)
    slices = list(indicator_batches(runner, history, BUILT_IN, at_risk, CUTOFFS, customers=customers))
    sizes = [one["customer_id"].nunique() for one in slices]
    assert sizes[:-1] == [customers] * (len(sizes) - 1)
    assert sum(sizes) == whole["customer_id"].nunique()
    pd.testing.assert_frame_equal(in_order(slices), whole)


def test_a_slice_tells_what_was_left_out(opened):
    runner, history, at_risk = opened
    history = type(history)({n: s for n, s in history.sources.items() if n != "surveys"}, ZONE)
    first = next(indicator_batches(runner, history, BUILT_IN, at_risk, CUTOFFS, customers=5))
    assert any("there is no source for 'surveys'" in note for note in first.attrs[NOTES])


def test_nobody_at_risk_gives_no_slice(opened):
    runner, history, _ = opened
    nobody = "SELECT 'x' AS customer_id, c.cutoff FROM cutoffs AS c WHERE FALSE"
    assert list(indicator_batches(runner, history, LONG, nobody, CUTOFFS, customers=5)) == []


def test_slices_need_customers_and_indicators(opened):
    runner, history, at_risk = opened
    with pytest.raises(ConfigError, match="at least 1 customer in a slice, got 0"):
        next(indicator_batches(runner, history, LONG, at_risk, CUTOFFS, customers=0))
    with pytest.raises(ConfigError, match="at least one indicator"):
        next(indicator_batches(runner, history, [], at_risk, CUTOFFS, customers=5))


def test_days_are_counted_over_any_window(opened, world):
    runner, history, at_risk = opened
    matrix = indicator_matrix(runner, history, LONG, at_risk, CUTOFFS)
    events = world.tables["usage_events"]
    for row in matrix.to_dict("records"):
        known = events[
            (events["customer_id"] == row["customer_id"]) & (events["recorded_at"] < row["cutoff"])
        ]
        days = known["occurred_at"].dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        age = (row["cutoff"].tz_convert(ZONE).tz_localize(None) - days).dt.days
        for one in LONG:
            fits = age.between(1, one.measure.window)
            for column, values in one.measure.where:
                fits &= known[column].isin(values)
            assert row[one.name] == age[fits].nunique(), one.name


def test_postgres_gives_the_same_matrix(opened, world, history_of, new_postgres_database):
    runner, history, at_risk = opened
    postgres = open_warehouse(new_postgres_database())
    for name, frame in world.tables.items():
        postgres.write_table(name, frame)
    indicators = [*BUILT_IN, *LONG]
    expected = indicator_matrix(runner, history, indicators, at_risk, CUTOFFS)
    own = described(history_of(world.tables, ZONE), postgres)
    asked = at_risk_ctes(own, PROBLEM, CUTOFFS, relation_sql=postgres.relation_sql)
    found = indicator_matrix(postgres, own, indicators, asked, CUTOFFS)
    assert found["customer_id"].tolist() == expected["customer_id"].tolist()
    assert found["plan"].fillna("").tolist() == expected["plan"].fillna("").tolist()
    for name in expected.columns.drop(["customer_id", "cutoff", "plan"]):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, err_msg=name)
    slices = in_order(indicator_batches(postgres, own, LONG, asked, CUTOFFS, customers=15))
    pd.testing.assert_frame_equal(slices, found[slices.columns])
