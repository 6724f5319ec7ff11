"""A row is made from what was known before its cutoff, and from nothing else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.history import HISTORY
from churnhealth.domain.indicators import Indicator
from churnhealth.features.matrix import indicator_matrix
from churnhealth.features.own_measures import sql_measure
from churnhealth.features.sql_text import literal

ZONE = "America/New_York"
# Among them the days after both changes of the clocks.
CUTOFFS = [dt.date(2023, 11, 6), dt.date(2024, 3, 11), dt.date(2024, 7, 1), dt.date(2025, 1, 15)]

# Every fact-dated column that SQL of the user's own can read.
OWN = (
    sql_measure("usage_events", "SUM(quantity * age) / COUNT(DISTINCT user_id)", window=28),
    sql_measure("tickets", "SUM(csat) + 10 * COUNT(csat_given_at)", window=90),
    sql_measure("tickets", "COUNT(resolved_at) + 100 * COUNT(first_replied_at)", window=90),
    sql_measure("surveys", "AVG(score) + COUNT(answered_at)", window=365),
    sql_measure("milestones", "COUNT(reached_at)", window=365),
    sql_measure("subscriptions", "COUNT(end_date) + 10 * COUNT(end_reason) + SUM(mrr)"),
)
INDICATORS = (
    *BUILT_IN,
    *(DeclaredIndicator(Indicator(f"own_{place}"), one) for place, one in enumerate(OWN)),
)


def everybody(world, *only: str) -> str:
    ids = only or tuple(world.tables["customers"]["customer_id"])
    rows = ", ".join(f"({literal(one)})" for one in ids)
    return f"SELECT v.id AS customer_id, c.cutoff FROM (VALUES {rows}) AS v(id) CROSS JOIN cutoffs AS c"


def later(frame: pd.DataFrame, column: str, cutoff: dt.date) -> pd.Series:
    midnight = pd.Timestamp(cutoff)
    if getattr(frame[column].dt, "tz", None) is not None:
        midnight = midnight.tz_localize(ZONE)
    return frame[column] >= midnight


def unknown_rows(table: str, frame: pd.DataFrame, cutoff: dt.date) -> pd.Series:
    contract = HISTORY[table]
    roles = ("event_time", "recorded_at", "valid_from")
    names = [
        column.name for role in roles for column in contract.with_role(role) if column.name in frame
    ]
    return pd.concat([later(frame, name, cutoff) for name in names], axis=1).any(axis=1)


def later_facts(table: str, frame: pd.DataFrame, cutoff: dt.date) -> dict[str, pd.Series]:
    """Return, by fact date, the rows whose fact comes at or after the cutoff."""
    facts = [column.name for column in HISTORY[table].with_role("fact_date") if column.name in frame]
    return {name: later(frame, name, cutoff) for name in facts}


def dated_by(table: str, fact: str) -> list[str]:
    return [one.name for one in HISTORY[table].columns if one.dated_by == fact and one.name != fact]


def deleted(table: str, frame: pd.DataFrame, cutoff: dt.date) -> pd.DataFrame:
    """Delete everything that comes at or after the cutoff."""
    kept = frame[~unknown_rows(table, frame, cutoff)].reset_index(drop=True)
    for fact, rows in later_facts(table, kept, cutoff).items():
        kept.loc[rows, [fact, *dated_by(table, fact)]] = None
    return kept


def edited(table: str, frame: pd.DataFrame, cutoff: dt.date, rng: np.random.Generator) -> pd.DataFrame:
    """Change whatever comes at or after the cutoff, and add rows recorded from then on."""
    frame, count = frame.copy(), len(frame)
    start = pd.Timestamp(cutoff).tz_localize(ZONE).tz_convert("UTC")
    moved = (start + pd.to_timedelta(rng.integers(0, 200, count) * 6, unit="h")).as_unit("us")
    for fact, rows in later_facts(table, frame, cutoff).items():
        frame.loc[rows, fact] = moved[rows.to_numpy()]
        for name in dated_by(table, fact):
            frame.loc[rows, name] = frame[name].sample(count, random_state=1).to_numpy()[rows.to_numpy()]
    extra = frame.sample(min(count, 300), random_state=int(rng.integers(1000))).copy()
    extra["recorded_at"] = start
    unknown = unknown_rows(table, frame, cutoff)
    frame.loc[unknown, "customer_id"] = (
        frame["customer_id"].sample(count, random_state=2).to_numpy()[unknown]
    )
    return pd.concat([frame, extra], ignore_index=True)


def values(matrix: pd.DataFrame, cutoff: dt.date) -> pd.DataFrame:
    instant = pd.Timestamp(cutoff).tz_localize(ZONE).tz_convert("UTC")
    return matrix[matrix["cutoff"] == instant].reset_index(drop=True)


@pytest.fixture(scope="module")
def matrix_of(world, open_runner, history_of):
    def compute(tables, cutoffs, *customers):
        runner = open_runner({name: frame for name, frame in tables.items() if name != "actions"})
        history = history_of({name: tables[name] for name in tables if name != "actions"}, ZONE)
        return indicator_matrix(runner, history, INDICATORS, everybody(world, *customers), cutoffs)

    return compute


@pytest.fixture(scope="module")
def whole(world, matrix_of) -> pd.DataFrame:
    return matrix_of(world.tables, CUTOFFS)


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_deleting_everything_from_the_cutoff_on_changes_nothing(world, matrix_of, whole, cutoff):
    past = {name: deleted(name, frame, cutoff) for name, frame in world.tables.items()}
    pd.testing.assert_frame_equal(matrix_of(past, [cutoff]), values(whole, cutoff), rtol=1e-12)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), cutoff=st.sampled_from(CUTOFFS))
def test_editing_later_facts_and_recording_rows_later_changes_nothing(
    world, matrix_of, whole, seed, cutoff
):
    rng = np.random.default_rng(seed)
    future = {name: edited(name, frame, cutoff, rng) for name, frame in world.tables.items()}
    pd.testing.assert_frame_equal(matrix_of(future, [cutoff]), values(whole, cutoff), rtol=1e-12)


def test_a_fact_before_the_cutoff_does_change_the_row(world, matrix_of, whole):
    # Otherwise the tests above would pass on a matrix of constants.
    usage = world.tables["usage_events"]
    early = usage["recorded_at"] < pd.Timestamp(CUTOFFS[0]).tz_localize(ZONE)
    changed = matrix_of({**world.tables, "usage_events": usage[~early]}, CUTOFFS[:1])
    assert (changed["usage_events_90d"] == 0).all()
    assert (values(whole, CUTOFFS[0])["usage_events_90d"] > 0).any()


def test_a_customer_alone_has_the_row_that_it_has_among_many(world, matrix_of, whole):
    for customer_id in world.tables["customers"]["customer_id"][[0, 23]]:
        alone = matrix_of(world.tables, CUTOFFS, customer_id)
        among = whole[whole["customer_id"] == customer_id].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, among, rtol=1e-12)


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_a_cutoff_alone_has_the_rows_that_it_has_among_others(world, matrix_of, whole, cutoff):
    pd.testing.assert_frame_equal(matrix_of(world.tables, [cutoff]), values(whole, cutoff), rtol=1e-12)


def test_the_order_of_the_rows_does_not_matter(world, matrix_of, whole):
    mixed = {name: frame.sample(frac=1, random_state=5) for name, frame in world.tables.items()}
    pd.testing.assert_frame_equal(matrix_of(mixed, CUTOFFS), whole, rtol=1e-9)
