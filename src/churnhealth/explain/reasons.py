"""Sentences for people, in English and Japanese, from a driver's numbers.

They say what goes with the score in the model's view, never what caused it, and no sentence knows
beforehand whether much of something is good or bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.domain.units import MINUS, RATIO
from churnhealth.explain.attribution import MISSING_SUFFIX, SEGMENT_SUFFIX
from churnhealth.explain.explanation import ALL_OTHERS, Explanation, source_of
from churnhealth.explain.phrases import Fact, missing_phrase, phrase, segment_phrase

LANGUAGES = ("en", "ja")
# Phrases kept from one batch of customers to the next, some 30 MB.
REMEMBERED = 100_000
# Between what is said of the indicator and the points.
SENTENCE_ENDS = {"en": ". ", "ja": "。"}


def reason(
    indicator: str, value: object, typical: object, points: float, catalogue: Catalogue, language: str
) -> str:
    """Write one driver as a sentence.

    Parameters
    ----------
    indicator : str
        Column of points; `x:missing` when the value of x is missing, `x:segment` for the model's
        correction for the customers with this level of x.
    value, typical : object
        The customer's value and the typical one; None when missing.
    points : float
        Contribution in health points.
    catalogue : Catalogue
        Labels and units.
    language : {"en", "ja"}
        Language of the sentence.

    Raises
    ------
    ValueError
        Another language.

    Examples
    --------
    >>> from churnhealth.domain.indicators import Indicator
    >>> logins = Indicator("logins", unit="times", label_en="logins", label_ja="ログイン回数")
    >>> reason("logins", 5, 12.0, -9.04, Catalogue((logins,)), "en")
    'Logins: 5 times; 12 is typical. Health −9 points'
    >>> reason("logins", 5, 12.0, -9.04, Catalogue((logins,)), "ja")
    'ログイン回数：5回（標準は12回）。健全度 −9点'
    """
    known = _known(indicator, catalogue)
    return sentence(_phrase(indicator, Fact(known, value, typical), language), points, language)


def reasons(
    drivers: pd.DataFrame,
    catalogue: Catalogue,
    language: str,
    *,
    explanation: Explanation | None = None,
) -> list[str]:
    """Write every row of a table of drivers as a sentence.

    Parameters
    ----------
    drivers : DataFrame
        Columns indicator, value, typical_value, contribution_points, and with an explanation row.
    catalogue : Catalogue
        Labels and units.
    language : {"en", "ja"}
        Language of the sentences.
    explanation : Explanation, optional
        What the drivers were taken from; then sentences also tell the counts behind a ratio, the share
        of customers with a level, and values outside the training data.
    """
    points = drivers["contribution_points"].to_numpy(dtype=np.float64)
    told = phrases(drivers, catalogue, language, explanation=explanation)
    return [sentence(words, change, language) for words, change in zip(told, points, strict=True)]


def phrases(
    drivers: pd.DataFrame,
    catalogue: Catalogue,
    language: str,
    *,
    explanation: Explanation | None = None,
) -> list[str]:
    """Write what `reasons` says before the points; `SENTENCE_ENDS` and `points_text` complete it.

    Parameters
    ----------
    drivers, catalogue, language, explanation
        As for `reasons`; the column contribution_points is not needed.
    """
    names = drivers["indicator"].to_numpy(dtype=object)
    values = drivers["value"].to_numpy(dtype=object)
    typical = drivers["typical_value"].to_numpy(dtype=object)
    # A catalogue looks names up one by one.
    words_of = dict(catalogue)
    counts = _counts(drivers, words_of, explanation)
    known: dict[tuple[Any, ...], str] = {}
    told = []
    for key in zip(names, values, typical, counts, strict=True):
        words = known.get(key)
        if words is None:
            fact = _fact(*key, catalogue=words_of, explanation=explanation)
            # 1, 1.0 and True are equal and are not told alike.
            known[key] = words = _remembered(key[0], fact, type(key[1]).__name__, language)
        told.append(words)
    return told


def points_text(points: float, language: str) -> str:
    """Write a contribution to the health score.

    Examples
    --------
    >>> points_text(-9.04, "en"), points_text(1.0, "en"), points_text(0.04, "ja")
    ('Health −9 points', 'Health +1 point', '健全度 ±0点')
    """
    size = f"{abs(points):.1f}".removesuffix(".0")
    sign = "±" if size == "0" else ("+" if points > 0 else MINUS)
    if language == "ja":
        return f"健全度 {sign}{size}点"
    return f"Health {sign}{size} {'point' if size == '1' else 'points'}"


def _fact(
    indicator: str,
    value: object,
    typical: object,
    count: float | None,
    *,
    catalogue: Mapping[str, Indicator],
    explanation: Explanation | None,
) -> Fact:
    source = source_of(indicator)
    known = _known(indicator, catalogue)
    if explanation is None:
        return Fact(known, value, typical)
    return Fact(
        known,
        value,
        typical,
        level_share=explanation.level_shares.get(source, {}).get(str(value).strip()),
        counted=None if count is None else count_behind(known, catalogue),
        count=count,
        range=explanation.ranges.get(source),
    )


def count_behind(ratio: Indicator, catalogue: Mapping[str, Indicator]) -> Indicator | None:
    """Return the indicator that counts the rows of the window that a ratio compares, if there is one.

    Examples
    --------
    >>> from churnhealth.domain.catalogue import BUILT_IN, catalogue_of
    >>> built_in = catalogue_of(BUILT_IN)
    >>> count_behind(built_in["usage_ratio_28d"], built_in).name
    'usage_events_28d'
    """
    head = "ratio in "
    if ratio.unit != RATIO or not ratio.computed.startswith(head):
        return None
    wanted = f"count in {ratio.computed.removeprefix(head)}"
    return next((one for one in catalogue.values() if one.computed == wanted), None)


def counted_columns(
    columns: Iterable[str], catalogue: Mapping[str, Indicator], explanation: Explanation
) -> dict[str, str]:
    """Return for each column of points that is of a ratio the column of values that counts its window.

    Parameters
    ----------
    columns : iterable of str
        Columns of points.
    catalogue : mapping of str to Indicator
        Says what is computed how.
    explanation : Explanation
        Ratios whose counts are not among its values are left out.
    """
    behind = {name: count_behind(_known(name, catalogue), catalogue) for name in columns}
    return {name: one.name for name, one in behind.items() if one and one.name in explanation.values}


def _counts(
    drivers: pd.DataFrame, catalogue: Mapping[str, Indicator], explanation: Explanation | None
) -> Sequence[float | None]:
    """Return for each driver that is a ratio the customer's count of the window; else None."""
    counts: list[float | None] = [None] * len(drivers)
    if explanation is None or not explanation.values.index.is_unique:
        return counts
    names = drivers["indicator"].astype(object)
    for name, behind in counted_columns(map(str, pd.unique(names)), catalogue, explanation).items():
        at = np.flatnonzero(names == name)
        found = explanation.values[behind].reindex(drivers["row"].iloc[at])
        for place, count in zip(at, found, strict=True):
            counts[place] = None if pd.isna(count) else float(count)
    return counts


def _known(indicator: str, catalogue: Mapping[str, Indicator]) -> Indicator:
    source = source_of(indicator)
    return catalogue.get(source) or Indicator(source)


def _phrase(indicator: str, fact: Fact, language: str) -> str:
    if language not in LANGUAGES:
        raise ValueError(f"language: expected 'en' or 'ja', got {language!r}")
    if indicator == ALL_OTHERS:
        return "その他の指標の合計" if language == "ja" else "All other indicators together"
    if indicator.endswith(SEGMENT_SUFFIX):
        return segment_phrase(fact, language)
    if indicator.endswith(MISSING_SUFFIX):
        return missing_phrase(fact.indicator, language)
    return phrase(fact, language)


def sentence(words: str, points: float, language: str) -> str:
    """End a phrase with its points.

    Examples
    --------
    >>> sentence("Logins: 5", -9.04, "en")
    'Logins: 5. Health −9 points'
    """
    return words + SENTENCE_ENDS[language] + points_text(points, language)


@lru_cache(maxsize=REMEMBERED)
def _remembered(indicator: str, fact: Fact, _kind: str, language: str) -> str:
    """Write a phrase once for all batches of customers."""
    return _phrase(indicator, fact, language)
