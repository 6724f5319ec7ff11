# ruff: noqa: E501 - tables worked by hand, one column a line.
"""The user's own expressions against tables worked by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
import sqlglot

from churnhealth.domain.catalogue import DeclaredIndicator, Derived
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.features.indicator_sql import computable, indicator_query
from churnhealth.features.matrix import indicator_matrix
from churnhealth.features.own_measures import sql_measure
from churnhealth.features.render import DIALECTS, render

DAY = dt.date(2026, 4, 1)
ASKED = (
    "SELECT v.id AS customer_id, c.cutoff FROM (VALUES ('a'), ('b')) AS v(id) CROSS JOIN cutoffs AS c"
)


def at(*moments: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(moments), utc=True, format="ISO8601")).dt.as_unit("us")


TABLES = {
    # Customer a, in the 28 days before 1 April: 4 + 6 operations by two users. The third row is older, the
    # fourth lies at the cutoff, the fifth was recorded at the cutoff.
    "usage_events": pd.DataFrame(
        {
            "customer_id": ["a"] * 5,
            "user_id": ["u", "v", "u", "u", "u"],
            "occurred_at": at("2026-03-31T12", "2026-03-04T00", "2026-03-03T23", "2026-04-01", "2026-03-30"),
            "feature": ["x", "y", "x", "x", "x"],
            "quantity": [4, 6, 100, 100, 100],
            "recorded_at": at("2026-03-31T12", "2026-03-04T00", "2026-03-03T23", "2026-04-01", "2026-04-01"),
            "n_bytes": [0.5, 1.5, 9.0, 9.0, 9.0],
        }
    ),
    # One rating known before the cutoff, one given after it.
    "tickets": pd.DataFrame(
        {
            "ticket_id": ["1", "2"],
            "customer_id": ["a", "a"],
            "opened_at": at("2026-03-10", "2026-03-11"),
            "csat": [2.0, 5.0],
            "csat_given_at": at("2026-03-20", "2026-04-02"),
        }
    ),
    # Two contracts of a in force; the end of the second is announced after the cutoff.
    "subscriptions": pd.DataFrame(
        {
            "subscription_id": ["s", "t"],
            "customer_id": ["a", "a"],
            "start_date": [dt.date(2026, 1, 1)] * 2,
            "end_date": [dt.date(2026, 6, 1)] * 2,
            "end_announced_at": at("2026-03-01", "2026-04-02"),
            "mrr": [100.0, 50.0],
            "seats": [10, 20],
            "valid_from": at("2026-01-01", "2026-01-01"),
        }
    ),
}  # fmt: skip


def sql(name: str, table: str, text: str, window: int | None = None, **more) -> DeclaredIndicator:
    return DeclaredIndicator(Indicator(name), sql_measure(table, text, window=window, **more))


PER_USER = sql("per_user", "usage_events", "SUM(quantity) / COUNT(DISTINCT user_id)", 28)
SEATS = DeclaredIndicator(Indicator("seats"), Measure("subscriptions", "level", column="seats"))


@pytest.fixture
def value(open_runner, history_of):
    def compute(one: DeclaredIndicator, customer: str = "a") -> float:
        tables = {
            name: frame.drop(columns=["n_bytes"], errors="ignore") for name, frame in TABLES.items()
        }
        history = history_of(tables, "UTC")
        bytes_too = Source("usage_events", "usage_events", history.sources["usage_events"].columns,
                           extra={"bytes": "n_bytes"})  # fmt: skip
        history = History({**history.sources, "usage_events": bytes_too}, "UTC")
        matrix = indicator_matrix(open_runner(TABLES), history, [one], ASKED, [DAY])
        return float(matrix.set_index("customer_id")[one.name][customer])

    return compute


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (PER_USER, 5.0),  # (4 + 6) / 2
        (sql("ages", "usage_events", "SUM(quantity * age)", 28), 172.0),  # 4 * 1 + 6 * 28
        (sql("x", "usage_events", "COUNT(*)", 28, where=(("feature", ("x",)),)), 1.0),
        (sql("many", "usage_events", "SUM(quantity) > 9", 28), 1.0),
        (sql("few", "usage_events", "SUM(quantity) < 9", 28), 0.0),
        (sql("bytes", "usage_events", "SUM(bytes)", 28, extra=("bytes",)), 2.0),  # 0.5 + 1.5
        (sql("csat", "tickets", "AVG(csat)", 90), 2.0),  # the 5 came later
        (sql("rated", "tickets", "COUNT(csat) / COUNT(*)", 90), 0.5),
        (sql("price", "subscriptions", "SUM(mrr) / SUM(seats)"), 5.0),  # 150 / 30
        (sql("ending", "subscriptions", "COUNT(end_date)"), 1.0),  # the other end is not announced
    ],
    ids=lambda one: one.name if isinstance(one, DeclaredIndicator) else "",
)
def test_an_expression_gives_what_was_worked_by_hand(value, one, expected):
    assert value(one) == pytest.approx(expected, abs=1e-12)


def test_without_rows_a_count_is_0_and_other_aggregates_are_empty(value):
    assert value(sql("n", "usage_events", "COUNT(*)", 28), "b") == 0
    assert pd.isna(value(sql("total", "usage_events", "SUM(quantity)", 28), "b"))
    assert pd.isna(value(PER_USER, "b"))


def test_an_expression_over_indicators_is_worked_out_row_by_row(value):
    # 5 operations per user over 30 seats; then twice that.
    per_seat = DeclaredIndicator(Indicator("per_seat"), Derived("per_user / seats", (PER_USER, SEATS)))
    twice = DeclaredIndicator(Indicator("twice"), Derived("per_seat * 2 + 0 * seats", (per_seat, SEATS)))
    assert value(per_seat) == pytest.approx(5 / 30)
    assert value(twice) == pytest.approx(10 / 30)
    assert pd.isna(value(per_seat, "b"))


def test_an_indicator_of_an_absent_source_is_left_out_and_so_is_what_refers_to_it(history_of):
    history = history_of({"tickets": TABLES["tickets"]}, "UTC")
    derived = DeclaredIndicator(Indicator("double"), Derived("per_user * 2", (PER_USER,)))
    found = computable(history, [PER_USER, derived])
    assert found.indicators == ()
    assert found.notes == (
        "indicator 'per_user' left out: there is no source for 'usage_events'",
        "indicator 'double' left out: it needs 'per_user': there is no source for 'usage_events'",
    )


def test_an_undated_overwritten_column_is_left_out_of_expressions(history_of):
    history = history_of({"subscriptions": TABLES["subscriptions"].drop(columns="valid_from")}, "UTC")
    found = computable(history, [sql("price", "subscriptions", "SUM(mrr) / SUM(seats)")])
    assert "mrr, seats of 'subscriptions' is overwritten without a date" in found.notes[0]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_engine_divides_alike(dialect, history_of):
    history = history_of({name: frame.drop(columns=["n_bytes"], errors="ignore")
                          for name, frame in TABLES.items()}, "UTC")  # fmt: skip
    per_seat = DeclaredIndicator(Indicator("per_seat"), Derived("per_user / seats", (PER_USER, SEATS)))
    text = render(indicator_query(history, [PER_USER, per_seat], ASKED, [DAY]), dialect)
    tree = sqlglot.parse_one(text, read=dialect)
    assert [one.alias_or_name for one in tree.selects] == [
        "customer_id",
        "cutoff",
        "per_user",
        "per_seat",
    ]
    assert "NULLIF" in text.upper()


ATTRIBUTES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "b"],
        "region": ["north", "south", "east", "west"],
        # The third version is valid from the cutoff on; b was recorded at the cutoff.
        "valid_from": at("2026-01-01", "2026-03-31T23:59", "2026-04-01", "2026-01-01"),
        "recorded_at": at("2026-01-01", "2026-03-31T23:59", "2026-03-01", "2026-04-01"),
    }
)
REGION = DeclaredIndicator(Indicator("region"), Measure("customers", "attribute", column="region"))


def test_an_attribute_is_that_of_the_version_known_at_the_cutoff(open_runner, history_of):
    tables = {"customers": ATTRIBUTES}
    matrix = indicator_matrix(open_runner(tables), history_of(tables, "UTC"), [REGION], ASKED, [DAY])
    assert matrix["region"].fillna("none").tolist() == ["south", "none"]


def test_an_attribute_that_is_overwritten_without_dates_is_left_out(history_of):
    undated = history_of({"customers": ATTRIBUTES.drop(columns="valid_from")}, "UTC")
    assert "known only with valid_from" in computable(undated, [REGION]).notes[0]
