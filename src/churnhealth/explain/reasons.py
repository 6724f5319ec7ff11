"""Sentences for people, in English and Japanese, from a driver's numbers.

They say what goes with the score in the model's view, never what caused it, and no sentence knows
beforehand whether much of something is good or bad.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real

import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.explain.attribution import MISSING_SUFFIX
from churnhealth.explain.explanation import ALL_OTHERS, source_of

LANGUAGES = ("en", "ja")

# Plural as units are declared: singular in English, and the Japanese counter.
_UNITS = {
    "minutes": ("minute", "分"),
    "hours": ("hour", "時間"),
    "days": ("day", "日"),
    "weeks": ("week", "週"),
    "months": ("month", "か月"),
    "years": ("year", "年"),
    "times": ("time", "回"),
    "logins": ("login", "回"),
    "events": ("event", "件"),
    "tickets": ("ticket", "件"),
    "contacts": ("contact", "件"),
    "users": ("user", "人"),
    "seats": ("seat", "席"),
    "points": ("point", "点"),
}


def reason(
    indicator: str, value: object, typical: object, points: float, catalogue: Catalogue, language: str
) -> str:
    """Write one driver as a sentence.

    Parameters
    ----------
    indicator : str
        Column of points; `x:missing` when the value of x is missing.
    value, typical : object
        The customer's value and the typical one; None when missing.
    points : float
        Contribution in health points.
    catalogue : Catalogue
        Labels and units.
    language : {"en", "ja"}
        Language of the sentence.

    Examples
    --------
    >>> from churnhealth.domain.indicators import Indicator
    >>> logins = Indicator("logins", unit="times", label_en="logins", label_ja="ログイン回数")
    >>> reason("logins", 5, 12.0, -9.04, Catalogue((logins,)), "en")
    'logins: 5 times (typical: 12 times), health −9.0 points'
    >>> reason("logins", 5, 12.0, -9.04, Catalogue((logins,)), "ja")
    'ログイン回数:5回(標準:12回)、健全度 −9.0点'
    """
    if language not in LANGUAGES:
        raise ValueError(f"language: expected 'en' or 'ja', got {language!r}")
    if indicator == ALL_OTHERS:
        return (
            f"その他すべて、{_points(points, 'ja')}"
            if language == "ja"
            else f"all others, {_points(points, 'en')}"
        )
    source = source_of(indicator)
    known = catalogue.get(source)
    label = known.label(language) if known else source
    unit = known.unit if known else ""
    if indicator.endswith(MISSING_SUFFIX) or value is None:
        missing = "データなし" if language == "ja" else "no data"
        return _sentence(label, missing, None, points, language)
    shown = with_unit(value, unit, language)
    # A value that is the typical one needs no comparison; its points come from the average.
    told = None if typical is None else with_unit(typical, unit, language)
    return _sentence(label, shown, None if told == shown else told, points, language)


def reasons(drivers: pd.DataFrame, catalogue: Catalogue, language: str) -> list[str]:
    """Write every row of a table of drivers as a sentence."""
    columns: Iterable[tuple[object, ...]] = zip(
        drivers["indicator"],
        drivers["value"],
        drivers["typical_value"],
        drivers["contribution_points"],
        strict=True,
    )
    return [
        reason(str(indicator), value, typical, float(str(points)), catalogue, language)
        for indicator, value, typical, points in columns
    ]


def number_text(value: object) -> str:
    """Write a value for people: whole numbers whole, others with four significant digits.

    Examples
    --------
    >>> number_text(1234567.0), number_text(0.123456), number_text(True), number_text("Gold")
    ('1,234,567', '0.1235', 'yes', 'Gold')
    """
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "yes" if value else "no"
    if isinstance(value, Integral):
        return f"{int(value):,}"
    if isinstance(value, Real):
        number = float(value)
        if number.is_integer() or abs(number) >= 10_000:
            return f"{round(number):,}"
        return f"{number:.4g}"
    return str(value)


def with_unit(value: object, unit: str, language: str = "en") -> str:
    """Write a value with its unit, when it has one.

    Examples
    --------
    >>> with_unit(1, "months"), with_unit(2.5, "months"), with_unit(3, "months", "ja")
    ('1 month', '2.5 months', '3か月')
    """
    text = number_text(value)
    if not unit or isinstance(value, str) or text in ("yes", "no"):
        return text
    singular, counter = _UNITS.get(unit, (unit, ""))
    if language == "ja" and counter:
        return text + counter
    return f"{text} {singular if text == '1' else unit}"


def _points(points: float, language: str) -> str:
    size = f"{abs(points):.1f}"
    sign = "±" if float(size) == 0.0 else ("+" if points > 0 else "−")
    return f"健全度 {sign}{size}点" if language == "ja" else f"health {sign}{size} points"


def _sentence(label: str, value: str, typical: str | None, points: float, language: str) -> str:
    if language == "ja":
        told = f"(標準:{typical})" if typical is not None else ""
        return f"{label}:{value}{told}、{_points(points, 'ja')}"
    told = f" (typical: {typical})" if typical is not None else ""
    return f"{label}: {value}{told}, {_points(points, 'en')}"
