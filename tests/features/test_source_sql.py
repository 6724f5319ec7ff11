from __future__ import annotations

import pytest

from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError
from churnhealth.features.source_sql import source_ctes

COLUMNS = {"customer_id": "id", "opened_at": "at", "ticket_id": "no"}

MOVED = (
    """CAST(((CAST("at" AS TIMESTAMP) AT TIME ZONE 'Europe/Berlin') """
    """AT TIME ZONE 'Asia/Tokyo') AS TIMESTAMP)"""
)


def select(stored: dict[str, str], own: str | None = None) -> str:
    history = History({"tickets": Source("tickets", "t", COLUMNS, own, stored)}, "Asia/Tokyo")
    return source_ctes(history, "tickets")[0][1]


@pytest.mark.parametrize(
    ("stored", "own", "expression"),
    [
        ("TIMESTAMP WITH TIME ZONE", None, """CAST(("at" AT TIME ZONE 'Asia/Tokyo') AS TIMESTAMP)"""),
        ("timestamptz", "Europe/Berlin", """CAST(("at" AT TIME ZONE 'Asia/Tokyo') AS TIMESTAMP)"""),
        ("TIMESTAMP", None, 'CAST("at" AS TIMESTAMP)'),
        ("timestamp without time zone", "Asia/Tokyo", 'CAST("at" AS TIMESTAMP)'),
        ("TIMESTAMP", "Europe/Berlin", MOVED),
        ("DATE", "Europe/Berlin", 'CAST("at" AS TIMESTAMP)'),
    ],
)
def test_an_instant_becomes_a_local_timestamp_however_it_is_stored(stored, own, expression):
    assert f"  {expression} AS opened_at,\n" in select({"at": stored}, own)


def test_an_opening_is_given_in_utc_as_well():
    assert """CAST(("at" AT TIME ZONE 'UTC') AS TIMESTAMP) AS opened_at_utc""" in select({})


def test_a_fraction_as_an_identity_loses_its_point():
    assert 'CASE WHEN "id" = FLOOR("id") THEN' in select({"id": "DOUBLE"})
    assert 'CAST("id" AS VARCHAR) AS customer_id' in select({"id": "BIGINT"})


def test_a_date_stored_as_an_instant_is_its_local_date():
    columns = {"customer_id": "id", "start_date": "start"}
    stored = {"start": "TIMESTAMPTZ"}
    history = History(
        {"subscriptions": Source("subscriptions", "s", columns, None, stored)}, "Asia/Tokyo"
    )
    assert (
        """CAST(("start" AT TIME ZONE 'Asia/Tokyo') AS DATE) AS start_date"""
        in source_ctes(history)[0][1]
    )


def test_the_warehouse_says_how_a_relation_is_read():
    history = History({"tickets": Source("tickets", "t", COLUMNS)}, "UTC")
    text = source_ctes(history, relation_sql=lambda name: f"read_parquet('{name}/*.parquet')")[0][1]
    assert "FROM read_parquet('t/*.parquet')\n" in text


def test_a_table_without_a_source_is_an_error():
    with pytest.raises(ConfigError, match="expected a source for 'touches', got sources for 'tickets'"):
        source_ctes(History({"tickets": Source("tickets", "t", COLUMNS)}, "UTC"), "touches")
