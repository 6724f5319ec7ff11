from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import ConfigError
from churnhealth.features.sql_text import cutoffs_cte, literal, local_date, quote, with_query

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
CONNECTION = duckdb.connect()
MORNING = dt.datetime(2026, 1, 2, 9, 4, 5, 6)  # noqa: DTZ001 - a local timestamp has no zone
MIDNIGHT = dt.datetime.combine(dt.date(2026, 4, 1), dt.time())
AWARE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@given(TEXT)
def test_a_text_comes_back_from_its_literal(text):
    assert CONNECTION.execute(f"SELECT {literal(text)}").fetchone() == (text,)


@given(TEXT.filter(bool))
def test_a_name_comes_back_from_its_quotes(name):
    assert CONNECTION.execute(f"SELECT 1 AS {quote(name)}").description[0][0] == name


@pytest.mark.parametrize("value", [None, True, False, -3, 1e-300, 0.1, dt.date(2026, 1, 2), MORNING])
def test_a_value_comes_back_from_its_literal(value):
    (found,) = CONNECTION.execute(f"SELECT {literal(value)}").fetchone()
    assert (float(found) if isinstance(value, float) else found) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", AWARE])
def test_a_value_that_no_literal_can_hold_is_refused(value):
    with pytest.raises(ConfigError, match="expected"):
        literal(value)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_no_quotes_can_hold_is_refused(name):
    with pytest.raises(ConfigError, match="expected the name"):
        quote(name)


def test_parts_that_share_a_name_and_differ_are_refused():
    with pytest.raises(ConfigError, match="called 'a' and differ"):
        with_query([("a", "SELECT 1"), ("a", "SELECT 2")], "SELECT 1")


def test_a_query_without_parts_is_the_select():
    assert with_query([], "SELECT 1") == "SELECT 1"


def test_sources_are_not_materialised():
    assert with_query([("src_tickets", "SELECT 1")], "SELECT 1").startswith(
        "WITH src_tickets AS NOT MATERIALIZED ("
    )


def test_cutoffs_are_sorted_and_written_once():
    later, earlier = MIDNIGHT, dt.date(2026, 1, 1)
    assert cutoffs_cte([later, earlier, later]) == cutoffs_cte([earlier, dt.date(2026, 4, 1)])


def test_cutoffs_are_needed_and_are_midnights():
    with pytest.raises(ConfigError, match="at least one cutoff"):
        cutoffs_cte([])
    for wrong in (MORNING, AWARE):
        with pytest.raises(ConfigError, match="expected a local date"):
            local_date(wrong)
