"""Segments as SQL over the indicators that they are worked out from: one definition for every use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.segments import BAND, STAGE, TOUCH, Segment, Segments
from churnhealth.domain.sources import History
from churnhealth.features.indicator_sql import computable, indicator_query
from churnhealth.features.slices_sql import Slice
from churnhealth.features.sql_text import Cte, literal, quote, quote_dotted

_BASES = {one.name: one for one in BUILT_IN}


def computable_segments(history: History, segments: Segments | None) -> tuple[list[Segment], list[str]]:
    """Return the segments that a history can give, and why others are left out."""
    given: list[Segment] = []
    notes: list[str] = []
    for one in segments.declared if segments else ():
        lacking = [name for name in one.needs if not _can(history, name)]
        if lacking:
            notes.append(f"segment {one.name!r} left out: it needs {', '.join(map(repr, lacking))}")
        else:
            given.append(one)
    return given, notes


def segmented_query(
    history: History,
    indicators: Sequence[DeclaredIndicator],
    segments: Segments | None,
    wanted: Sequence[str],
    at_risk: str | Sequence[Cte],
    cutoffs: Sequence[dt.date],
    *,
    relation_sql: Callable[[str], str] = quote_dotted,
    customers: Slice | None = None,
) -> str:
    """Compile indicators and segments to one SELECT in DuckDB's dialect.

    Parameters
    ----------
    history, at_risk, cutoffs, relation_sql, customers
        As in `features.indicator_sql.indicator_query`.
    indicators : sequence of DeclaredIndicator
        All of them computable; those that are not wanted are not computed.
    segments : Segments, optional
        Where the segments begin.
    wanted : sequence of str
        Names of indicators and of computable segments, in the order of the columns.

    Returns
    -------
    str
        One row per row of `at_risk`: customer_id, cutoff, and the columns wanted.
    """
    declared = {one.name: one for one in indicators}
    asked = [declared[name] for name in wanted if name in declared]
    own = [one for one in segments.declared if one.name in wanted] if segments else []
    bases = dict.fromkeys(name for one in own for name in (*one.needs, *one.uses))
    asked += [_BASES[name] for name in bases if name not in wanted and _can(history, name)]
    inner = indicator_query(
        history, asked, at_risk, cutoffs, relation_sql=relation_sql, customers=customers
    )
    if segments is None or not own:
        return inner
    has = {one.name for one in asked}
    values = {one.name: segment_expression(one.name, segments, has, "k") for one in own}
    columns = [
        f"{values[name]} AS {quote(name)}" if name in values else f"k.{quote(name)}" for name in wanted
    ]
    lines = ",\n  ".join(["k.customer_id", "k.cutoff", *columns])
    return f"SELECT\n  {lines}\nFROM (\n{inner}\n) AS k"


def segment_expression(name: str, segments: Segments, has: Collection[str], alias: str) -> str:
    """Return a segment as an expression over columns with the names of indicators.

    Parameters
    ----------
    name : str
        Of the segment.
    segments : Segments
        Where it begins.
    has : collection of str
        The indicators that are there.
    alias : str
        Of the relation that holds them.

    Examples
    --------
    >>> print(segment_expression("tenure_band", Segments(tenure_days=(30,)), ["tenure_days"], "k"))
    CASE WHEN k."tenure_days" < 0 THEN NULL WHEN k."tenure_days" < 30 THEN '0-29 days' \
WHEN k."tenure_days" >= 30 THEN '30+ days' END
    """
    column = {one: f"{alias}.{quote(one)}" for one in has}
    whens = {TOUCH: _touch, STAGE: _stage, BAND: _band}[name](segments, column)
    return f"CASE {' '.join(f'WHEN {when} THEN {value}' for when, value in whens)} END"


def _touch(segments: Segments, column: dict[str, str]) -> list[tuple[str, str]]:
    whens = [
        (f"{column['plan']} = {literal(plan)}", literal(touch)) for plan, touch in segments.plans.items()
    ]
    if segments.high_touch_mrr is None:
        return [*whens, (f"{column['plan']} IS NOT NULL", "'tech_touch'")]
    levels = {
        "high_touch": segments.high_touch_mrr,
        "low_touch": segments.low_touch_mrr,
        "tech_touch": 0,
    }
    return [
        *whens,
        *((f"{column['mrr']} >= {literal(low)}", f"'{name}'") for name, low in levels.items()),
    ]


def _stage(segments: Segments, column: dict[str, str]) -> list[tuple[str, str]]:
    tenure, renewal = column["tenure_days"], column.get("days_to_renewal")
    whens = [
        (f"{tenure} < 0", "NULL"),
        (f"{tenure} < {segments.onboarding_days}", "'onboarding'"),
    ]
    if renewal and segments.renewal_days:
        soon = f"{renewal} BETWEEN 0 AND {segments.renewal_days}"
        whens.append((f"{tenure} >= 0 AND {soon}", "'renewal'"))
    whens.append((f"{tenure} < {segments.adoption_days}", "'adoption'"))
    return [*whens, (f"{tenure} >= {segments.adoption_days}", "'established'")]


def _band(segments: Segments, column: dict[str, str]) -> list[tuple[str, str]]:
    tenure, names = column["tenure_days"], segments.bands
    below = zip(segments.tenure_days, names[:-1], strict=True)
    last = (f"{tenure} >= {segments.tenure_days[-1]}", literal(names[-1]))
    return [
        (f"{tenure} < 0", "NULL"),
        *((f"{tenure} < {edge}", literal(name)) for edge, name in below),
        last,
    ]


def _can(history: History, name: str) -> bool:
    return bool(computable(history, [_BASES[name]]).indicators)
