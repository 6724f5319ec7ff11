"""Days as whole numbers since 1970-01-01, anniversaries of contracts, and local time.

All arithmetic on dates is done on such day numbers; instants are microseconds since 1970 in UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NEVER = 10**7  # a day number after every other
LONG_AGO = -(10**7)
SECOND = 1_000_000
DAY = 86_400 * SECOND
_SPARE_DAYS = 2500


def day_number(date: dt.date) -> int:
    """Return the day number of a date.

    Examples
    --------
    >>> day_number(dt.date(1970, 1, 2))
    1
    """
    return date.toordinal() - dt.date(1970, 1, 1).toordinal()


def weekday(day: IntArray) -> IntArray:
    """Return the day of the week, 0 for Monday.

    Examples
    --------
    >>> weekday(np.array([0]))  # 1970-01-01 was a Thursday
    array([3])
    """
    return (day + 3) % 7


def month_number(day: IntArray) -> IntArray:
    """Return months since January 1970."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_of_month(month: IntArray) -> IntArray:
    """Return the day number of the first day of a month number."""
    return month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def anniversary(start: IntArray, term: IntArray, nth: IntArray) -> IntArray:
    """Return the day after `nth` terms, which is the last of the month where that month is shorter.

    Parameters
    ----------
    start : array of int
        First days.
    term : array of int
        Months of a term.
    nth : array of int
        How many terms later.

    Examples
    --------
    >>> leap = np.array([day_number(dt.date(2024, 1, 31))])
    >>> anniversary(leap, np.array([1]), np.array([1])).astype("datetime64[D]")
    array(['2024-02-29'], dtype='datetime64[D]')
    """
    month = month_number(start)
    in_month = start - first_of_month(month)
    target = month + term * nth
    first = first_of_month(target)
    return np.asarray(first + np.minimum(in_month, first_of_month(target + 1) - first - 1))


def first_end(start: IntArray, term: IntArray, day: IntArray) -> IntArray:
    """Return the first anniversary on or after a day (the start itself is none)."""
    nth = np.maximum(1, (month_number(day) - month_number(start)) // term)
    found = anniversary(start, term, nth)
    return np.where(found < day, anniversary(start, term, nth + 1), found)


def last_end(start: IntArray, term: IntArray, day: IntArray) -> IntArray:
    """Return the last anniversary on or before a day; `LONG_AGO` where there is none yet."""
    nth = (month_number(day) - month_number(start)) // term
    found = anniversary(start, term, nth)
    nth = np.where(found > day, nth - 1, nth)
    return np.where(nth >= 1, anniversary(start, term, nth), LONG_AGO)


class LocalTime:
    """Local days and hours of one time zone as instants.

    Parameters
    ----------
    timezone : str
        IANA name.
    first, last : int
        Day numbers between which it is used.
    """

    def __init__(self, timezone: str, first: int, last: int) -> None:
        self.timezone = timezone
        self._first = first - _SPARE_DAYS
        days = range(self._first, last + _SPARE_DAYS)
        self._midnight = np.array([_instant(timezone, day, 0) for day in days], dtype=np.int64)
        self._noon = np.array([_instant(timezone, day, 12) for day in days], dtype=np.int64)

    def midnight(self, day: IntArray) -> IntArray:
        """Return the instants (microseconds, UTC) at which local days begin."""
        return self._midnight[day - self._first]

    def at(self, day: IntArray, seconds: FloatArray) -> IntArray:
        """Return the instants of a local clock time, in seconds since midnight (4:00 or later)."""
        offset = ((seconds - 43_200.0) * SECOND).astype(np.int64)
        return self._noon[day - self._first] + offset


@lru_cache(maxsize=50_000)
def _instant(timezone: str, day: int, hour: int) -> int:
    local = dt.datetime(1970, 1, 1, tzinfo=ZoneInfo(timezone)) + dt.timedelta(days=day, hours=hour)
    return int(local.timestamp()) * SECOND


def cutoff_days(cutoffs: Iterable[Any], timezone: str) -> list[int]:
    """Return the day numbers of cutoffs: dates, or instants of a local midnight."""
    moments = [pd.Timestamp(cutoff) for cutoff in cutoffs]
    local = [one.tz_convert(timezone) if one.tzinfo else one for one in moments]
    return [day_number(one.date()) for one in local]
