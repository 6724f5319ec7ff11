from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError
from churnhealth.features.indicator_sql import indicator_query
from churnhealth.features.render import render

USAGE = Source("usage_events", "u", {"customer_id": "id", "occurred_at": "at", "user_id": "who"})
HISTORY = History({"usage_events": USAGE}, "UTC")
ASKED = "SELECT id AS customer_id, c.cutoff FROM u CROSS JOIN cutoffs AS c"
DAY = [dt.date(2026, 1, 1)]


def declare(name: str, *args, **more) -> DeclaredIndicator:
    return DeclaredIndicator(Indicator(name), Measure(*args, **more))


COUNT = declare("count", "usage_events", "count", 7)


def test_indicators_that_need_the_same_cell_share_it():
    per = declare("per", "usage_events", "per", 7, "user_id")
    users = declare("users", "usage_events", "distinct", 7, "user_id")
    text = indicator_query(HISTORY, [COUNT, per, users], ASKED, DAY)
    assert text.count("COUNT(k.w1_7)") == 1
    assert text.count("FROM src_usage_events") == 2


def test_parts_of_the_labels_may_bring_the_same_sources():
    alone = indicator_query(HISTORY, [COUNT], ASKED, DAY)
    parts = [("seen", "SELECT 1 AS x"), ("at_risk", ASKED)]
    assert "seen AS (" in indicator_query(HISTORY, [COUNT], parts, DAY)
    assert "seen" not in alone


def test_a_name_with_quotes_stays_a_name():
    odd = DeclaredIndicator(Indicator('7" "count"'), COUNT.measure)
    assert 'AS "7"" ""count"""' in indicator_query(HISTORY, [odd], ASKED, DAY)


@pytest.mark.parametrize(
    ("indicators", "asked", "cutoffs", "message"),
    [
        ([], ASKED, DAY, "at least one indicator"),
        ([COUNT], ASKED, [], "at least one cutoff"),
        ([COUNT], [("customers_at_risk", ASKED)], DAY, "the last is 'at_risk'"),
        ([COUNT, COUNT], ASKED, DAY, "stand twice: 'count'"),
        ([declare("n", "touches", "count", 7)], ASKED, DAY, "there is no source for 'touches'"),
    ],
)
def test_what_cannot_be_compiled_is_refused(indicators, asked, cutoffs, message):
    with pytest.raises(ConfigError, match=message):
        indicator_query(HISTORY, indicators, asked, cutoffs)


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'postgres'"):
        render("SELECT 1", "postgresql")


@pytest.mark.parametrize("value", [0, 1, 5, 2**31, 2**61, 2**62 - 1])
def test_engines_without_a_count_of_bits_add_them_up(value):
    # What Redshift is given, DuckDB understands as well.
    text = render(f"SELECT BIT_COUNT(x) FROM (SELECT CAST({value} AS BIGINT) AS x) AS t", "redshift")
    assert "BIT_COUNT" not in text
    assert duckdb.execute(text).fetchone() == (value.bit_count(),)
    assert "BIT_COUNT" not in render("SELECT BIT_COUNT(x) FROM t", "snowflake")
