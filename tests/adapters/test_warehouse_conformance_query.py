"""Reading and running SQL: DuckDB, PostgreSQL and a folder of Parquet files give the same."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnhealth.adapters.arrow_frames import frame_to_arrow
from churnhealth.adapters.open_warehouse import open_source, open_warehouse
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError
from churnhealth.features.runner import SqlRunner
from churnhealth.simulate import WorldConfig, write_world

WITH_GAPS = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}
ENGINES = ("duckdb", "postgres", "parquet")
HOSTILE = "Kunde \"; DROP's [1]* 表"
EVENTS = pd.DataFrame(
    {
        "customer_id": ["a", "b", None],
        "occurred_at": pd.to_datetime(["2026-03-29 00:30", "2026-03-29 02:30", None]).tz_localize("UTC"),
        "local": pd.to_datetime(["2026-03-29 00:30", None, "2026-03-29 01:30"]),
        "day": [dt.date(2026, 3, 29), None, dt.date(2026, 3, 30)],
        "quantity": pd.array([2**53 + 1, None, 3], dtype="Int64"),
        "seats": pd.array([1, 2, None], dtype="Int32"),
        "amount": [1.5, None, -0.1],
        "active": pd.array([True, None, False], dtype="boolean"),
    }
)


@pytest.fixture(scope="module")
def sources(
    tmp_path_factory: pytest.TempPathFactory, new_postgres_database: Any
) -> dict[str, SqlRunner]:
    """The same tables in three places: a few events by hand, and a small simulated world."""
    folder = tmp_path_factory.mktemp("tables")
    write_world(WorldConfig(customers=40, years=1), folder)
    pq.write_table(frame_to_arrow("events", EVENTS), folder / "events.parquet")
    pq.write_table(pa.table({HOSTILE: [1]}), folder / f"{HOSTILE}.parquet")
    files = open_source(str(folder))
    places = {"duckdb": str(folder / "own.duckdb"), "postgres": new_postgres_database()}
    opened: dict[str, SqlRunner] = {"parquet": files}
    for engine, location in places.items():
        warehouse = open_warehouse(location)
        for file in folder.glob("*.parquet"):
            warehouse.write_table(file.stem, pq.read_table(file).to_pandas(types_mapper=WITH_GAPS.get))
        opened[engine] = warehouse
    return opened


@pytest.fixture(params=ENGINES)
def source(request: pytest.FixtureRequest, sources: dict[str, SqlRunner]) -> SqlRunner:
    return sources[request.param]


def test_columns_have_the_same_names_and_types_everywhere(source: SqlRunner) -> None:
    assert source.columns("events") == [
        ("customer_id", "VARCHAR"),
        ("occurred_at", "TIMESTAMP WITH TIME ZONE"),
        ("local", "TIMESTAMP"),
        ("day", "DATE"),
        ("quantity", "BIGINT"),
        ("seats", "INTEGER"),
        ("amount", "DOUBLE"),
        ("active", "BOOLEAN"),
    ]


def test_rows_come_as_the_same_arrow_everywhere(source: SqlRunner) -> None:
    got = source.query(f"SELECT * FROM {source.relation_sql('events')} ORDER BY customer_id")
    assert got.schema.types == [
        pa.string(),
        pa.timestamp("us", tz="UTC"),
        pa.timestamp("us"),
        pa.date32(),
        pa.int64(),
        pa.int32(),
        pa.float64(),
        pa.bool_(),
    ]
    assert got.to_pylist() == frame_to_arrow("events", EVENTS).to_pylist()


def test_sums_decimals_and_unknowns_have_plain_kinds(source: SqlRunner) -> None:
    relation = source.relation_sql("events")
    got = source.query(
        f"SELECT SUM(CAST(seats AS BIGINT)) AS n, CAST(SUM(seats) AS BIGINT) AS whole, "
        f"CAST(1.25 AS DECIMAL(9, 2)) AS mrr, CAST(NULL AS DECIMAL(9, 2)) AS none, 'x' AS word "
        f"FROM {relation}"
    )
    assert got.schema.types == [pa.float64(), pa.int64(), pa.float64(), pa.float64(), pa.string()]
    assert got.to_pylist() == [{"n": 3.0, "whole": 3, "mrr": 1.25, "none": None, "word": "x"}]


def test_a_daylight_saving_change_is_seen_in_the_zone_that_was_asked(source: SqlRunner) -> None:
    # Berlin goes from 02:00 to 03:00 on 2026-03-29: 00:30 UTC is 01:30, 02:30 UTC is 04:30.
    got = source.query(
        f"SELECT occurred_at AT TIME ZONE 'Europe/Berlin' AS here, "
        f"CAST(occurred_at AT TIME ZONE 'Europe/Berlin' AS DATE) - DATE '2026-03-01' AS days "
        f"FROM {source.relation_sql('events')} WHERE customer_id IS NOT NULL ORDER BY 1"
    )
    assert got["here"].to_pylist() == [
        pd.Timestamp("2026-03-29 01:30"),
        pd.Timestamp("2026-03-29 04:30"),
    ]
    assert got["days"].to_pylist() == [28, 28]


def test_an_empty_answer_keeps_its_columns(source: SqlRunner) -> None:
    relation = source.relation_sql("events")
    empty = source.query(f"SELECT day, CAST(1.5 AS DECIMAL(9, 2)) AS mrr FROM {relation} WHERE 1 = 0")
    assert empty.schema.names == ["day", "mrr"]
    assert empty.schema.types == [pa.date32(), pa.float64()]
    assert empty.num_rows == 0


def test_a_hostile_name_is_only_a_name(source: SqlRunner) -> None:
    relation = source.relation_sql(HOSTILE)
    assert source.query(f"SELECT * FROM {relation}").to_pydict() == {HOSTILE: [1]}
    assert [name for name, _ in source.columns(HOSTILE)] == [HOSTILE]


def test_batches_are_the_table_bit_by_bit(source: SqlRunner) -> None:
    question = (
        "SELECT a, CAST(a AS DECIMAL(18, 2)) AS d, REPEAT('x', 60) AS t "
        "FROM generate_series(1, 300000) AS g(a) ORDER BY a"
    )
    batches = [*source.query_batches(question)]
    assert len(batches) > 1
    assert {tuple(batch.schema.names) for batch in batches} == {("a", "d", "t")}
    whole = pa.Table.from_batches(batches)
    assert whole["a"].combine_chunks().equals(pa.array(range(1, 300_001), whole["a"].type))
    assert whole.schema.field("d").type == pa.float64()


def test_a_query_over_a_world_gives_the_same_rows_everywhere(sources: dict[str, SqlRunner]) -> None:
    answers = []
    for engine in ENGINES:
        source = sources[engine]
        usage, subscriptions = source.relation_sql("usage_events"), source.relation_sql("subscriptions")
        answers.append(
            source.query(
                "WITH uses AS (SELECT customer_id, COUNT(*) AS uses, COUNT(DISTINCT user_id) AS users, "
                "CAST(MAX(occurred_at AT TIME ZONE 'Asia/Tokyo') AS DATE) AS last_day "
                f"FROM {usage} GROUP BY customer_id), "
                "newest AS (SELECT customer_id, CAST(mrr AS DOUBLE PRECISION) AS mrr, ROW_NUMBER() OVER "
                f"(PARTITION BY customer_id ORDER BY start_date DESC, valid_from DESC) AS place "
                f"FROM {subscriptions}) "
                "SELECT newest.customer_id, mrr, uses, users, last_day FROM newest "
                "LEFT JOIN uses ON uses.customer_id = newest.customer_id WHERE place = 1 "
                'ORDER BY CAST(newest.customer_id AS VARCHAR) COLLATE "C"'
            )
        )
    assert answers[0].num_rows == 40
    assert answers[0] == answers[1] == answers[2]


def test_an_unknown_table_names_its_nearest_neighbour(source: SqlRunner) -> None:
    for ask in (source.relation_sql, source.columns):
        with pytest.raises(WarehouseError, match=r"'usage_event' \(did you mean 'usage_events'\?\)"):
            ask("usage_event")


@pytest.mark.parametrize("question", ["SELEC 1", "SELECT missing FROM generate_series(1, 2) AS g(a)"])
def test_a_wrong_query_is_an_error_of_ours(source: SqlRunner, question: str) -> None:
    with pytest.raises(WarehouseError, match=r"(?i)syntax error|missing"):
        source.query(question)
    with pytest.raises(WarehouseError, match=r"(?i)syntax error|missing"):
        list(source.query_batches(question))


def test_a_query_that_fails_half_way_is_an_error_of_ours(source: SqlRunner) -> None:
    question = "SELECT CAST(CASE WHEN a > 250000 THEN 'x' ELSE '1' END AS INTEGER) AS n FROM {} AS g(a)"
    with pytest.raises(WarehouseError, match=r"(?i)invalid|convert"):
        list(source.query_batches(question.format("generate_series(1, 300000)")))
    with pytest.raises(WarehouseError, match=r"(?i)invalid|convert"):
        source.query(question.format("generate_series(1, 300000)"))


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def test_a_query_cannot_write(place: Any, warehouse: Warehouse) -> None:
    place.run("CREATE TABLE panel AS SELECT 1 AS a")
    for statement in ("DELETE FROM panel", "DROP TABLE panel"):
        with pytest.raises(WarehouseError, match=r"(?i)read-only"):
            warehouse.query(statement)
    assert warehouse.read_table("panel")["a"].tolist() == [1]


def test_an_iterator_that_is_closed_early_gives_its_connection_back(
    place: Any, warehouse: Warehouse
) -> None:
    batches = iter(warehouse.query_batches("SELECT * FROM generate_series(1, 300000) AS g(a)"))
    assert isinstance(next(batches), pa.RecordBatch)
    batches.close()  # type: ignore[attr-defined]
    warehouse.write_table("panel", pd.DataFrame({"a": [dt.date(2026, 4, 1)]}))
    assert warehouse.read_table("panel")["a"].tolist() == [pd.Timestamp("2026-04-01")]
