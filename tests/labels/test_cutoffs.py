"""Cutoffs by calendar, in the project's time zone."""

from __future__ import annotations

import datetime as dt
import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError
from churnhealth.labels.cutoffs import FREQUENCIES, calendar_cutoffs, require_within_data

D = dt.date
UTC = ChurnProblem()
TOKYO = ChurnProblem(timezone="Asia/Tokyo")


@pytest.mark.parametrize(
    ("every", "more", "expected"),
    [
        ("monthly", {"last": 3}, [D(2026, 1, 1), D(2026, 2, 1), D(2026, 3, 1)]),
        ("monthly", {"start": D(2026, 2, 1)}, [D(2026, 2, 1), D(2026, 3, 1)]),
        ("monthly", {"start": D(2025, 1, 1), "end": D(2025, 2, 28)}, [D(2025, 1, 1), D(2025, 2, 1)]),
        ("monthly", {"start": D(2025, 1, 1), "last": 1}, [D(2026, 3, 1)]),
        ("quarterly", {"last": 2}, [D(2025, 10, 1), D(2026, 1, 1)]),
        ("quarterly", {"last": 2, "first_month": 2}, [D(2025, 11, 1), D(2026, 2, 1)]),
        ("weekly", {"last": 2}, [D(2026, 3, 2), D(2026, 3, 9)]),  # 11 March 2026 is a Wednesday
        ("weekly", {"last": 2, "weekday": 2}, [D(2026, 3, 4), D(2026, 3, 11)]),
        ("weekly", {"last": 1, "weekday": 3}, [D(2026, 3, 5)]),
        ("daily", {"last": 2}, [D(2026, 3, 10), D(2026, 3, 11)]),
    ],
)
def test_cutoffs_follow_the_calendar_up_to_the_end_of_the_data(every, more, expected) -> None:
    assert calendar_cutoffs(every, D(2026, 3, 11), UTC, **more) == expected


def test_the_end_of_the_data_is_a_local_day() -> None:
    # 16:00 UTC on 31 March is 1 April in Tokyo, so that day's midnight has passed there.
    end = pd.Timestamp("2026-03-31 16:00", tz="UTC")
    assert calendar_cutoffs("monthly", end, TOKYO, last=1) == [D(2026, 4, 1)]
    assert calendar_cutoffs("monthly", end, UTC, last=1) == [D(2026, 3, 1)]


def test_a_cutoff_after_the_end_of_the_data_is_leakage() -> None:
    message = r"after the end of the data, 2026-03-11 00:00 \(Asia/Tokyo\), got '2026-03-12'"
    with pytest.raises(LeakageError, match=message):
        calendar_cutoffs("daily", D(2026, 3, 11), TOKYO, last=1, end=D(2026, 3, 12))
    with pytest.raises(LeakageError, match="'2026-04-01'"):
        require_within_data([D(2026, 3, 11), D(2026, 4, 1)], D(2026, 3, 11), TOKYO)


def test_a_cutoff_at_the_very_end_of_the_data_is_fine() -> None:
    end = pd.Timestamp("2026-03-10 15:00", tz="UTC")  # midnight in Tokyo
    require_within_data([D(2026, 3, 11)], end, TOKYO)
    with pytest.raises(LeakageError):
        require_within_data([D(2026, 3, 11)], end - pd.Timedelta(seconds=1), TOKYO)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"every": "montly", "last": 1}, r"got 'montly' \(did you mean 'monthly'\?\)"),
        ({"every": "monthly"}, "expected a start, or how many"),
        ({"every": "monthly", "last": 0}, "last: expected at least 1, got 0"),
        ({"every": "weekly", "last": 1, "weekday": 7}, "weekday: .* got 7"),
        ({"every": "quarterly", "last": 1, "first_month": 0}, "first_month: .* got 0"),
        ({"every": "monthly", "start": D(2026, 3, 2)}, "expected at least one monthly cutoff"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(values, message) -> None:
    with pytest.raises(ConfigError, match=message):
        calendar_cutoffs(data_end=D(2026, 3, 11), problem=UTC, **values)


@given(
    st.sampled_from(FREQUENCIES),
    st.dates(D(1990, 1, 1), D(2050, 1, 1)),
    st.integers(1, 40),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Havana"]),
)
def test_cutoffs_rise_and_stay_within_the_data(every, end, last, zone) -> None:
    found = calendar_cutoffs(every, end, ChurnProblem(timezone=zone), last=last)
    assert len(found) == last
    assert found == sorted(set(found))
    assert found[-1] <= end
    gaps = {(b - a).days for a, b in itertools.pairwise(found)}
    allowed = {"daily": {1}, "weekly": {7}, "monthly": {28, 29, 30, 31}, "quarterly": {90, 91, 92}}
    assert gaps <= allowed[every]
