# Names are quoted, values are written by `literal`.
# ruff: noqa: S608
"""The cohort as SQL: of everybody at risk, those for whom it held at the cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.cohort import CohortFilter
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError, nearest
from churnhealth.features.indicator_sql import computable, is_category
from churnhealth.features.segments_sql import computable_segments, segmented_query
from churnhealth.features.sql_text import Cte, literal, quote, quote_dotted

EVERYBODY = "everybody_at_risk"


def within_cohort(
    parts: Sequence[Cte],
    history: History,
    cohort: CohortFilter,
    segments: Segments | None,
    indicators: Sequence[DeclaredIndicator],
    cutoffs: Sequence[dt.date],
    *,
    relation_sql: Callable[[str], str] = quote_dotted,
) -> list[Cte]:
    """Restrict the parts of a query that end in `at_risk` to a cohort.

    What is compared are indicators and segments, computed as for the model: from what was known before
    the cutoff. A customer of whom a value is not known is in no cohort.

    Parameters
    ----------
    parts : sequence of (name, SELECT)
        The last is `at_risk(customer_id, cutoff)`.
    history : History
        The sources.
    cohort : CohortFilter
        Over names of indicators and segments; without comparisons the parts are given back.
    segments : Segments, optional
        Where the segments begin.
    indicators : sequence of DeclaredIndicator
        What may be compared.
    cutoffs : sequence of datetime.date
        Local dates.
    relation_sql : callable
        How a relation stands after FROM.

    Raises
    ------
    ConfigError
        A name is unknown, cannot be computed from this history, or has another type than its value.
    """
    if not cohort.comparisons:
        return list(parts)
    declared = {one.name: one for one in indicators if one.name in cohort.columns}
    possible = computable(history, list(declared.values()))
    given, notes = computable_segments(history, segments)
    names = [one.name for one in indicators]
    names += [one.name for one in segments.declared] if segments else []
    usable = {one.name: is_category(one) for one in possible.indicators}
    usable |= {one.name: True for one in given}
    faults = list(_faults(cohort, names, usable, [*possible.notes, *notes]))
    if faults:
        raise ConfigError("\n".join(f"cohort: {fault}" for fault in faults))
    everybody = [("at_risk", f"SELECT customer_id, cutoff FROM {EVERYBODY}")]
    known = segmented_query(
        history,
        possible.indicators,
        segments,
        cohort.columns,
        everybody,
        cutoffs,
        relation_sql=relation_sql,
    )
    inside = (
        f"SELECT i.customer_id, i.cutoff\nFROM (\n{known}\n) AS i\nWHERE {cohort_condition(cohort, 'i')}"
    )
    return [*parts[:-1], (EVERYBODY, parts[-1][1]), ("at_risk", inside)]


def cohort_condition(cohort: CohortFilter, alias: str) -> str:
    """Return the condition that a row of a relation is in the cohort; 'TRUE' for everybody.

    Examples
    --------
    >>> cohort_condition(CohortFilter.parse("mrr >= 500 and tenure_days < 90"), "c")
    '(c."mrr" >= 500.0 AND c."tenure_days" < 90.0)'
    """
    conditions = []
    for one in cohort.comparisons:
        values = [literal(value) for value in one.values]
        right = f"({', '.join(values)})" if one.sign.endswith("in") else values[0]
        sign = "<>" if one.sign == "!=" else one.sign.upper()
        conditions.append(f"{alias}.{quote(one.column)} {sign} {right}")
    return f"({' AND '.join(conditions)})" if conditions else "TRUE"


def _faults(
    cohort: CohortFilter, names: Sequence[str], usable: dict[str, bool], notes: Sequence[str]
) -> Iterator[str]:
    for one in cohort.comparisons:
        if one.column not in names:
            yield (
                f"no indicator is called {one.column!r}{nearest(one.column, names)}; "
                "`churnhealth indicators` lists them"
            )
        elif one.column not in usable:
            yield next((note for note in notes if repr(one.column) in note), repr(one.column))
        elif usable[one.column] != all(isinstance(value, str) for value in one.values):
            kind = "a word: write it in single quotes" if usable[one.column] else "a number"
            yield f"{one.text}: expected {one.column!r} to be compared with {kind}"
