from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.explain.change_day import day_of_change

WEEK = np.array([1.0, 1.2, 1.1, 1.0, 0.9, 0.0, 0.0])


def daily(counts: np.ndarray | list[float], start: str = "2026-01-05") -> pd.Series:
    """Return counts by day; 2026-01-05 is a Monday."""
    return pd.Series(counts, index=pd.date_range(start, periods=len(counts)), dtype="float64")


def test_the_first_day_of_the_new_level_is_found_exactly_when_nothing_varies() -> None:
    found = day_of_change(daily([10] * 30 + [3] * 25))
    assert found is not None
    assert found.day == dt.date(2026, 2, 4)  # 5 January + 30 days
    assert (found.before, found.after, found.direction) == (10.0, 3.0, "fell")
    assert found.p_value == 0.001  # none of 999 shuffles is as clear


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("before", "after"), [(12.0, 4.0), (4.0, 12.0), (3.0, 0.3)])
def test_a_clear_change_of_a_poisson_series_is_found_within_days(
    seed: int, before: float, after: float
) -> None:
    rng = np.random.default_rng(seed)
    found = day_of_change(daily(np.r_[rng.poisson(before, 110), rng.poisson(after, 70)]))
    assert found is not None
    assert found.direction == ("fell" if after < before else "rose")
    assert abs((found.day - dt.date(2026, 1, 5)).days - 110) <= 3


def test_weekends_are_no_change_and_a_fall_begins_on_a_working_day() -> None:
    assert day_of_change(daily(np.tile(10 * WEEK, 12))) is None
    # From Saturday of week 8 on (day 54) nearly nothing; the first day that differs is Monday.
    counts = np.tile(10 * WEEK, 12)
    counts[54:] = np.round(counts[54:] / 10)
    found = day_of_change(daily(counts))
    assert found is not None
    assert found.day == dt.date(2026, 1, 5) + dt.timedelta(56)
    assert found.day.weekday() == 0


def test_false_alarms_stay_below_their_level() -> None:
    # 60 series without a change, half of them in bursts: at 5 % three are expected.
    rng = np.random.default_rng(5)
    told = 0
    for at in range(60):
        mean = 6.0 * np.tile(WEEK, 13)
        bursts = rng.gamma(0.5, 2.0, len(mean)) if at % 2 else 1.0
        told += day_of_change(daily(rng.poisson(mean * bursts)), level=0.05) is not None
    assert told <= 8  # P(more) < 1 % at 5 %


def test_days_that_hang_together_seldom_pass_for_a_change() -> None:
    # Log-levels with a day-to-day correlation of 0.5: shuffling single days would tell 5 of 40.
    rng = np.random.default_rng(8)
    told = 0
    for _ in range(40):
        level = np.zeros(182)
        for day in range(1, 182):
            level[day] = 0.5 * level[day - 1] + rng.normal(scale=np.sqrt(0.75))
        told += day_of_change(daily(rng.poisson(6.0 * np.exp(0.5 * level)))) is not None
    assert told <= 2


def test_weeks_are_counted_as_they_come() -> None:
    index = pd.date_range("2026-01-05", periods=26, freq="7D")
    counts = pd.Series([40] * 18 + [15] * 8, index=index)
    found = day_of_change(counts, cycle=1, shortest=3)
    assert found is not None
    assert found.day == index[18].date()


def test_the_same_series_gives_the_same_answer() -> None:
    series = daily(np.random.default_rng(3).poisson(np.r_[[5.0] * 60, [3.0] * 60]))
    assert day_of_change(series) == day_of_change(series)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 30), max_size=40))
def test_a_change_that_is_told_has_two_levels_and_room_on_both_sides(counts: list[int]) -> None:
    series = daily(counts)
    found = day_of_change(series, level=0.05)
    if found is None:
        return
    first = (found.day - dt.date(2026, 1, 5)).days
    assert 7 <= first <= len(counts) - 7
    assert found.before == pytest.approx(np.mean(counts[:first]))
    assert found.after == pytest.approx(np.mean(counts[first:]))
    assert 0.0 < found.p_value <= 0.05


@pytest.mark.parametrize("counts", [[], [5.0] * 13, [0.0] * 60, [1.0] * 60])
def test_too_short_empty_and_level_series_have_no_change(counts: list[float]) -> None:
    assert day_of_change(daily(counts)) is None


def test_dates_may_be_plain_dates() -> None:
    days = [dt.date(2026, 1, 5) + dt.timedelta(at) for at in range(40)]
    found = day_of_change(pd.Series([8] * 20 + [1] * 20, index=days))
    assert found is not None
    assert found.day == days[20]


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (daily([1, 2, 3, 4]).drop(pd.Timestamp("2026-01-06")), "equally far apart"),
        (daily([1, 2, 3]).iloc[::-1], "dates in order"),
        (daily([1, -2, 3]), r"counts of 0 or more, got -2.0 on 2026-01-06"),
        (daily([1, np.nan, 3]), "got nan on 2026-01-06"),
    ],
)
def test_faulty_series_are_refused(series: pd.Series, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        day_of_change(series)


@pytest.mark.parametrize("wrong", [{"cycle": 0}, {"shortest": 0}, {"level": 0.0001}, {"level": 1.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SchemaError, match="series of counts"):
        day_of_change(daily([1] * 30), **wrong)
