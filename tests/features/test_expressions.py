"""What users may write in SQL, and what is refused before anything runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import ConfigError, LeakageError
from churnhealth.features.expressions import check_indicator_sql
from churnhealth.features.own_measures import sql_measure

REFUSED = [
    ("SUM(", "expected one SQL expression"),
    ("", "expected one SQL expression"),
    ("-- nothing", "expected one SQL expression"),
    ("1; DROP TABLE health_scores", "expected one SQL expression"),
    ("DROP TABLE health_scores", "expected one SQL expression"),
    ("SUM(quantity) FROM customers", "expected one SQL expression"),
    ("(SELECT COUNT(*) FROM customers)", "a subquery is not allowed"),
    ("SUM(CASE WHEN feature IN (SELECT 'a') THEN 1 END)", "SELECT is not allowed"),
    ("SUM(quantity) OVER ()", "window function"),
    ("SUM(quantity) FILTER (WHERE quantity > 1)", "FILTER is not allowed"),
    ("read_csv('/etc/passwd')", r"READ_CSV\(\) is not allowed"),
    ("SUM(pg_sleep(10))", r"pg_sleep\(\) is not allowed"),
    ("SUM(random())", r"RAND\(\) is not allowed"),
    ("SUM(CASE WHEN occurred_at > now() THEN 1 END)", r"now\(\) is not allowed"),
    ("SUM(CASE WHEN occurred_at > current_date THEN 1 END)", r"CURRENT_DATE\(\) is not allowed"),
    ("SUM(CASE WHEN occurred_at > 'now' THEN 1 END)", "read the clock"),
    ("SUM(CASE WHEN CAST('today' AS DATE) > '2026-01-01' THEN 1 END)", "read the clock"),
    ("quantity", "expected an aggregate"),
    ("SUM(quantity) / quantity", "'quantity' stands outside of an aggregate"),
    ("SUM(SUM(quantity))", "an aggregate of an aggregate"),
    ("SUM(quantiti)", "no 'quantiti' .did you mean 'quantity'"),
    ("SUM(usage_events.quantity)", "a name without a table"),
    ("COUNT(DISTINCT user_id, feature)", "DISTINCT takes one column"),
    ("MAX(feature)", "expected a number, or true and false; it gives VARCHAR"),
    ("MAX(occurred_at)", "it gives TIMESTAMP"),
    ("SUM(CAST(quantity AS DECIMAL(3, 1)))", "expected one of the types"),
    ("SUM(" + "(" * 900 + "1" + ")" * 900 + ")", "nested as deeply"),
    ("SUM(1) " + "+ 1" * 1000, "at most 2000 characters"),
]


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_what_is_no_aggregate_of_the_rows_is_refused(sql, message):
    with pytest.raises(ConfigError, match=message):
        sql_measure("usage_events", sql, window=28)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as caught:
        sql_measure("usage_events", "SUM(quantiti) + SUM(random()) + feature", window=28)
    for part in ("quantiti", "RAND()", "'feature' stands outside"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("sum( Quantity )  -- all of it", "SUM(quantity)"),
        ("count(*)>3", "COUNT(*) > 3"),
        ("sum(case when feature like 'rep%' then 1 else 0 end)",
         "SUM(CASE WHEN feature LIKE 'rep%' THEN 1 ELSE 0 END)"),
        ("COUNT(CASE WHEN feature = 'today' THEN 1 END)",
         "COUNT(CASE WHEN feature = 'today' THEN 1 END)"),
    ],
)  # fmt: skip
def test_what_is_allowed_is_written_in_one_way(sql, written):
    assert sql_measure("usage_events", sql, window=28).sql == written


def test_only_what_is_read_is_needed_with_its_fact_date():
    measure = sql_measure("tickets", "AVG(csat)", window=90)
    assert measure.needs() == {"tickets": ("customer_id", "opened_at", "csat", "csat_given_at")}


def test_extra_columns_are_known_by_name():
    measure = sql_measure("usage_events", "SUM(bytes)", window=7, extra=("bytes",))
    assert measure.columns == ()
    with pytest.raises(ConfigError, match="no 'bytes'"):
        sql_measure("usage_events", "SUM(bytes)", window=7)


@pytest.mark.parametrize(
    ("table", "more", "message"),
    [
        ("usage_event", {"window": 7}, "did you mean 'usage_events'"),
        ("customers", {"window": 7}, "expected one of"),
        ("actions", {"window": 7}, "expected one of"),
        ("usage_events", {}, "window: expected days"),
        ("usage_events", {"window": 0}, "1 to 3660|expected 'window'"),
        ("subscriptions", {"window": 7}, "no use for 'window'"),
    ],
)
def test_rows_that_cannot_be_chosen_are_refused(table, more, message):
    with pytest.raises(ConfigError, match=message):
        sql_measure(table, "COUNT(*)", **more)


def test_a_filter_on_a_later_fact_leaks():
    with pytest.raises(LeakageError, match="csat_given_at"):
        sql_measure("tickets", "COUNT(*)", window=7, where=(("csat", ("1",)),))


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SUM(mrr)", "SUM: an aggregate needs rows"),
        ("1 + 1", "at least one indicator"),
        ("mrr + seets", "did you mean 'seats'"),
        ("mrr + (SELECT 1)", "a subquery is not allowed"),
    ],
)
def test_an_expression_over_indicators_has_no_rows(sql, message):
    with pytest.raises(ConfigError, match=message):
        check_indicator_sql(sql, {"mrr": "double", "seats": "double"})


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_reasons(text):
    try:
        measure = sql_measure("usage_events", text, window=28)
    except ConfigError:
        return
    assert sql_measure("usage_events", measure.sql, window=28) == measure
