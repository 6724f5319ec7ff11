from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.simulate.days import (
    LONG_AGO,
    LocalTime,
    anniversary,
    cutoff_days,
    day_number,
    first_end,
    last_end,
    weekday,
)

DAYS = st.integers(day_number(dt.date(2015, 1, 1)), day_number(dt.date(2030, 12, 31)))


def _one(value: int) -> np.ndarray:
    return np.array([value])


def _date(days: np.ndarray) -> str:
    return str(days.astype("datetime64[D]")[0])


@pytest.mark.parametrize(
    ("start", "months", "nth", "expected"),
    [
        (dt.date(2023, 1, 31), 1, 1, "2023-02-28"),
        (dt.date(2023, 1, 31), 1, 2, "2023-03-31"),
        (dt.date(2024, 2, 29), 12, 1, "2025-02-28"),
        (dt.date(2024, 2, 29), 12, 4, "2028-02-29"),
        (dt.date(2023, 11, 15), 1, 2, "2024-01-15"),
    ],
)
def test_an_anniversary_stays_within_its_month(
    start: dt.date, months: int, nth: int, expected: str
) -> None:
    assert _date(anniversary(_one(day_number(start)), _one(months), _one(nth))) == expected


def test_weekdays_count_from_monday() -> None:
    assert weekday(_one(day_number(dt.date(2023, 4, 3))))[0] == 0
    assert weekday(_one(day_number(dt.date(2023, 4, 9))))[0] == 6


def test_the_start_is_not_an_end() -> None:
    start = _one(day_number(dt.date(2023, 4, 1)))
    assert _date(first_end(start, _one(12), start)) == "2024-04-01"
    assert last_end(start, _one(12), start)[0] == LONG_AGO


@given(start=DAYS, term=st.sampled_from([1, 12]), ahead=st.integers(1, 2000), notice=st.integers(1, 90))
def test_who_announces_up_to_the_last_day_ends_in_time_and_nobody_later(
    start: int, term: int, ahead: int, notice: int
) -> None:
    day = start + ahead
    last = int(last_end(_one(start), _one(term), _one(day))[0]) - notice
    if last >= start:
        assert first_end(_one(start), _one(term), _one(last + notice))[0] <= day
    assert first_end(_one(start), _one(term), _one(max(last, start) + notice + 1))[0] > (
        day if last >= start else start
    )


@given(start=DAYS, term=st.sampled_from([1, 12]), ahead=st.integers(1, 2000))
def test_the_first_end_is_the_nearest_anniversary_ahead(start: int, term: int, ahead: int) -> None:
    found = int(first_end(_one(start), _one(term), _one(start + ahead))[0])
    every = anniversary(np.full(200, start), np.full(200, term), np.arange(1, 201))
    assert found == every[every >= start + ahead].min()


def test_local_days_begin_at_local_midnight_also_when_the_clock_changes() -> None:
    first = day_number(dt.date(2024, 3, 29))
    clock = LocalTime("Europe/Berlin", first, first + 10)
    instants = clock.midnight(np.arange(first, first + 4))
    assert (np.diff(instants) / 3.6e9).tolist() == [24.0, 24.0, 23.0]
    nine = pd.Timestamp(int(clock.at(_one(first + 2), np.array([9 * 3600.0]))[0]), unit="us", tz="UTC")
    assert nine == pd.Timestamp("2024-03-31 09:00", tz="Europe/Berlin")


def test_cutoffs_may_be_dates_or_instants_of_local_midnight() -> None:
    instant = pd.Timestamp("2023-12-31 15:00", tz="UTC")
    assert cutoff_days(["2024-01-01", dt.date(2024, 1, 1), instant], "Asia/Tokyo") == [19723] * 3
