"""The SQL text: quoting, and the statements that all engines are given."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.duckdb_session import TYPES
from churnhealth.domain.tables import HEALTH_GROUP_SCORES, HEALTH_RUNS
from churnhealth.errors import WarehouseError


@pytest.fixture(scope="module")
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@settings(deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_a_quoted_name_is_read_back_as_the_name(memory: duckdb.DuckDBPyConnection, name: str) -> None:
    found = memory.execute(f"SELECT 1 AS {sql.quoted(name)}").description
    assert found[0][0] == name


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_cannot_be_quoted_is_refused(name: str) -> None:
    with pytest.raises(WarehouseError, match="expected the name of a table or column"):
        sql.quoted(name)


def test_a_table_is_declared_with_kinds_gaps_and_key() -> None:
    assert sql.create_table(HEALTH_GROUP_SCORES, "x_", TYPES) == (
        'CREATE TABLE IF NOT EXISTS "x_health_group_scores" (\n'
        '  "customer_id" VARCHAR NOT NULL,\n'
        '  "cutoff" TIMESTAMP WITH TIME ZONE NOT NULL,\n'
        '  "model_version" VARCHAR NOT NULL,\n'
        '  "indicator_group" VARCHAR NOT NULL,\n'
        '  "points" DOUBLE NOT NULL,\n'
        '  "sub_score" DOUBLE,\n'
        '  PRIMARY KEY ("customer_id", "cutoff", "model_version", "indicator_group")\n'
        ")"
    )


def test_a_key_that_publishing_looks_at_has_no_index() -> None:
    told = sql.create_table(HEALTH_GROUP_SCORES, "", TYPES, indexed=False)
    assert "PRIMARY KEY" not in told
    assert told.endswith('"sub_score" DOUBLE\n)')


def test_the_view_uses_nothing_that_other_engines_lack() -> None:
    text = sql.create_current_view("").upper()
    for word in ("QUALIFY", "FILTER", "ASOF", "EXCLUDE", "USING", "::", "GROUP BY ALL"):
        assert word not in text


def test_reading_binds_values_and_orders() -> None:
    assert sql.read("t", ("a", "b"), "a DESC") == (
        'SELECT * FROM "t" WHERE "a" = $1 AND "b" = $2 ORDER BY a DESC'
    )
    assert sql.read(HEALTH_RUNS.name, (), "run_id") == 'SELECT * FROM "health_runs" ORDER BY run_id'
