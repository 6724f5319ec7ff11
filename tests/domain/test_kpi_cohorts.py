"""Retention by cohort: counted by hand, and never rising."""

from __future__ import annotations

import datetime as dt

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.kpi_cohorts import COHORT_COLUMNS, cohort_retention


def stays(*rows: tuple[str, str | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["start_date", "end_date"]).astype("datetime64[us]")
    return table.assign(customer_id=[f"C{at}" for at in range(len(table))])


def test_three_customers_of_january_and_one_of_march() -> None:
    table = stays(
        ("2026-01-05", "2026-02-10"),  # there after one month (5 February), not after two
        ("2026-01-20", "2026-03-20"),  # after two months it is the first day no longer in force
        ("2026-01-31", None),
        ("2026-03-01", None),
    )
    found = cohort_retention(table, dt.date(2026, 5, 1))
    january = found[found["cohort"] == dt.date(2026, 1, 1)]
    assert january["period"].tolist() == [0, 1, 2, 3]
    assert january["customers"].tolist() == [3] * 4
    assert january["retained"].tolist() == [3, 3, 1, 1]
    assert january["retention"].tolist() == [1.0, 1.0, 1 / 3, 1 / 3]
    assert found[found["cohort"] == dt.date(2026, 3, 1)]["period"].tolist() == [0, 1]


def test_a_month_after_the_thirty_first_is_the_last_day_of_february() -> None:
    table = stays(("2026-01-31", "2026-02-28"), ("2026-01-31", "2026-03-01"))
    found = cohort_retention(table, dt.date(2026, 4, 1))
    assert found["retained"].tolist() == [2, 1, 0]


def test_a_month_that_is_not_over_has_no_cohort() -> None:
    assert cohort_retention(stays(("2026-05-05", None)), dt.date(2026, 5, 31)).empty


def test_nobody_gives_an_empty_table_with_its_columns() -> None:
    found = cohort_retention(stays(), dt.date(2026, 5, 1))
    assert list(found.columns) == list(COHORT_COLUMNS)
    assert found.empty


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 500), st.one_of(st.none(), st.integers(1, 500))), max_size=20))
def test_retention_begins_at_one_and_never_rises(spans: list[tuple[int, int | None]]) -> None:
    origin = dt.date(2025, 1, 1)
    rows = [
        (
            str(origin + dt.timedelta(days=at)),
            None if n is None else str(origin + dt.timedelta(days=at + n)),
        )
        for at, n in spans
    ]
    found = cohort_retention(stays(*rows), dt.date(2026, 12, 1))
    for _, cohort in found.groupby("cohort"):
        assert cohort["retention"].iloc[0] == 1.0
        assert cohort["retention"].is_monotonic_decreasing
        assert set(cohort["customers"]) == {cohort["retained"].iloc[0]}
