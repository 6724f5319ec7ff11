"""Since when? The daily series behind a driver, and the day at which it changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.explain.card_sentences import day_sentence, without_window
from churnhealth.explain.change_day import DayOfChange, day_of_change
from churnhealth.explain.explanation import source_of
from churnhealth.features.daily_series import (
    adds_up,
    counted_by,
    daily_series,
    daily_series_of,
    is_count,
)
from churnhealth.features.source_columns import present_columns
from churnhealth.jobs.sources import data_end, source_runner
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.cutoffs import require_within_data

MOST_SERIES = 3
DAYS = 180
_PERIODS = {"day": 1.0, "week": 7.0, "30 days": 30.0}


@dataclass(frozen=True)
class CardDay:
    """From a day on there was more, or less, of what stands behind a driver.

    Parameters
    ----------
    indicator : str
        The driver.
    counted_en, counted_ja : str
        What was counted, in words.
    unit : str
        Its unit.
    day : datetime.date
        First local day of the new level.
    before, after : float
        Means per `every`.
    every : {"day", "week", "30 days"}
    p_value : float
        As `DayOfChange` has it.
    """

    indicator: str
    counted_en: str
    counted_ja: str
    unit: str
    day: dt.date
    before: float
    after: float
    every: str
    p_value: float

    def sentence(self, language: str) -> str:
        """Say it in English ("en") or Japanese ("ja")."""
        counted = self.counted_ja if language == "ja" else self.counted_en
        return day_sentence(
            counted, self.unit, self.day, (self.before, self.after), self.every, language
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, with the sentence in both languages."""
        told = {f"sentence_{language}": self.sentence(language) for language in ("en", "ja")}
        return {**asdict(self), "day": self.day.isoformat(), **told}


def indicator_series(
    workplace: Workplace,
    customer_id: str,
    indicator: str,
    *,
    cutoff: dt.date | None = None,
    days: int = DAYS,
) -> pd.Series:
    """Count day by day what stands behind an indicator of one customer, as known at a cutoff.

    Parameters
    ----------
    workplace : Workplace
        Of a project with a history under [sources.*].
    customer_id : str
    indicator : str
        Declared by the project. Behind a ratio, a trend or the time of the last event stand its events,
        behind a share of seats the users.
    cutoff : date, optional
        Local date; None: the end of the data.
    days : int
        Calendar days before the cutoff, at most.

    Returns
    -------
    Series of float
        By day, without gaps; `day_of_change` takes it. See `features.daily_series.daily_series`.

    Raises
    ------
    ConfigError
        The project has no history or no such indicator, or it has no daily series.
    LeakageError
        The cutoff lies after the end of the data.
    SchemaError
        No source knows the customer.

    Examples
    --------
    `day_of_change(indicator_series(workplace, "C0000017", "usage_events_28d"))`.
    """
    settings = workplace.settings
    known = {one.name: one for one in settings.declarations.known} if settings.is_history else {}
    if indicator not in known:
        hint = nearest(indicator, known) if known else "; a [panel] has no daily series"
        raise ConfigError(f"no indicator of the history is called {listed([indicator])}{hint}")
    counts = counted_by(known[indicator], known.values())
    if counts is None:
        raise ConfigError(f"{indicator!r}: no day has a count of its own behind this indicator")
    end = data_end(settings, workplace.clock())
    day = _day_within(workplace, cutoff or end, end)
    runner = source_runner(settings, workplace.warehouse)
    history = present_columns(settings.history, runner)
    return daily_series(runner, history, counts[1], customer_id, day, days)


def card_day(
    workplace: Workplace, customer_id: str, cutoff: dt.date, drivers: Sequence[str]
) -> CardDay | None:
    """Find the day of change behind the strongest driver that has one.

    Parameters
    ----------
    workplace : Workplace
        Of any project; without a history there is none.
    customer_id : str
    cutoff : date
        Local date of the score.
    drivers : sequence of str
        Columns of points, the strongest first; of those that are counted day by day the first three
        are looked at.

    Raises
    ------
    ChurnHealthError
        The sources cannot be read any more, or do not reach the cutoff.
    """
    return card_days(workplace, cutoff, {customer_id: drivers}).get(customer_id)


