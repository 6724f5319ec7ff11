"""Reading what users bring: every engine type as the kind that the contract wants."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.features.check_types import Zones, family, read_as, text_date_counts, text_form


def at(*parts: int) -> dt.datetime:
    """A local clock, which carries no zone."""
    return dt.datetime.combine(dt.date(*parts[:3]), dt.time(*parts[3:]))


TOKYO = Zones("Asia/Tokyo", "Asia/Tokyo")
FROM_UTC = Zones("UTC", "Asia/Tokyo")


@pytest.fixture
def read(tmp_path: Path):
    """Read one column of values as a kind, in a real DuckDB file."""

    def run(kind: str, values: list, zones: Zones = TOKYO, form: str = "iso") -> list:
        warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
        warehouse.write_table("t", pd.DataFrame({"n": range(len(values)), "x": pd.Series(values)}))
        stored = dict(warehouse.columns("t"))["x"]
        reading = read_as(kind, '"x"', stored, zones, form)
        rows = warehouse.query(f"SELECT {reading.value} AS v FROM t ORDER BY n").to_pylist()
        return [row["v"] for row in rows]

    return run


def test_day_month_year_is_read_and_impossible_days_are_not(read):
    got = read(
        "date", ["28-02-2024", "1/3/2024", "29.02.2023", "31-04-2024", "x", None], form="day_first"
    )
    assert got == [dt.date(2024, 2, 28), dt.date(2024, 3, 1), None, None, None, None]


def test_a_leap_day_is_a_day_every_fourth_year_but_not_in_1900(read):
    got = read("date", ["29-02-2024", "29-02-2000", "29-02-1900"], form="day_first")
    assert got == [dt.date(2024, 2, 29), dt.date(2000, 2, 29), None]


def test_month_day_year_puts_the_month_first(read):
    assert read("date", ["02-28-2024", "28-02-2024"], form="month_first") == [dt.date(2024, 2, 28), None]


def test_text_with_a_time_is_a_moment_of_the_sources_zone(read):
    got = read(
        "timestamp", ["01-04-2024 20:30", "01-04-2024", "01-04-2024 25:00"], FROM_UTC, "day_first"
    )
    # 20:30 in UTC is 5:30 the next day in Tokyo; a text without a time is a day of the project.
    assert got == [at(2024, 4, 2, 5, 30), at(2024, 4, 1), None]


def test_iso_text_is_read_with_and_without_a_zone(read):
    got = read("timestamp", ["2024-04-01", "2024-04-01T09:00:00", "2024-04-01 09:00:00Z", "2024-13-01"])
    assert got == [
        at(2024, 4, 1),
        at(2024, 4, 1, 9),
        at(2024, 4, 1, 18),
        None,
    ]


def test_naive_timestamps_are_clocks_of_their_source(read):
    moment = pd.Timestamp("2024-04-01 20:00")
    assert read("timestamp", [moment]) == [at(2024, 4, 1, 20)]
    assert read("timestamp", [moment], FROM_UTC) == [at(2024, 4, 2, 5)]
    assert read("date", [moment], FROM_UTC) == [dt.date(2024, 4, 2)]


def test_instants_become_local_clocks_across_a_clock_change(read):
    berlin = Zones("UTC", "Europe/Berlin")
    moments = [pd.Timestamp("2024-03-31 00:30", tz="UTC"), pd.Timestamp("2024-03-31 01:30", tz="UTC")]
    assert read("timestamp", moments, berlin) == [
        at(2024, 3, 31, 1, 30),
        at(2024, 3, 31, 3, 30),
    ]


def test_numbers_in_text_are_read_and_words_are_not(read):
    assert read("double", ["1.5", "-2e3", "1,5", "", None]) == [1.5, -2000.0, None, None, None]
    assert read("integer", ["7", "7.5", "+8"]) == [7, None, 8]
    assert read("integer", [7.0, 7.5]) == [7, None]
    assert read("boolean", ["Yes", "f", "maybe"]) == [True, False, None]
    assert read("boolean", [1, 0, 2]) == [True, False, None]


def test_a_customer_number_is_the_same_text_as_whole_number_and_as_fraction(read):
    assert read("string", [123, 124]) == ["123", "124"]
    assert read("string", [123.0, 0.5]) == ["123", "0.5"]


@pytest.mark.parametrize(
    ("kind", "stored"), [("date", "BOOLEAN"), ("double", "DATE"), ("timestamp", "BIGINT")]
)
def test_some_types_are_never_read_as_a_kind(kind, stored):
    assert not read_as(kind, '"x"', stored, TOKYO).readable


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2024-04-01", "2024-04-02 10:00:00"], "iso"),
        (["13-01-2024", "01-02-2024"], "day_first"),
        (["01-13-2024", "01-02-2024"], "month_first"),
        (["01-02-2024"], "ambiguous"),
        (["13-01-2024", "01-13-2024"], "mixed"),
        (["13-01-2024", "2024-01-13"], "mixed"),
        (["tomorrow"], "unknown"),
    ],
)
def test_the_order_of_day_and_month_is_found(tmp_path, values, form):
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    warehouse.write_table("t", pd.DataFrame({"x": values}))
    counts = ", ".join(f"{sql} AS {name}" for name, sql in text_date_counts('"x"').items())
    (row,) = warehouse.query(f"SELECT {counts} FROM t").to_pylist()
    assert row["filled"] == len(values)
    assert text_form(row) == form


def test_types_of_engines_fall_into_families():
    assert family("TIMESTAMP WITH TIME ZONE") == "zoned"
    assert family("TIMESTAMP_NS") == "naive"
    assert family("INTERVAL") == "other"
    assert [family(one) for one in ("UBIGINT", "HUGEINT", "int4", "TINYINT")] == ["integer"] * 4
