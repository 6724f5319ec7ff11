"""Units: how a value is written for people, in English and in Japanese.

A unit is a word such as "days", "events/user" or "JPY/month". Those listed here have a singular and
a Japanese counter; any other word is written as it was given.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from numbers import Real

MINUS, COLON, OPEN, CLOSE = "\u2212", "\uff1a", "\uff08", "\uff09"
SHARE, CHANGE, RATIO, DAYS_AGO = "share", "change", "ratio", "days ago"
# Both are true or false; in Japanese the first asks what is so, the second what is there.
YES_NO, FLAG = "yes/no", "flag"

# Of a touch model, a lifecycle stage or a tenure band: levels of ours, which have words.
SEGMENT = "segment"
_LEVELS_JA = {
    "high_touch": "ハイタッチ",
    "low_touch": "ロータッチ",
    "tech_touch": "テックタッチ",
    "onboarding": "オンボーディング",
    "adoption": "定着",
    "established": "安定利用",
    "renewal": "更新前",
}

# Plural as units are declared: singular in English, and the Japanese counter.
_COUNTED = {
    "minutes": ("minute", "分"),
    "hours": ("hour", "時間"),
    "days": ("day", "日"),
    "weeks": ("week", "週間"),
    "months": ("month", "か月"),
    "years": ("year", "年"),
    "times": ("time", "回"),
    "logins": ("login", "回"),
    "sessions": ("session", "回"),
    "events": ("event", "回"),
    "contacts": ("contact", "回"),
    "meetings": ("meeting", "回"),
    "calls": ("call", "回"),
    "mails": ("mail", "回"),
    "operations": ("operation", "回"),
    "changes": ("change", "回"),
    "tickets": ("ticket", "件"),
    "answers": ("answer", "件"),
    "contracts": ("contract", "件"),
    "steps": ("step", "件"),
    "features": ("feature", "機能"),
    "users": ("user", "人"),
    "people": ("person", "人"),
    "employees": ("employee", "人"),
    "customers": ("customer", "社"),
    "seats": ("seat", "席"),
    "points": ("point", "点"),
    "score": ("score", "点"),
}
_PLURALS = {singular: plural for plural, (singular, _) in _COUNTED.items()}
# What a measure is divided by, where its Japanese is not the counter.
_PER = {"minute": "分", "hour": "時間", "week": "週", "month": "月", "year": "年"}
_MONEY = {"JPY": "円", "USD": "ドル", "EUR": "ユーロ"}
_NO_CENTS = ("JPY", "KRW", "VND")
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}
_LONGEST = 60
_SLOPE = "/day/day"
_STEADY = ("steady", "横ばい")


def number_text(value: float) -> str:
    """Write a number: whole ones whole, others with three significant digits, thousands apart.

    Examples
    --------
    >>> [number_text(value) for value in (1234567.0, 12345.6, 0.12345, 17.25, -2)]
    ['1,234,567', '12,346', '0.123', '17.2', '−2']
    """
    number = float(value)
    whole = number.is_integer() or abs(number) >= 100
    text = f"{round(number):,}" if whole else f"{number:.3g}"
    return text.replace("-", MINUS)


def level_text(value: str) -> str:
    r"""Write text of the data in one line of at most 60 characters.

    Examples
    --------
    >>> level_text(" Pro\nplus ")
    'Pro plus'
    """
    text = " ".join(value.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def date_text(day: dt.date, language: str = "en") -> str:
    """Write a date.

    Examples
    --------
    >>> date_text(dt.date(2026, 4, 1)), date_text(dt.date(2026, 4, 1), "ja")
    ('2026-04-01', '2026年4月1日')
    """
    return f"{day.year}年{day.month}月{day.day}日" if language == "ja" else f"{day:%Y-%m-%d}"


def truth_of(value: object, unit: str) -> bool | None:
    """Return what a value says when it is true or false, or a word for it; else None.

    Examples
    --------
    >>> truth_of(1.0, "flag"), truth_of(1.0, "logins"), truth_of("No", ""), truth_of("Pro", "")
    (True, None, False, None)
    """
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return bool(value)
    if isinstance(value, str):
        return _TRUTH.get(value.strip().lower())
    if unit in (YES_NO, FLAG) and value in (0, 1):
        return bool(value)
    return None


def with_unit(value: object, unit: str, language: str = "en", *, beside: str = "") -> str:
    """Write a value with its unit.

    Parameters
    ----------
    value : number, bool or str
        Shares are 0-1 and become percent; changes are relative, 0.1 is a tenth more.
    unit : str
        As declared with the indicator; empty when it has none.
    language : {"en", "ja"}
    beside : str
        English words that stand beside the value: a unit that is said there is not said again.

    Examples
    --------
    >>> with_unit(1, "months"), with_unit(2.5, "months"), with_unit(3, "months", "ja")
    ('1 month', '2.5 months', '3か月')
    >>> with_unit(1200, "JPY/month"), with_unit(1200, "JPY/month", "ja"), with_unit(0.123, "share")
    ('1,200 JPY per month', '1,200円/月', '12 %')
    >>> with_unit(5, "events", beside="usage events in the last 28 days")
    '5'
    >>> with_unit(7, "widgets"), with_unit(7, "widgets", "ja")
    ('7 widgets', '7 widgets')
    >>> with_unit("high_touch", "segment"), with_unit("high_touch", "segment", "ja")
    ('high touch', 'ハイタッチ')
    >>> with_unit("90-364 days", "segment", "ja"), with_unit("730+ days", "segment", "ja")
    ('90〜364日', '730日以上')
    """
    truth = truth_of(value, unit)
    if truth is not None:
        return _truth_words(truth, unit, language)
    if not isinstance(value, Real):
        text = level_text(str(value))
        return _segment_words(text, language) if unit == SEGMENT else text
    return _number_words(float(value), unit, language, beside)


def without_unit(value: object, unit: str, language: str = "en") -> str:
    """Write a second value beside one that has the unit: in English the number alone.

    Examples
    --------
    >>> without_unit(12, "logins"), without_unit(12, "logins", "ja"), without_unit(3, "days ago")
    ('12', '12回', '3')
    """
    if isinstance(value, Real) and language == "en" and unit == DAYS_AGO:
        return number_text(float(value))
    if isinstance(value, Real) and unit.endswith(_SLOPE):
        return _change_a_day(float(value), unit.removesuffix(_SLOPE), language)
    return with_unit(value, unit, language, beside=unit.replace("/", " per "))


def percent_text(share: float, language: str = "en") -> str:
    """Write a share (0-1) as percent.

    Examples
    --------
    >>> percent_text(0.62), percent_text(0.0123), percent_text(-0.2, "ja"), percent_text(0.9999)
    ('62 %', '1.2 %', '−20%', '99.99 %')
    """
    percent = 100.0 * share
    close = percent != round(percent) and (abs(percent) < 10 or 99 < abs(percent) < 101)
    digits = f"{percent:.2g}" if abs(percent) < 10 else f"{percent:.4g}"
    text = digits if close else f"{round(percent):,}"
    return text.replace("-", MINUS) + ("%" if language == "ja" else " %")


def _number_words(number: float, unit: str, language: str, beside: str) -> str:
    if unit in (YES_NO, FLAG):
        return number_text(number)
    if unit in _SPECIAL:
        return _SPECIAL[unit](number, language)
    if unit.endswith(_SLOPE):
        return _trend(number, unit.removesuffix(_SLOPE), language)
    if re.fullmatch(r"[A-Z]{3}(/\w+)?|currency(/\w+)?", unit):
        return _money(number, unit, language, beside)
    return _counted(number, unit, language, beside)


def _segment_words(level: str, language: str) -> str:
    if language == "en":
        return level.replace("_", " ")
    days = re.fullmatch(r"(\d+)(?:-(\d+)|\+) days", level)
    if days is None:
        return _LEVELS_JA.get(level, level)
    return f"{days[1]}〜{days[2]}日" if days[2] else f"{days[1]}日以上"


def _truth_words(truth: bool, unit: str, language: str) -> str:
    if language == "en":
        return "yes" if truth else "no"
    words = ("あり", "なし") if unit == FLAG else ("はい", "いいえ")
    return words[0] if truth else words[1]


def _change(number: float, language: str) -> str:
    size = percent_text(abs(number), language)
    if size in ("0 %", "0%"):
        return "unchanged" if language == "en" else "変化なし"
    if language == "ja":
        return size + ("増" if number > 0 else "減")
    return f"{'up' if number > 0 else 'down'} {size}"


def _ratio(number: float, language: str) -> str:
    return f"{number_text(number)}倍" if language == "ja" else f"{number_text(number)} times"


def _days_ago(number: float, language: str) -> str:
    if language == "ja":
        return f"{number_text(number)}日前"
    return f"{_counted(number, 'days', language, '')} ago"


def _trend(number: float, what: str, language: str) -> str:
    """Say a slope per day and day as what it makes in 30 days."""
    told = _change_a_day(number, what, language)
    if told in _STEADY:
        return told
    return f"30日で1日あたり{told}" if language == "ja" else f"{told} {what} a day every 30 days"


def _change_a_day(number: float, what: str, language: str) -> str:
    size = number_text(abs(30.0 * number))
    if size == "0":
        return _STEADY[language == "ja"]
    if language == "ja":
        return f"{_counted(abs(30.0 * number), what, 'ja', '')}{'増' if number > 0 else '減'}"
    return f"{size} {'more' if number > 0 else 'fewer'}"


def _money(number: float, unit: str, language: str, beside: str) -> str:
    currency, _, per = unit.partition("/")
    cents = currency not in _NO_CENTS and not number.is_integer() and abs(number) < 10_000
    text = f"{number:,.{2 if cents else 0}f}".replace("-", MINUS)
    known = currency != "currency"
    if language == "ja":
        return text + _MONEY.get(currency, f" {currency}") + _per_ja(per) if known else text
    told = f"{text} {currency}" if known and currency not in beside else text
    return f"{told} per {per}" if per and f"per {per}" not in beside else told


def _counted(number: float, unit: str, language: str, beside: str) -> str:
    text = number_text(number)
    what, _, per = unit.partition("/")
    singular, counter = _COUNTED.get(what, (what, f" {what}" if what else ""))
    if language == "ja":
        return text + counter + _per_ja(per)
    said = re.search(rf"\b({re.escape(what)}|{re.escape(singular)})\b", beside) if what else True
    word = "" if said else f" {singular if text == '1' else what}"
    return text + word + (f" per {per}" if per and not said else "")


def _per_ja(per: str) -> str:
    if not per:
        return ""
    counter = _COUNTED.get(_PLURALS.get(per, ""), (per, per))[1]
    return f"/{_PER.get(per, counter)}"


_SPECIAL: dict[str, Callable[[float, str], str]] = {
    SHARE: percent_text,
    CHANGE: _change,
    RATIO: _ratio,
    DAYS_AGO: _days_ago,
}
