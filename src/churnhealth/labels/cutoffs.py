"""Cutoffs by calendar: the local dates at whose midnight a prediction is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError, listed, nearest

FREQUENCIES = ("daily", "weekly", "monthly", "quarterly")
_MONTHS = {"monthly": 1, "quarterly": 3}


def calendar_cutoffs(
    every: str,
    data_end: Any,
    problem: ChurnProblem,
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    last: int | None = None,
    weekday: int = 0,
    first_month: int = 1,
) -> list[dt.date]:
    """Return cutoffs by calendar, oldest first.

    Parameters
    ----------
    every : {"daily", "weekly", "monthly", "quarterly"}
        Every day, a day of every week, the first day of every month, or of every third month.
    data_end : date or Timestamp
        The end of the data: nothing is known at or after it. A date means its local midnight.
    problem : ChurnProblem
        Brings the time zone.
    start, end : datetime.date, optional
        First and last date that may be a cutoff. Without an `end`: the end of the data.
    last : int, optional
        The newest so many. `start`, `last` or both must be given.
    weekday : int
        Weekly cutoffs: 0 for Mondays to 6 for Sundays.
    first_month : int
        Quarterly cutoffs: a month (1-12) with which a quarter of the vendor's year begins.

    Returns
    -------
    list of datetime.date

    Raises
    ------
    LeakageError
        `end` lies after the end of the data.
    ConfigError
        A choice that cannot be, or that leaves no cutoff.

    Examples
    --------
    >>> calendar_cutoffs("quarterly", dt.date(2026, 4, 1), ChurnProblem(), last=2)
    [datetime.date(2026, 1, 1), datetime.date(2026, 4, 1)]
    >>> calendar_cutoffs("weekly", dt.date(2026, 4, 1), ChurnProblem(), start=dt.date(2026, 3, 20))
    [datetime.date(2026, 3, 23), datetime.date(2026, 3, 30)]
    """
    _check_choices(every, start, last, weekday, first_month)
    until = end if end is not None else _local_day(data_end, problem)
    require_within_data([until], data_end, problem)
    step = _Step(every, weekday, first_month)
    found: list[dt.date] = []
    day: dt.date | None = step.on_or_before(until)
    while day is not None and (start is None or day >= start) and (last is None or len(found) < last):
        found.append(day)
        day = step.before(day)
    if not found:
        raise ConfigError(
            f"cutoffs: expected at least one {every} cutoff from {start} to {until}, found none; begin "
            "earlier, or choose another frequency"
        )
    return found[::-1]


def require_within_data(cutoffs: Iterable[Any], data_end: Any, problem: ChurnProblem) -> None:
    """Raise a `LeakageError` that names the cutoffs after the end of the data.

    Parameters
    ----------
    cutoffs : iterable of date or Timestamp
        Dates mean their local midnight.
    data_end : date or Timestamp
        A cutoff at the very end of the data is fine: everything strictly before it is there.
    problem : ChurnProblem
        Brings the time zone.
    """
    limit = problem.cutoff_instant(data_end)
    late = [one for one in cutoffs if problem.cutoff_instant(one) > limit]
    if late:
        local = limit.tz_convert(problem.timezone)
        raise LeakageError(
            f"cutoffs: expected none after the end of the data, {local:%Y-%m-%d %H:%M} "
            f"({problem.timezone}), got {listed(sorted(str(one) for one in late), most=5)}; nothing is "
            "known of the days between"
        )


def _local_day(moment: Any, problem: ChurnProblem) -> dt.date:
    instant: pd.Timestamp = problem.cutoff_instant(moment)
    return instant.tz_convert(problem.timezone).date()


def _check_choices(
    every: str, start: dt.date | None, last: int | None, weekday: int, first_month: int
) -> None:
    if every not in FREQUENCIES:
        raise ConfigError(
            f"cutoffs: expected one of {listed(FREQUENCIES)}, got {every!r}{nearest(every, FREQUENCIES)}"
        )
    if start is None and last is None:
        raise ConfigError("cutoffs: expected a start, or how many of the newest (last), got neither")
    if last is not None and last < 1:
        raise ConfigError(f"cutoffs, last: expected at least 1, got {last!r}")
    if not 0 <= weekday <= 6:
        raise ConfigError(f"cutoffs, weekday: expected 0 (Monday) to 6 (Sunday), got {weekday!r}")
    if not 1 <= first_month <= 12:
        raise ConfigError(f"cutoffs, first_month: expected 1 to 12, got {first_month!r}")


class _Step:
    """From one cutoff of a calendar to the one before it; dates only, so clock changes do not count."""

    def __init__(self, every: str, weekday: int, first_month: int) -> None:
        self.every, self.weekday, self.first_month = every, weekday, first_month

    def on_or_before(self, day: dt.date) -> dt.date:
        if self.every == "daily":
            return day
        if self.every == "weekly":
            return day - dt.timedelta(days=(day.weekday() - self.weekday) % 7)
        months = day.year * 12 + day.month - 1
        return _first_of(months - (months - (self.first_month - 1)) % _MONTHS[self.every])

    def before(self, day: dt.date) -> dt.date | None:
        if day.toordinal() < 100:
            return None
        return self.on_or_before(day - dt.timedelta(days=1))


def _first_of(months: int) -> dt.date:
    return dt.date(months // 12, months % 12 + 1, 1)
