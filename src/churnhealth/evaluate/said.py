"""A sentence in the two languages that churnhealth speaks, and the parts that sentences share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from churnhealth.errors import SchemaError, listed

LANGUAGES = ("en", "ja")
Bounded = tuple[float, float, float]


class Said(NamedTuple):
    """The same sentence in English and Japanese."""

    en: str
    ja: str


def in_language(sentences: Sequence[Said], language: str) -> list[str]:
    """Return the sentences in one language.

    Raises
    ------
    SchemaError
        A language other than "en" and "ja".

    Examples
    --------
    >>> in_language([Said("Nobody left.", "解約はありません。")], "en")
    ['Nobody left.']
    """
    if language not in LANGUAGES:
        fault = f"language: expected one of {listed(LANGUAGES)}, got {language!r}"
        raise SchemaError("evaluation settings", [fault])
    return [str(getattr(said, language)) for said in sentences]


def many(count: int, word: str) -> str:
    """Write a number of things in English.

    Examples
    --------
    >>> many(1, "churner"), many(2000, "row")
    ('1 churner', '2,000 rows')
    """
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def with_interval(line: Bounded) -> Said:
    """Write a value with its 90 % interval, when it has one.

    Examples
    --------
    >>> with_interval((0.5, 0.25, 0.75)).en
    '0.500, 90 % interval 0.250 to 0.750'
    """
    value, low, high = line
    if not np.isfinite([low, high]).all():
        return Said(f"{value:.3f}", f"{value:.3f}")
    return Said(
        f"{value:.3f}, 90 % interval {low:.3f} to {high:.3f}",
        f"{value:.3f}（90%区間 {low:.3f}〜{high:.3f}）",
    )
