"""The rows of `health_drivers` for a batch of customers, without a step per customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnhealth.explain.alike import written_alike
from churnhealth.explain.explanation import (
    ALL_OTHERS,
    Explanation,
    direction_of,
    group_of,
    source_of,
    values_at,
)
from churnhealth.explain.ranking import strongest
from churnhealth.explain.reasons import (
    LANGUAGES,
    SENTENCE_ENDS,
    counted_columns,
    phrases,
    points_text,
)
from churnhealth.jobs.value_texts import arrow_values, value_texts

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

# Sentences tell points to one decimal, so rows that differ by less share theirs.
POINTS_DECIMALS = 1


@dataclass(frozen=True)
class _Alike:
    """Per row the number of its value among those that read differently, 0 where it is missing.

    And where the value is a number, the one that stands for all that read like it; else NaN.
    """

    codes: IntArray
    numbers: FloatArray


@dataclass(frozen=True)
class _Chosen:
    """Driver rows: of which customer, of which column of points (the last one is all others)."""

    customer: IntArray
    column: IntArray
    rank: IntArray
    points: FloatArray


def driver_rows(explanation: Explanation, customers: pa.Array, top: int) -> pa.Table:
    """Return each customer's strongest contributions and, last, all others.

    Parameters
    ----------
    explanation : Explanation
        Of n customers.
    customers : pyarrow.Array of large_string, shape (n,)
        Their ids.
    top : int
        At most so many drivers per customer; what contributes nothing is not listed.

    Returns
    -------
    pyarrow.Table
        As in `churnhealth.adapters.score_batch.ScoreBatch`; base and rows add up to the score.
    """
    points = explanation.points.to_numpy(dtype=np.float64)
    chosen = _choose(points, top)
    names = [str(name) for name in explanation.points.columns]
    groups = [group_of(name, explanation.catalogue) for name in names]
    typical = [explanation.typical.get(source_of(name)) for name in names]
    values, alike = _values(explanation, chosen)
    english, japanese = _sentences(explanation, chosen, alike)
    return pa.table(
        {
            "customer_id": pa.DictionaryArray.from_arrays(
                pa.array(chosen.customer.astype(np.int32)), customers
            ),
            "rank": pa.array(chosen.rank),
            "indicator": _words(chosen.column, [*names, ALL_OTHERS]),
            "indicator_group": _words(chosen.column, [*groups, ALL_OTHERS]),
            "value": values,
            "typical_value": _words(chosen.column, [*map(_typical_text, typical), None]),
            "contribution_points": pa.array(chosen.points),
            "direction": _directions(chosen.points),
            "reason_en": english,
            "reason_ja": japanese,
        }
    )


def _choose(points: FloatArray, top: int) -> _Chosen:
    count, width = points.shape
    order = strongest(points, top)
    taken = np.take_along_axis(points, order, axis=1)
    rest = points.sum(axis=1) - taken.sum(axis=1)
    column = np.column_stack([order, np.full(count, width)])
    told = np.column_stack([taken, rest])
    shown = np.column_stack([taken != 0.0, np.ones(count, dtype=bool)])
    rank = np.cumsum(shown, axis=1)
    customer = np.broadcast_to(np.arange(count)[:, None], shown.shape)
    return _Chosen(customer[shown], column[shown], rank[shown], told[shown])


def _values(explanation: Explanation, chosen: _Chosen) -> tuple[pa.Array, _Alike]:
    """Write the values, indicator by indicator, and find those that sentences write alike."""
    texts, rows = [], []
    alike = _Alike(np.zeros(len(chosen.column), dtype=np.int64), np.full(len(chosen.column), np.nan))
    for at, name in enumerate(explanation.points.columns):
        here = np.flatnonzero(chosen.column == at)
        source = source_of(str(name))
        cells = arrow_values(explanation.values[source].iloc[chosen.customer[here]])
        known = explanation.catalogue.get(source)
        if pa.types.is_floating(cells.type):
            numbers = cells.to_numpy(zero_copy_only=False)
            span = explanation.ranges.get(source)
            alike.numbers[here] = written_alike(numbers, known.unit if known else "", span)
            alike.codes[here] = pd.factorize(alike.numbers[here])[0] + 1
        else:
            codes = cells.dictionary_encode().indices.fill_null(-1)
            alike.codes[here] = codes.to_numpy(zero_copy_only=False) + 1
        texts.append(value_texts(cells))
        rows.append(here)
    others = np.flatnonzero(chosen.column == len(explanation.points.columns))
    whole = pa.concat_arrays([*texts, pa.nulls(len(others), pa.large_string())])
    back = np.empty(len(chosen.column), dtype=np.int64)
    back[np.concatenate([*rows, others])] = np.arange(len(back))
    return whole.take(pa.array(back)), alike


def _sentences(explanation: Explanation, chosen: _Chosen, alike: _Alike) -> list[pa.Array]:
    """Write one phrase per fact that reads differently, and put the points behind it; per language."""
    counts = _count_codes(explanation, chosen)
    width = len(explanation.points.columns) + 1
    # Numbered anew in between, so that the product of all codes fits 64 bits.
    told, _ = pd.factorize(alike.codes * width + chosen.column)
    told, facts = pd.factorize(told * (counts.max(initial=0) + 1) + counts)
    first = np.empty(len(facts), dtype=np.int64)
    first[told[::-1]] = np.arange(len(told))[::-1]
    tenths = np.round(chosen.points * 10**POINTS_DECIMALS).astype(np.int64)
    changes, distinct = pd.factorize(tenths)
    which, pairs = pd.factorize(told * len(distinct) + changes)
    phrase_at, change_at = np.divmod(pairs, max(1, len(distinct)))
    table = _distinct_rows(explanation, chosen, alike, first)
    written = []
    for language in LANGUAGES:
        words = phrases(table, explanation.catalogue, language, explanation=explanation)
        points = [points_text(tenth / 10**POINTS_DECIMALS, language) for tenth in distinct]
        whole = pc.binary_join_element_wise(
            pa.array(words, pa.large_string()).take(pa.array(phrase_at)),
            pa.array(points, pa.large_string()).take(pa.array(change_at)),
            pa.scalar(SENTENCE_ENDS[language], pa.large_string()),
        )
        written.append(pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int32)), whole))
    return written


def _count_codes(explanation: Explanation, chosen: _Chosen) -> IntArray:
    """Number the counts that sentences about ratios tell, column by column; 0 where none is told."""
    codes = np.zeros(len(chosen.column), dtype=np.int64)
    names = [str(name) for name in explanation.points.columns]
    for name, behind in counted_columns(names, dict(explanation.catalogue), explanation).items():
        here = np.flatnonzero(chosen.column == names.index(name))
        codes[here] = pd.factorize(explanation.values[behind].iloc[chosen.customer[here]])[0] + 1
    return codes


def _distinct_rows(
    explanation: Explanation, chosen: _Chosen, alike: _Alike, rows: IntArray
) -> pd.DataFrame:
    names = np.array([*explanation.points.columns, ALL_OTHERS], dtype=object)
    sources = [source_of(str(name)) for name in explanation.points.columns]
    typical = np.array([*(explanation.typical.get(one) for one in sources), None], dtype=object)
    place = np.array([explanation.values.columns.get_loc(one) for one in sources] + [-1])
    columns, customers = chosen.column[rows], chosen.customer[rows]
    values = values_at(explanation.values, customers, place[columns])
    numbers = alike.numbers[rows]
    values[~np.isnan(numbers)] = numbers[~np.isnan(numbers)]
    return pd.DataFrame(
        {
            "row": explanation.values.index.to_numpy()[customers],
            "indicator": names[columns],
            "value": values,
            "typical_value": typical[columns],
        }
    )


def _words(codes: IntArray, words: Sequence[str | None]) -> pa.Array:
    """Spell codes out as a dictionary, in which each word stands once; None is missing."""
    places, distinct = pd.factorize(np.array(words, dtype=object))
    at = places[codes].astype(np.int32)
    spelled = pa.array(distinct, pa.large_string())
    return pa.DictionaryArray.from_arrays(pa.array(at, mask=at < 0), spelled)


def _directions(points: FloatArray) -> pa.Array:
    signs = np.array([-1.0, 0.0, 1.0])
    return _words(np.sign(points).astype(np.int64) + 1, [str(one) for one in direction_of(signs)])


def _typical_text(value: object) -> str | None:
    if value is None:
        return None
    text: str = value_texts(arrow_values(pd.Series([value])))[0].as_py()
    return text
