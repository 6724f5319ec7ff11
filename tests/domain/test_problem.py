"""Days around the cutoff, in local time, also where clocks change."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


@pytest.mark.parametrize(
    ("zone", "date", "instant"),
    [
        ("UTC", "2026-04-01", "2026-04-01 00:00"),
        ("Asia/Tokyo", "2026-04-01", "2026-03-31 15:00"),  # UTC+9
        ("Europe/Berlin", "2026-03-29", "2026-03-28 23:00"),  # UTC+1 until 02:00 of that day
        ("Europe/Berlin", "2026-03-30", "2026-03-29 22:00"),  # UTC+2 from then on
        ("America/New_York", "2026-11-01", "2026-11-01 04:00"),  # UTC-4 until 02:00 of that day
        # Clocks went from 23:59 to 01:00: there is no midnight, the day begins at 01:00 (UTC-2).
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25 22:00"),  # 00:00 became 01:00 (UTC+3)
        # Clocks went from 01:00 back to 00:00: the day begins at the first of two midnights (UTC-4).
        ("America/Havana", "2025-11-02", "2025-11-02 04:00"),
    ],
)
def test_a_cutoff_is_the_first_instant_of_its_local_day(zone, date, instant):
    assert ChurnProblem(timezone=zone).cutoff_instant(date) == utc(instant)


@pytest.mark.parametrize(
    "date", ["2026-04-01", dt.date(2026, 4, 1), np.datetime64("2026-04-01"), pd.Timestamp(2026, 4, 1)]
)
def test_a_date_of_any_type_is_the_same_cutoff(date):
    assert ChurnProblem(timezone="Asia/Tokyo").cutoff_instant(date) == utc("2026-03-31 15:00")


def test_an_aware_timestamp_is_kept_as_it_is():
    moment = pd.Timestamp("2026-04-01 12:30", tz="America/New_York")
    assert ChurnProblem(timezone="Asia/Tokyo").cutoff_instant(moment) == moment


@pytest.mark.parametrize(
    ("zone", "cutoff", "days", "known"),
    [
        ("UTC", "2026-01-01", 30, "2026-01-31 00:00"),
        ("Asia/Tokyo", "2026-04-01", 90, "2026-06-29 15:00"),  # 30 Jun 00:00 in Tokyo
        # 1 Mar 00:00 UTC+1 to 31 Mar 00:00 UTC+2: thirty days, one of them has 23 hours.
        ("Europe/Berlin", "2026-03-01", 30, "2026-03-30 22:00"),
        # 1 Oct 00:00 UTC+2 to 31 Oct 00:00 UTC+1: thirty days, one of them has 25 hours.
        ("Europe/Berlin", "2026-10-01", 30, "2026-10-30 23:00"),
        # 5 Oct + 30 days is 4 Nov 2018, whose midnight does not exist.
        ("America/Sao_Paulo", "2018-10-05", 30, "2018-11-04 03:00"),
        ("America/Sao_Paulo", "2018-11-04", 30, "2018-12-04 02:00"),
        ("Africa/Cairo", "2024-03-27", 30, "2024-04-25 22:00"),
    ],
)
def test_a_label_is_known_after_calendar_days(zone, cutoff, days, known):
    assert ChurnProblem(timezone=zone, horizon_days=days).label_known_at(cutoff) == utc(known)


def test_gap_horizon_and_grace_add_up():
    problem = ChurnProblem(gap_days=14, horizon_days=90, grace_days=7)
    assert problem.label_known_at("2026-01-01") == utc("2026-01-01") + pd.Timedelta(days=111)


def test_without_a_horizon_a_label_is_known_when_it_is_given():
    assert ChurnProblem().label_known_at("2026-01-01") == utc("2026-01-01")
    assert ChurnProblem(gap_days=3).label_known_at("2026-01-01") == utc("2026-01-04")


@settings(deadline=None)
@given(
    st.dates(dt.date(1990, 1, 1), dt.date(2035, 1, 1)),
    st.integers(0, 60),
    st.integers(1, 400),
    st.sampled_from(["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_a_label_is_known_at_a_local_midnight_and_never_before_the_cutoff(date, gap, horizon, zone):
    problem = ChurnProblem(gap_days=gap, horizon_days=horizon, timezone=zone)
    known = problem.label_known_at(date)
    assert known > problem.cutoff_instant(date)
    assert known == problem.cutoff_instant(date + dt.timedelta(days=gap + horizon))
    assert known == problem.label_known_at(problem.cutoff_instant(date))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rule": "colum"}, r"problem\.rule: .*got 'colum' \(did you mean 'column'\?\)"),
        ({"lookback_days": 0}, r"problem\.lookback_days: expected at least 1 day, got 0"),
        ({"horizon_days": 0}, r"problem\.horizon_days: expected at least 1 day, got 0"),
        ({"gap_days": -1}, r"problem\.gap_days: expected 0 days or more, got -1"),
        ({"grace_days": -1}, r"problem\.grace_days: expected 0 days or more, got -1"),
        ({"timezone": "Asia/Edo"}, "expected an IANA name such as 'Asia/Tokyo', got 'Asia/Edo'"),
        ({"timezone": ""}, "expected an IANA name"),
        ({"timezone": "../etc/passwd"}, "expected an IANA name"),
    ],
)
def test_a_problem_that_cannot_be_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        ChurnProblem(**values)


def test_a_problem_survives_json():
    problem = ChurnProblem("column", "left", 180, 14, 90, 7, "Asia/Tokyo")
    assert ChurnProblem.from_dict(json.loads(json.dumps(problem.to_dict()))) == problem
