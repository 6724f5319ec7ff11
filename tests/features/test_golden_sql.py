"""The generated SQL, word by word, and what it answers.

Set CHURNHEALTH_WRITE_GOLDEN=1 to write the files anew; then read the difference before it is committed.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlglot

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.features.indicator_sql import computable, indicator_query
from churnhealth.features.matrix import indicator_matrix
from churnhealth.features.render import DIALECTS, RENDERED, render
from churnhealth.features.source_sql import described

FOLDER = Path(__file__).parent / "golden"
ZONE = "America/New_York"
CUTOFFS = (dt.date(2024, 7, 1), dt.date(2024, 10, 1))
ASKED = (
    "SELECT s.customer_id, c.cutoff\nFROM (SELECT DISTINCT customer_id FROM src_{table}) AS s\n"
    "CROSS JOIN cutoffs AS c"
)


def declare(name: str, *args, **more) -> DeclaredIndicator:
    return DeclaredIndicator(Indicator(name), Measure(*args, **more))


CES = (("kind", ("CES",)),)
CASES: dict[str, list[DeclaredIndicator]] = {
    "usage_events": [
        declare("events", "usage_events", "count", 7),
        declare("ratio", "usage_events", "ratio", 7),
        declare("trend", "usage_events", "trend", 14),
        declare("users", "usage_events", "distinct", 14, "user_id"),
        declare("days", "usage_events", "distinct_days", 14),
        declare("since", "usage_events", "recency"),
    ],
    "touches": [
        declare("contacts", "touches", "distinct", 14, "touch_id"),
        declare("mails", "touches", "distinct", 14, "touch_id", where=(("channel", ("mail",)),)),
        declare("management", "touches", "recency", where=(("participant_role", ("management",)),)),
    ],
    "tickets": [
        declare("reply_hours", "tickets", "hours", 14, date="first_replied_at"),
        declare("unresolved", "tickets", "open", 14, until="resolved_at"),
    ],
    "surveys": [
        declare("ces", "surveys", "last_value", 14, "score", "answered_at", where=CES),
        declare("ces_age", "surveys", "recency", 14, date="answered_at", where=CES),
    ],
    "milestones": [
        declare("onboarding", "milestones", "reached_share", until="reached_at"),
        declare("onboarding_days", "milestones", "reach_days", until="reached_at"),
        declare("late", "milestones", "overdue", column="due_date", until="reached_at"),
    ],
    "subscriptions": [
        declare("mrr", "subscriptions", "level", column="mrr"),
        declare("mrr_change", "subscriptions", "change", 14, "mrr"),
        declare("plan", "subscriptions", "category", column="plan"),
        declare("plan_changes", "subscriptions", "changes", 365, "plan"),
        declare("renewal", "subscriptions", "days_until", column="renewal_date"),
    ],
}


@pytest.fixture(scope="module")
def runner(world, open_runner):
    return open_runner(world.tables)


def query(table: str, runner) -> str:
    needed = {name for one in CASES[table] for name in one.measure.needs()[table]}
    kept = {"subscription_id", "start_date", "end_date", "end_announced_at", "valid_from", "recorded_at"}
    names = [name for name, _ in runner.columns(table) if name in needed | kept]
    history = History({table: Source(table, table, {name: name for name in names})}, ZONE)
    return indicator_query(described(history, runner), CASES[table], ASKED.format(table=table), CUTOFFS)


def golden(name: str, text: str) -> str:
    path = FOLDER / name
    if os.environ.get("CHURNHEALTH_WRITE_GOLDEN"):
        path.write_text(text + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").removesuffix("\n")


@pytest.mark.parametrize("table", CASES)
def test_the_sql_of_a_table_is_the_golden_file(table, runner):
    text = query(table, runner)
    assert text == golden(f"{table}.sql", text)


@pytest.mark.parametrize("table", CASES)
def test_the_golden_file_runs_and_gives_the_matrix(table, world, runner, history_of):
    text = (FOLDER / f"{table}.sql").read_text(encoding="utf-8")
    rows = runner.query(text).to_pandas().sort_values(["cutoff", "customer_id"], ignore_index=True)
    matrix = indicator_matrix(
        runner,
        history_of({table: world.tables[table]}, ZONE),
        CASES[table],
        ASKED.format(table=table),
        CUTOFFS,
    )
    assert len(rows) == 2 * world.tables[table]["customer_id"].nunique()
    names = [one.name for one in CASES[table]]
    pd.testing.assert_frame_equal(rows[names], matrix[names], check_dtype=False)


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "duckdb"])
def test_the_sql_of_tickets_in_other_dialects_is_the_golden_file(dialect, runner):
    text = sqlglot.parse_one(render(query("tickets", runner), dialect), read=dialect).sql(
        dialect, pretty=True
    )
    assert text == golden(f"tickets.{dialect}.sql", text)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_whole_catalogue_is_rendered_and_parsed(dialect, world, runner, history_of):
    history = described(history_of(world.tables, ZONE), runner)
    # The simulated customers never change; with valid_from their attributes are computed as well.
    customers = history.sources["customers"]
    dated = replace(customers, columns={**customers.columns, "valid_from": "created_at"})
    history = replace(history, sources={**history.sources, "customers": dated})
    indicators = computable(history, BUILT_IN).indicators
    text = render(
        indicator_query(history, indicators, ASKED.format(table="customers"), CUTOFFS), dialect
    )
    tree = sqlglot.parse_one(text, read=dialect)
    assert [one.alias_or_name for one in tree.selects] == [
        "customer_id",
        "cutoff",
        *(one.name for one in BUILT_IN),
    ]
    if dialect in RENDERED:
        assert "MATERIALIZED" not in text
        assert "EPOCH" not in text