def card_days(
    workplace: Workplace, cutoff: dt.date, drivers: Mapping[str, Sequence[str]]
) -> dict[str, CardDay]:
    """Find the days of change of several customers; every table of events is read once per count.

    Parameters
    ----------
    workplace, cutoff
        As for `card_day`.
    drivers : mapping of str to sequence of str
        Each customer's columns of points, the strongest first.

    Returns
    -------
    dict of str to CardDay
        Customers without a clear day, or without a row in the sources, are not in it.
    """
    settings = workplace.settings
    if not settings.is_history:
        return {}
    known = {one.name: one for one in settings.declarations.known}
    behind = {customer: _counts_behind(known, names) for customer, names in drivers.items()}
    if not any(behind.values()):
        return {}
    end = data_end(settings, workplace.clock())
    series = _all_series(workplace, behind, _day_within(workplace, cutoff, end))
    found = {customer: _first_change(series, customer, counts) for customer, counts in behind.items()}
    return {customer: day for customer, day in found.items() if day is not None}


# A driver, and the count behind it.
_Behind = tuple[str, Indicator, Measure]


def _counts_behind(known: Mapping[str, DeclaredIndicator], drivers: Sequence[str]) -> list[_Behind]:
    """Return the first drivers that are counted day by day, no count twice."""
    counts: dict[str, _Behind] = {}
    for name in map(source_of, drivers):
        found = counted_by(known[name], known.values()) if name in known else None
        if found is not None:
            counts.setdefault(found[0].name, (name, *found))
    return list(counts.values())[:MOST_SERIES]


def _all_series(
    workplace: Workplace, behind: Mapping[str, Sequence[_Behind]], day: dt.date
) -> dict[tuple[str, str], pd.Series]:
    """Return the series by customer and count."""
    asked: dict[str, tuple[Measure, list[str]]] = {}
    for customer, counts in behind.items():
        for _, counted, measure in counts:
            asked.setdefault(counted.name, (measure, []))[1].append(customer)
    runner = source_runner(workplace.settings, workplace.warehouse)
    history = present_columns(workplace.settings.history, runner)
    return {
        (customer, name): series
        for name, (measure, ids) in asked.items()
        for customer, series in daily_series_of(runner, history, measure, ids, day, DAYS).items()
    }


def _first_change(
    series: Mapping[tuple[str, str], pd.Series], customer: str, counts: Sequence[_Behind]
) -> CardDay | None:
    for driver, counted, measure in counts:
        known = series.get((customer, counted.name))
        change = None if known is None else day_of_change(known)
        if change is not None:
            return _told(driver, counted, measure, change)
    return None


def _day_within(workplace: Workplace, cutoff: dt.date, end: dt.date) -> dt.date:
    require_within_data([cutoff], end, workplace.settings.problem)
    return cutoff


def _told(driver: str, counted: Indicator, measure: Measure, change: DayOfChange) -> CardDay:
    every = "week" if adds_up(measure) else "day"
    if every == "week" and max(change.before, change.after) * _PERIODS["week"] < 1.0:
        every = "30 days"
    words, unit = _words(counted, measure)
    return CardDay(
        driver,
        *words,
        unit,
        change.day,
        change.before * _PERIODS[every],
        change.after * _PERIODS[every],
        every,
        change.p_value,
    )


def _words(counted: Indicator, measure: Measure) -> tuple[tuple[str, str], str]:
    """Return what was counted in English and Japanese, and its unit."""
    english, japanese = (without_window(counted.label(lang), lang) for lang in ("en", "ja"))
    if is_count(measure):
        return (english, japanese), counted.unit
    return (f'counts behind "{english}"', f"「{japanese}」のもとになる件数"), ""
