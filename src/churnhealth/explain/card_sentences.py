"""Sentences beside a score: what moved, what would help, since which day, what the model never saw.

Like those of drivers they tell what goes with a score in the model's view, in English and Japanese.
"""

from __future__ import annotations

import datetime as dt
import re

from churnhealth.domain.indicators import Indicator
from churnhealth.domain.units import CLOSE, COLON, OPEN, date_text, number_text, with_unit, without_unit
from churnhealth.explain.phrases import capitalised, outside_words
from churnhealth.explain.reasons import sentence

NO_DATA = {"en": "no data", "ja": "データなし"}
_WINDOW_EN = re.compile(r",? (?:(?:in|over) the (?:last|past) )?\d+ days$")
_WINDOW_JA = re.compile(r"^(?:直近|過去)\d+日(?:間)?の")
_IN_MODEL = {
    "model": ("counts otherwise in the new model", "新しいモデルで評価が変化"),
    "added": ("new in the model", "新しいモデルで追加"),
    "dropped": ("no longer in the model", "新しいモデルで除外"),
}
_EVERY = {
    "day": ("a day on average", "1日平均"),
    "week": ("a week", "週あたり"),
    "30 days": ("in 30 days", "30日あたり"),
}


def moved_sentence(
    indicator: Indicator, before: object, after: object, points: float, language: str
) -> str:
    """Say how a value moved between two cutoffs, and with how many points.

    Parameters
    ----------
    indicator : Indicator
        Words and unit.
    before, after : object
        The values; None when missing.
    points : float
        Health points.
    language : {"en", "ja"}

    Examples
    --------
    >>> logins = Indicator("logins", unit="logins", label_en="logins, 28 days", label_ja="ログイン回数")
    >>> moved_sentence(logins, 12.0, 5.0, -9.04, "en")
    'Logins, 28 days: 12 → 5. Health −9 points'
    >>> moved_sentence(logins, 12.0, None, -9.04, "ja")
    'ログイン回数：12回→データなし。健全度 −9点'
    """
    return sentence(from_to(indicator, before, after, language), points, language)


def model_sentence(indicator: Indicator, part: str, points: float, language: str) -> str:
    """Say that another model makes other points of the same value.

    Parameters
    ----------
    indicator : Indicator
        Words.
    part : {"model", "added", "dropped"}
        In both models, in the new one only, in the old one only.
    points : float
        Health points.
    language : {"en", "ja"}

    Examples
    --------
    >>> model_sentence(Indicator("nps", label_en="NPS"), "model", -1.5, "en")
    'NPS: counts otherwise in the new model. Health −1.5 points'
    >>> model_sentence(Indicator("nps", label_en="NPS"), "added", 1.5, "ja")
    'NPS：新しいモデルで追加。健全度 +1.5点'
    """
    words = _IN_MODEL[part]
    if language == "ja":
        return sentence(f"{indicator.label('ja')}{COLON}{words[1]}", points, "ja")
    return sentence(f"{capitalised(indicator.label())}: {words[0]}", points, "en")


def help_sentence(
    indicator: Indicator, value: object, target: object, similar: int, gain: float, language: str
) -> str:
    """Say what the model would make of one better value, and how many customers it is taken from.

    Parameters
    ----------
    indicator : Indicator
        Words and unit.
    value, target : object
        The customer's value, and the one that a quarter of similar customers reach.
    similar : int
        How many similar customers there are.
    gain : float
        Health points.
    language : {"en", "ja"}

    Examples
    --------
    >>> logins = Indicator("logins", unit="logins", label_en="logins, 28 days", label_ja="ログイン回数")
    >>> help_sentence(logins, 5, 30, 62, 3.2, "en")
    'Logins, 28 days: 5 → 30, as a quarter of 62 similar customers have. Health +3.2 points'
    >>> help_sentence(logins, 5, 30, 62, 3.2, "ja")
    'ログイン回数：5回→30回（類似顧客62社の4分の1が達している水準）。健全度 +3.2点'
    """
    words = from_to(indicator, value, target, language)
    if language == "ja":
        words += f"{OPEN}類似顧客{similar:,}社の4分の1が達している水準{CLOSE}"
    else:
        words += f", as a quarter of {similar:,} similar customers have"
    return sentence(words, gain, language)


