"""What holds for all labels: later facts change nothing, and on the simulator they are true."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.history import HISTORY
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History, Source
from churnhealth.features.render import DIALECTS, render
from churnhealth.features.sql_text import with_query
from churnhealth.labels.at_risk_sql import at_risk_ctes
from churnhealth.labels.label_sql import STATUSES, label_sql
from churnhealth.simulate import World, WorldConfig, simulate_world

D = dt.date
CUTOFF = D(2026, 1, 1)
END = D(2027, 1, 1)
ZONE = "Europe/Berlin"
PROBLEMS = [
    ChurnProblem("contract_end", gap_days=5, horizon_days=30, grace_days=14, timezone=ZONE),
    ChurnProblem("renewal", lead_days=20, horizon_days=30, grace_days=14, timezone=ZONE),
    ChurnProblem("contraction", horizon_days=30, grace_days=7, share=0.2, timezone=ZONE),
    ChurnProblem("expansion", horizon_days=30, share=0.2, reporting_delay_days=2, timezone=ZONE),
    ChurnProblem("inactivity", horizon_days=10, silent_days=20, timezone=ZONE),
    ChurnProblem("inactivity", silent_days=20, active_days=7, timezone=ZONE),
    ChurnProblem("column", horizon_days=30, churn_column="churned_on", timezone=ZONE),
]
BEGIN = pd.Timestamp("2025-12-01", tz="UTC")
days = st.integers(0, 120)
COLUMNS = {
    "subscriptions": [
        "subscription_id",
        "customer_id",
        "start_date",
        "end_date",
        "end_announced_at",
        "renewal_date",
        "mrr",
        "valid_from",
        "recorded_at",
    ],
    "usage_events": ["customer_id", "occurred_at", "recorded_at"],
    "customers": ["customer_id", "churned_on", "valid_from", "recorded_at"],
}


@st.composite
def contract_versions(draw: st.DrawFn, earliest: int) -> list[object]:
    name = draw(st.sampled_from(["a1", "a2", "b1", "c1", "c2"]))
    known = earliest + draw(days)
    start = draw(st.integers(-60, 100))
    end = draw(st.none() | st.integers(1, 150))
    day = [None if one is None else BEGIN + pd.Timedelta(days=one) for one in (start, end)]
    told = None if end is None else BEGIN + pd.Timedelta(days=known, hours=-9)
    renewal = BEGIN + pd.Timedelta(days=draw(st.integers(20, 100)))
    valid = BEGIN + pd.Timedelta(days=known)
    mrr = draw(st.sampled_from([10.0, 50.0, 80.0, 100.0]))
    return [name, name[0], day[0], end_after(day), told, renewal, mrr, valid, valid]


def end_after(day: list[pd.Timestamp | None]) -> pd.Timestamp | None:
    """Return an end that lies after the start."""
    start, end = day
    return None if end is None or start is None else max(end, start + pd.Timedelta(days=1))


@st.composite
def uses(draw: st.DrawFn, earliest: int) -> list[object]:
    recorded = BEGIN + pd.Timedelta(hours=24 * earliest + draw(st.integers(0, 2000)))
    before = draw(st.integers(0, 1000))
    return [draw(st.sampled_from("abc")), recorded - pd.Timedelta(hours=before), recorded]


@st.composite
def people(draw: st.DrawFn, earliest: int) -> list[object]:
    known = BEGIN + pd.Timedelta(days=earliest + draw(days))
    churned = draw(st.none() | st.integers(0, 100))
    day = None if churned is None else BEGIN + pd.Timedelta(days=churned)
    return [draw(st.sampled_from("abc")), day, known, known]


def at(day: int) -> pd.Timestamp:
    return BEGIN + pd.Timedelta(days=day)


# Always there, so that there is a label of each kind to change; the cutoff is day 31.
FIXED: dict[str, list[list[object]]] = {
    "subscriptions": [
        ["a1", "a", at(-60), None, None, at(55), 50.0, at(-60), at(-60)],
        ["a1", "a", at(-60), at(55), at(40), at(55), 50.0, at(40), at(40)],
        ["b1", "b", at(-60), None, None, at(55), 50.0, at(-60), at(-60)],
        ["c1", "c", at(-60), None, None, at(55), 50.0, at(-60), at(-60)],
        ["c1", "c", at(-60), None, None, at(55), 100.0, at(45), at(45)],
    ],
    "usage_events": [["a", at(30), at(30)], ["b", at(30), at(30)], ["b", at(45), at(45)]],
    "customers": [["a", None, at(0), at(0)], ["a", at(50), at(50), at(50)], ["b", None, at(0), at(0)]],
}

DRAWN = {"subscriptions": contract_versions, "usage_events": uses, "customers": people}


def tables_of(rows: dict[str, list[list[object]]]) -> dict[str, pd.DataFrame]:
    frames = {name: pd.DataFrame(rows[name], columns=COLUMNS[name]) for name in rows}
    for name, frame in frames.items():
        for column in frame.columns:
            if HISTORY[name].column(column).kind == "date":
                frame[column] = pd.to_datetime(frame[column]).dt.date
            elif HISTORY[name].column(column).kind == "timestamp":
                frame[column] = pd.to_datetime(frame[column], utc=True)
    return frames


@pytest.mark.parametrize("problem", PROBLEMS, ids=[one.rule for one in PROBLEMS])
@settings(max_examples=15)
@given(data=st.data())
def test_facts_recorded_at_or_after_label_known_at_never_change_a_label(label, problem, data) -> None:
    known = (problem.label_known_at(CUTOFF) - BEGIN) / pd.Timedelta(days=1)
    later = math.ceil(known)
    table = {"inactivity": "usage_events", "column": "customers"}.get(problem.rule, "subscriptions")
    rows = FIXED[table] + data.draw(st.lists(DRAWN[table](0), max_size=6))
    more = data.draw(st.lists(DRAWN[table](later), min_size=1, max_size=6))
    before = label(tables_of({table: rows}), problem, [CUTOFF], END).frame
    after = label(tables_of({table: rows + more}), problem, [CUTOFF], END).frame
    pd.testing.assert_frame_equal(before, after)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate_world(
        WorldConfig(customers=1000, years=2, seed=1, timezone="Asia/Tokyo", usage_events_per_week=0.1)
    )


SIMULATED = ("customers", "subscriptions")
QUARTERS = [D(2024, 1, 1), D(2024, 4, 1), D(2024, 7, 1), D(2024, 10, 1)]


def simulated(world: World, label) -> pd.DataFrame:
    problem = ChurnProblem(
        "contract_end", horizon_days=90, grace_days=14, timezone=world.config.timezone
    )
    tables = {name: world.tables[name] for name in SIMULATED}
    frame = label(tables, problem, QUARTERS, world.config.end).frame
    truth = world.truth(QUARTERS, 90)
    return frame.merge(truth, on=["customer_id", "cutoff"], how="outer", validate="one_to_one")


def test_labels_are_what_happened_in_the_simulated_world(world, label) -> None:
    found = simulated(world, label).merge(world.outcomes, on="customer_id")
    # A late renewal that begins on the very day of the cutoff is not known strictly before it.
    assert found["churned"].notna().all()
    assert found["churn_probability"].isna().sum() <= 1
    day = found["cutoff"].dt.tz_convert(world.config.timezone).dt.tz_localize(None)
    end = day + pd.Timedelta(days=90)
    churned = (found["churned_on"] > day) & (found["churned_on"] <= end)
    assert churned.sum() > 50
    assert (found["churned"].astype("int64") == churned.astype("int64")).all()


@pytest.mark.parametrize("versions", [True, False])
def test_the_label_rate_is_the_mean_true_probability(label, versions) -> None:
    observed = expected = variance = 0.0
    for seed in range(4):
        config = WorldConfig(
            customers=2000, years=2, seed=seed, usage_events_per_week=0.05, versions=versions
        )
        found = simulated(simulate_world(config), label).dropna(subset=["churn_probability"])
        p = found["churn_probability"]
        observed += float(found["churned"].sum())
        expected += float(p.sum())
        variance += float((p * (1 - p)).sum())
    assert expected > 300
    assert abs(observed - expected) < 3.0 * math.sqrt(variance), (observed, expected)


def test_one_customer_alone_has_the_label_it_has_among_many(world, label) -> None:
    problem = ChurnProblem("contract_end", horizon_days=90, grace_days=14, timezone="Asia/Tokyo")
    tables = {name: world.tables[name] for name in SIMULATED}
    whole = label(tables, problem, QUARTERS, world.config.end).frame
    for name in whole.loc[whole["churned"] == 1, "customer_id"].head(3):
        some = {one: frame[frame["customer_id"] == name] for one, frame in tables.items()}
        alone = label(some, problem, QUARTERS, world.config.end).frame
        mine = whole[whole["customer_id"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, mine)


@pytest.mark.parametrize("problem", PROBLEMS, ids=[one.rule for one in PROBLEMS])
@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "duckdb"])
def test_labels_can_be_written_in_every_dialect(problem, dialect) -> None:
    sources = {
        name: Source(name, name, {one: one for one in columns}) for name, columns in COLUMNS.items()
    }
    text = render(label_sql(History(sources, ZONE), problem, [CUTOFF], END), dialect)
    assert sqlglot.parse_one(text, read=dialect).find(sqlglot.exp.CTE) is not None
    parts = at_risk_ctes(History(sources, ZONE), problem, [CUTOFF])
    assert parts[-1][0] == "at_risk"
    assert "at_risk" in with_query(parts, "SELECT * FROM at_risk")


def test_every_status_has_its_label() -> None:
    ones = {name for name, value in STATUSES.items() if value == 1}
    assert ones == {"churned", "contracted", "expanded", "involuntary"}
    assert {name for name, value in STATUSES.items() if value == 0} == {"stayed", "in_gap"}
