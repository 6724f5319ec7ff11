"""The days around each cutoff that decide its label, worked out before any SQL is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.features.sql_text import Cte, SqlValue, local_date, midnight, values_select


@dataclass(frozen=True)
class LabelWindow:
    """One cutoff and its days, in the project's time zone.

    Parameters
    ----------
    cutoff : datetime.date
        Local date; the prediction is made at its midnight.
    gap_day : datetime.date
        Last day that does not count; with the rule `renewal` the first day that counts.
    last_day : datetime.date
        Last day of the horizon; with the rule `renewal` the first day after it.
    known_day : datetime.date
        The label is certain at the midnight with which this day begins.
    censored : bool
        Does that midnight lie after the end of the data?

    Examples
    --------
    >>> problem = ChurnProblem("contract_end", gap_days=10, horizon_days=30, grace_days=14)
    >>> window = label_windows(problem, [dt.date(2026, 1, 1)], dt.date(2026, 2, 1))[0]
    >>> window.gap_day.isoformat(), window.last_day.isoformat(), window.known_day.isoformat()
    ('2026-01-11', '2026-02-10', '2026-02-25')
    >>> window.censored
    True
    """

    cutoff: dt.date
    gap_day: dt.date
    last_day: dt.date
    known_day: dt.date
    censored: bool


def label_windows(
    problem: ChurnProblem, cutoffs: Iterable[dt.date], data_end: Any
) -> tuple[LabelWindow, ...]:
    """Return the window of each cutoff, oldest first, each cutoff once.

    Parameters
    ----------
    problem : ChurnProblem
        The rule and its days.
    cutoffs : iterable of datetime.date
        Local dates.
    data_end : date or Timestamp
        The end of the data; a date means its local midnight.
    """
    days = sorted({local_date(one) for one in cutoffs})
    limit = problem.cutoff_instant(data_end)
    return tuple(_window(problem, day, limit) for day in days)


def _window(problem: ChurnProblem, cutoff: dt.date, limit: pd.Timestamp) -> LabelWindow:
    parts = problem.label_parts
    first = parts.get("gap", 0) + parts.get("lead", 0)
    last = first + parts.get("horizon", 0)
    return LabelWindow(
        cutoff,
        _later(cutoff, first),
        _later(cutoff, last),
        _later(cutoff, problem.label_days),
        bool(problem.label_known_at(cutoff) > limit),
    )


def windows_cte(windows: Iterable[LabelWindow]) -> Cte:
    """Return the part `label_windows(cutoff, cutoff_day, gap_day, last_day, known_at, censored)`."""
    rows: list[list[SqlValue]] = [
        [
            midnight(one.cutoff),
            one.cutoff,
            one.gap_day,
            one.last_day,
            midnight(one.known_day),
            int(one.censored),
        ]
        for one in windows
    ]
    columns = ["cutoff", "cutoff_day", "gap_day", "last_day", "known_at", "censored"]
    return "label_windows", values_select(columns, rows)


def _later(day: dt.date, days: int) -> dt.date:
    return day + dt.timedelta(days=days)
