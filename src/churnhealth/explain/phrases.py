"""What a driver says before its points: one phrase per shape of indicator, in two languages.

A phrase sets a customer's value beside the typical one, a count beside the window before, a level
beside its share of customers. It says nothing of good or bad: the points do, and they are the model's.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

from churnhealth.domain.indicators import Indicator
from churnhealth.domain.units import (
    CLOSE,
    COLON,
    OPEN,
    RATIO,
    number_text,
    percent_text,
    truth_of,
    with_unit,
    without_unit,
)

ABOUT_THE_SAME = 0.05


@dataclass(frozen=True)
class Fact:
    """What is known of one indicator of one customer.

    Parameters
    ----------
    indicator : Indicator
        Words and unit.
    value, typical : object
        The customer's value, and the median or the most frequent level; None when missing.
    level_share : float, optional
        Share (0-1) of customers with this level.
    counted : Indicator, optional
        For a ratio of two windows: the count of the window, where the customer has it.
    count : float, optional
        Its value.
    range : (float, float), optional
        Smallest and largest value in training.
    """

    indicator: Indicator
    value: object = None
    typical: object = None
    level_share: float | None = None
    counted: Indicator | None = None
    count: float | None = None
    range: tuple[float, float] | None = None


def phrase(fact: Fact, language: str) -> str:
    """Say what a customer's value is, and what is usual.

    Examples
    --------
    >>> logins = Indicator("logins", unit="logins", label_en="logins, 28 days", label_ja="ログイン回数")
    >>> phrase(Fact(logins, 5, 12.0), "en"), phrase(Fact(logins, 12, 12.0), "en")
    ('Logins, 28 days: 5; 12 is typical', 'Logins, 28 days: 12, as is typical')
    >>> phrase(Fact(logins, 5, 12.0), "ja")
    'ログイン回数：5回（標準は12回）'
    """
    if fact.value is None:
        return missing_phrase(fact.indicator, language)
    if isinstance(fact.value, str) or truth_of(fact.value, fact.indicator.unit) is not None:
        return _level(fact, language)
    if fact.indicator.unit == RATIO and isinstance(fact.value, Real):
        return _ratio(fact, float(fact.value), language)
    return _number(fact, language)


def missing_phrase(indicator: Indicator, language: str) -> str:
    """Say that there is no value.

    Examples
    --------
    >>> missing_phrase(Indicator("nps", label_en="NPS"), "en")
    'NPS: no data'
    >>> missing_phrase(Indicator("nps", missing_en="no NPS answer in the last 180 days"), "en")
    'No NPS answer in the last 180 days'
    """
    if language == "ja":
        return indicator.missing_ja or f"{indicator.label('ja')}{COLON}データなし"
    return capitalised(indicator.missing_en) or f"{capitalised(indicator.label())}: no data"


def segment_phrase(fact: Fact, language: str) -> str:
    """Name the segment that a correction of the model is for.

    Examples
    --------
    >>> segment_phrase(Fact(Indicator("plan", label_ja="プラン"), "Pro"), "en")
    'Customers of this segment (plan: Pro)'
    >>> segment_phrase(Fact(Indicator("plan", label_ja="プラン"), "Pro"), "ja")
    'このセグメントの顧客（プラン：Pro）'
    """
    unit, label = fact.indicator.unit, fact.indicator.label(language)
    if language == "ja":
        level = "データなし" if fact.value is None else with_unit(fact.value, unit, "ja")
        return f"このセグメントの顧客{OPEN}{label}{COLON}{level}{CLOSE}"
    level = "no data" if fact.value is None else with_unit(fact.value, unit)
    return f"Customers of this segment ({label}: {level})"


def capitalised(words: str) -> str:
    """Begin with a capital, except where the first word has its own way of writing.

    Examples
    --------
    >>> capitalised("tenure"), capitalised("iOS logins"), capitalised("")
    ('Tenure', 'iOS logins', '')
    """
    own = words[1:2].isupper()
    return words if own else words[:1].upper() + words[1:]


def _number(fact: Fact, language: str) -> str:
    unit, label = fact.indicator.unit, fact.indicator.label(language)
    beside = label if language == "en" else ""
    shown = with_unit(fact.value, unit, language, beside=beside)
    same = fact.typical is not None and shown == with_unit(fact.typical, unit, language, beside=beside)
    typical = None if fact.typical is None else without_unit(fact.typical, unit, language)
    outside = [] if fact.range is None else outside_words(fact.value, *fact.range, unit, language)
    if language == "ja":
        notes = [] if typical is None else ["標準並み" if same else f"標準は{typical}"]
        inside = "、".join([*notes, *outside])
        return f"{label}{COLON}{shown}" + (f"{OPEN}{inside}{CLOSE}" if inside else "")
    usual = "" if typical is None else (", as is typical" if same else f"; {typical} is typical")
    return "; ".join([f"{capitalised(label)}: {shown}{usual}", *outside])


def outside_words(value: object, low: float, high: float, unit: str, language: str) -> list[str]:
    """Say that the model has never seen such a value: a tree answers as it does at the edge.

    Examples
    --------
    >>> outside_words(95, 0.0, 40.0, "logins", "en"), outside_words(40, 0.0, 40.0, "logins", "en")
    (['outside the 0 to 40 of the training data'], [])
    """
    if not isinstance(value, Real) or low <= float(value) <= high:
        return []
    ends = [without_unit(end, unit, language) for end in (low, high)]
    if language == "ja":
        return [f"学習データの範囲{ends[0]}〜{ends[1]}の外"]
    return [f"outside the {ends[0]} to {ends[1]} of the training data"]


def _level(fact: Fact, language: str) -> str:
    unit, label = fact.indicator.unit, fact.indicator.label(language)
    shown = with_unit(fact.value, unit, language)
    usual = None if fact.typical is None else with_unit(fact.typical, unit, language)
    if truth_of(fact.value, unit) is not None and truth_of(fact.typical, unit) is None:
        # The median of as many yes as no is neither.
        usual = usual if isinstance(fact.typical, str) else None
    note = _level_note(shown, usual, fact.level_share, language)
    if language == "ja":
        return f"{label}{COLON}{shown}" + (f"{OPEN}{note}{CLOSE}" if note else "")
    return f"{capitalised(label)}: {shown}" + (f" ({note})" if note else "")


def _level_note(shown: str, usual: str | None, share: float | None, language: str) -> str:
    if share is not None:
        text = percent_text(share, language)
        return f"顧客の{text}" if language == "ja" else f"{text} of customers"
    if usual is None:
        return ""
    if language == "ja":
        return "最も多い" if usual == shown else f"最も多いのは「{usual}」"
    return "most common" if usual == shown else f"most common: {usual}"


def _ratio(fact: Fact, ratio: float, language: str) -> str:
    counted, counts = _counts(fact, ratio, language)
    label = (counted or fact.indicator).label(language)
    if language == "ja":
        told = _ratio_ja(ratio)
        # The ratio's own label says already what it is compared with.
        joined = f"{label}が前の期間{told}" if counted else f"{label}{COLON}{told.lstrip('のと')}"
        return joined + (f"{OPEN}{counts}{CLOSE}" if counts else "")
    before = " the period before" if counted else ""
    return f"{capitalised(label)}: {_ratio_en(ratio, before)}" + (f" ({counts})" if counts else "")


def _counts(fact: Fact, ratio: float, language: str) -> tuple[Indicator | None, str]:
    """Return the count and the words for both windows, where whole numbers stand behind the ratio."""
    if fact.counted is None or fact.count is None or ratio <= 0:
        return None, ""
    before = fact.count / ratio
    if abs(before - round(before)) > 1e-6 * max(1.0, before):
        return None, ""
    unit = fact.counted.unit if language == "ja" else ""
    ends = [with_unit(round(end), unit, language) for end in (before, fact.count)]
    return fact.counted, "→".join(ends) if language == "ja" else " → ".join(ends)


def _ratio_en(ratio: float, before: str) -> str:
    if ratio <= 0:
        return "none, after some in the period before"
    if ratio <= 0.5:
        return f"half of{before}, or less" if before else "half or less"
    if abs(ratio - 1.0) <= ABOUT_THE_SAME:
        return f"about as many as{before}" if before else "about as many"
    if ratio >= 2.0:
        return f"{number_text(ratio)} times{before}"
    change = f"{percent_text(abs(ratio - 1.0))} {'more' if ratio > 1 else 'fewer'}"
    return f"{change} than{before}" if before else change


def _ratio_ja(ratio: float) -> str:
    if ratio <= 0:
        return "の実績からゼロに"
    if ratio <= 0.5:
        return "の半分以下"
    if abs(ratio - 1.0) <= ABOUT_THE_SAME:
        return "とほぼ同じ"
    if ratio >= 2.0:
        return f"の{number_text(ratio)}倍"
    return f"の{percent_text(abs(ratio - 1.0), 'ja')}{'増' if ratio > 1 else '減'}"
