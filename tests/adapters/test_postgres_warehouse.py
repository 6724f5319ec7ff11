"""What only PostgreSQL has: schemas of the search path, its own types, names it would cut."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from adbc_driver_postgresql import dbapi

from churnhealth.adapters.postgres_warehouse import PostgresWarehouse
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError


def run(uri: str, *statements: str) -> None:
    with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def warehouse(postgres_uri: str) -> Warehouse:
    return PostgresWarehouse(postgres_uri, wait_seconds=0.2)


def test_tables_lie_in_the_first_schema_of_the_search_path(postgres_uri: str, world: Any) -> None:
    run(postgres_uri, "CREATE SCHEMA crm", "CREATE TABLE public.own AS SELECT 1 AS a")
    warehouse = PostgresWarehouse(f"{postgres_uri}&options=-csearch_path%3Dcrm,public")
    warehouse.prepare()
    world.publish(warehouse, "r1", {"a": 90.0})
    assert "health_scores" in warehouse.tables()
    assert "public.own" in warehouse.tables()
    outside = PostgresWarehouse(postgres_uri)
    assert "crm.health_scores" in outside.tables()
    assert outside.read_table("crm.health_current")["health_score"].tolist() == [90.0]


def test_a_search_path_without_a_schema_is_an_error_that_says_how_to_name_one(postgres_uri: str) -> None:
    warehouse = PostgresWarehouse(f"{postgres_uri}&options=-csearch_path%3Dnowhere")
    with pytest.raises(WarehouseError, match=r"expected a schema to work in.*csearch_path%3Dname"):
        warehouse.tables()


def test_names_that_differ_by_case_are_two_tables(warehouse: Warehouse) -> None:
    warehouse.write_table("Panel", pd.DataFrame({"a": [1]}))
    warehouse.write_table("panel", pd.DataFrame({"a": [2]}))
    assert warehouse.read_table("Panel")["a"].tolist() == [1]
    assert warehouse.read_table("panel")["a"].tolist() == [2]
    with pytest.raises(WarehouseError, match="no table or view 'PANEL'"):
        warehouse.read_table("PANEL")


def test_names_that_postgres_would_cut_are_refused(warehouse: Warehouse) -> None:
    warehouse.write_table("x" * 63, pd.DataFrame({"y" * 63: [1]}))
    assert warehouse.columns("x" * 63) == [("y" * 63, "BIGINT")]
    for table, column in (("x" * 64, "a"), ("panel", "表" * 22)):
        with pytest.raises(WarehouseError, match="cuts names to 63 bytes"):
            warehouse.write_table(table, pd.DataFrame({column: [1]}))


def test_text_with_a_nul_is_refused_with_the_column_s_name(warehouse: Warehouse, world: Any) -> None:
    with pytest.raises(WarehouseError, match=r"keeps no NUL characters .* in text, got some in 'b'"):
        warehouse.write_table("panel", pd.DataFrame({"a": ["x"], "b": ["x\0y"], "c": [1]}))
    warehouse.prepare()
    with pytest.raises(WarehouseError, match=r"got some in 'customer_id'"):
        world.publish(warehouse, "r1", {"a\0b": 1.0})
    assert warehouse.read_table("health_scores").empty


def test_an_error_about_a_value_does_not_show_the_row(postgres_uri: str, warehouse: Warehouse) -> None:
    run(
        postgres_uri,
        "CREATE TABLE accounts (name TEXT PRIMARY KEY)",
        "INSERT INTO accounts VALUES ('Ann')",
    )
    warehouse.prepare()
    run(postgres_uri, "ALTER TABLE health_runs ADD CONSTRAINT short CHECK (LENGTH(run_id) < 9)")
    from churnhealth.adapters.warehouse import RunRecord

    long = RunRecord("Ann's own run", "score", None, None, None, 1, pd.Timestamp("2026-04-01", tz="UTC"))
    with pytest.raises(WarehouseError, match='violates check constraint "short"') as caught:
        warehouse.start_run(long)
    assert "Ann" not in str(caught.value)


def test_types_of_its_own_come_as_plain_kinds(postgres_uri: str, warehouse: Warehouse) -> None:
    run(
        postgres_uri,
        "CREATE TYPE mood AS ENUM ('well', 'unwell')",
        "CREATE DOMAIN money_of_ours AS NUMERIC(12, 2)",
        "CREATE TABLE odd (id UUID, mood mood, mrr money_of_ours, big NUMERIC, facts JSONB, "
        "code CHAR(3), short VARCHAR(5), at TIMESTAMPTZ(3), tag NAME)",
        "INSERT INTO odd VALUES ('123e4567-e89b-12d3-a456-426614174000', 'unwell', 12.50, 'NaN', "
        "'{\"a\": 1}', 'ab', 'abcde', '2026-04-01 09:00+09', 'x')",
        "INSERT INTO odd (id) VALUES (NULL)",
    )
    assert dict(warehouse.columns("odd")) == {
        "id": "UUID",
        "mood": "MOOD",
        "mrr": "DECIMAL",
        "big": "DECIMAL",
        "facts": "JSONB",
        "code": "VARCHAR",
        "short": "VARCHAR",
        "at": "TIMESTAMP WITH TIME ZONE",
        "tag": "VARCHAR",
    }
    frame = warehouse.read_table("odd")
    assert frame.iloc[0].drop("big").tolist() == [
        "123e4567-e89b-12d3-a456-426614174000",
        "unwell",
        12.5,
        '{"a": 1}',
        "ab ",
        "abcde",
        pd.Timestamp("2026-04-01", tz="UTC"),
        "x",
    ]
    assert frame.iloc[1].isna().all()
    assert frame["big"].isna().all()


def test_partitions_and_materialised_views_are_tables_like_others(
    postgres_uri: str, warehouse: Warehouse
) -> None:
    run(
        postgres_uri,
        "CREATE TABLE usage (day DATE, n INTEGER) PARTITION BY RANGE (day)",
        "CREATE TABLE usage_2026 PARTITION OF usage FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        "INSERT INTO usage VALUES ('2026-04-01', 7)",
        "CREATE MATERIALIZED VIEW sums AS SELECT SUM(n) AS n FROM usage",
    )
    assert warehouse.tables() == ["sums", "usage"]
    assert warehouse.read_table("usage")["n"].tolist() == [7]
    assert warehouse.query(f"SELECT n FROM {warehouse.relation_sql('sums')}")["n"].to_pylist() == [7]


def test_a_server_in_another_zone_changes_nothing(postgres_uri: str, warehouse: Warehouse) -> None:
    run(postgres_uri, "CREATE VIEW day AS SELECT CAST(TIMESTAMPTZ '2026-04-01 23:00+00' AS DATE) AS day")
    elsewhere = PostgresWarehouse(f"{postgres_uri}&options=-cTimeZone%3DAsia/Tokyo")
    assert elsewhere.read_table("day")["day"].tolist() == [pd.Timestamp("2026-04-01")]


def test_one_statement_is_one_statement(warehouse: Warehouse) -> None:
    warehouse.write_table("panel", pd.DataFrame({"a": [1]}))
    with pytest.raises(WarehouseError, match="multiple commands"):
        warehouse.query("SELECT 1; DROP TABLE panel")
    assert warehouse.read_table("panel")["a"].tolist() == [1]