def day_sentence(
    counted: str, unit: str, day: dt.date, rates: tuple[float, float], every: str, language: str
) -> str:
    """Say from which day on there were more or fewer of something.

    Parameters
    ----------
    counted : str
        What was counted, such as "logins".
    unit : str
        Its unit, for the Japanese counter.
    day : datetime.date
        First day of the new level.
    rates : (float, float)
        Means before that day and since, per `every`.
    every : {"day", "week", "30 days"}
    language : {"en", "ja"}

    Examples
    --------
    >>> day = dt.date(2026, 3, 14)
    >>> day_sentence("logins", "logins", day, (12.3, 5.0), "week", "en")
    'From 2026-03-14 on, logins fell: 12 → 5 a week'
    >>> day_sentence("active users", "users", day, (0.54, 0.1), "day", "en")
    'From 2026-03-14 on, active users fell: 0.54 → 0.1 a day on average'
    >>> day_sentence("ログイン回数", "logins", day, (12.3, 5.0), "week", "ja")
    '2026年3月14日から、ログイン回数が減少：週あたり12回→5回'
    """
    fell, (words_en, words_ja) = rates[1] < rates[0], _EVERY[every]
    before, after = _rates(rates)
    if language == "ja":
        ends = "→".join(with_unit(end, unit.partition("/")[0], "ja") for end in (before, after))
        way = "減少" if fell else "増加"
        return f"{date_text(day, 'ja')}から、{counted}が{way}{COLON}{words_ja}{ends}"
    ends = f"{number_text(before)} → {number_text(after)}"
    return f"From {date_text(day)} on, {counted} {'fell' if fell else 'rose'}: {ends} {words_en}"


def beyond_sentence(indicator: Indicator, value: object, low: float, high: float, language: str) -> str:
    """Say that a number lies beyond the training range.

    Examples
    --------
    >>> tickets = Indicator("tickets", unit="tickets", label_ja="問い合わせ件数")
    >>> beyond_sentence(tickets, 40, 0.0, 9.0, "en")
    'Tickets: 40; outside the 0 to 9 of the training data'
    >>> beyond_sentence(tickets, 40, 0.0, 9.0, "ja")
    '問い合わせ件数：40件（学習データの範囲0件〜9件の外）'
    """
    label = indicator.label(language)
    shown = with_unit(value, indicator.unit, language, beside=label if language == "en" else "")
    outside = outside_words(value, low, high, indicator.unit, language)
    if language == "ja":
        return f"{label}{COLON}{shown}" + "".join(f"{OPEN}{one}{CLOSE}" for one in outside)
    return "; ".join([f"{capitalised(label)}: {shown}", *outside])


def unseen_sentence(indicator: Indicator, value: object, language: str) -> str:
    """Say that no customer in training had this level.

    Examples
    --------
    >>> plan = Indicator("plan", label_ja="プラン")
    >>> unseen_sentence(plan, "Gold", "en"), unseen_sentence(plan, "Gold", "ja")
    ('Plan: Gold; not in the training data', 'プラン：Gold（学習データにない値）')
    """
    label, shown = indicator.label(language), with_unit(value, indicator.unit, language)
    if language == "ja":
        return f"{label}{COLON}{shown}{OPEN}学習データにない値{CLOSE}"
    return f"{capitalised(label)}: {shown}; not in the training data"


def without_window(label: str, language: str) -> str:
    """Take the window off the words for a count: a rate is told per week instead.

    Examples
    --------
    >>> without_window("usage events in the last 28 days", "en"), without_window("logins, 28 days", "en")
    ('usage events', 'logins')
    >>> without_window("直近28日の利用回数", "ja"), without_window("days to renewal", "en")
    ('利用回数', 'days to renewal')
    """
    return (_WINDOW_JA if language == "ja" else _WINDOW_EN).sub("", label)


def from_to(indicator: Indicator, before: object, after: object, language: str) -> str:
    """Say from where to where a value goes, without the points.

    Examples
    --------
    >>> logins = Indicator("logins", unit="logins", label_ja="ログイン回数")
    >>> from_to(logins, 5, 30, "en"), from_to(logins, 5, 30, "ja")
    ('Logins: 5 → 30', 'ログイン回数：5回→30回')
    """
    unit, label = indicator.unit, indicator.label(language)
    if language == "ja":
        first = NO_DATA["ja"] if before is None else with_unit(before, unit, "ja")
        told = with_unit if before is None else without_unit
        last = NO_DATA["ja"] if after is None else told(after, unit, "ja")
        return f"{label}{COLON}{first}→{last}"
    if after is None:
        first = NO_DATA["en"] if before is None else with_unit(before, unit, beside=label)
        return f"{capitalised(label)}: {first} → {NO_DATA['en']}"
    first = NO_DATA["en"] if before is None else without_unit(before, unit)
    return f"{capitalised(label)}: {first} → {with_unit(after, unit, beside=label)}"


def _rates(rates: tuple[float, float]) -> tuple[float, float]:
    """Round means to what can be read: both whole, or both to a tenth, or to two digits."""
    largest = max(rates)
    digits = 0 if largest >= 10 else 1 if largest >= 1 else 2
    return round(rates[0], digits), round(rates[1], digits)
