# Names are quoted, or come from our contracts; values are written by `literal`.
"""All indicators of a history as ONE query: pure functions from declarations to text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from churnhealth.domain.catalogue import DeclaredIndicator, Derived, catalogue_of
from churnhealth.domain.history import HISTORY
from churnhealth.domain.measures import CONTRACT_KINDS, STEP_KINDS, Measure
from churnhealth.domain.sources import History
from churnhealth.domain.sql_measure import SqlMeasure
from churnhealth.errors import ConfigError
from churnhealth.features.attributes_sql import attribute_value, attributes_select
from churnhealth.features.cells import Cells, Part, PartKey
from churnhealth.features.changes_sql import changes_select
from churnhealth.features.contracts_sql import contracts_select, contracts_value
from churnhealth.features.own_sql import layered, own_select, own_value, with_references
from churnhealth.features.running_sql import running_select, running_value
from churnhealth.features.slices_sql import Slice, sliced
from churnhealth.features.source_sql import source_ctes
from churnhealth.features.sql_text import (
    Cte,
    cutoffs_cte,
    local_date,
    midnight,
    quote,
    quote_dotted,
    with_query,
)
from churnhealth.features.steps_sql import steps_select, steps_value
from churnhealth.features.windows_sql import (
    calendar_cte,
    newest_select,
    rows_select,
    things_select,
    window_value,
)

_ON_CALENDAR: dict[str, Callable[[History, PartKey, Part], str]] = {
    "rows": rows_select,
    "things": things_select,
    "newest": newest_select,
}
_ON_CUSTOMERS: dict[str, Callable[[History, PartKey, Part], str]] = {
    "contracts": contracts_select,
    "changes": changes_select,
    "steps": steps_select,
    "attributes": attributes_select,
    "own": own_select,
}


@dataclass(frozen=True)
class Computable:
    """What of a catalogue a history can give.

    Attributes
    ----------
    indicators : tuple of DeclaredIndicator
        Those that can be computed, in their order.
    notes : tuple of str
        Why each of the others cannot.
    """

    indicators: tuple[DeclaredIndicator, ...]
    notes: tuple[str, ...]


def computable(history: History, indicators: Sequence[DeclaredIndicator]) -> Computable:
    """Tell the indicators that a history can give from those whose source or column is absent.

    A column that is overwritten without a date of its own needs `valid_from`: nobody knows which value
    it had at the cutoff.
    """
    catalogue_of(indicators)
    reasons = [(one, _hindrance(history, one.measure)) for one in indicators]
    return Computable(
        tuple(one for one, reason in reasons if not reason),
        tuple(f"indicator {one.name!r} left out: {reason}" for one, reason in reasons if reason),
    )


def indicator_query(
    history: History,
    indicators: Sequence[DeclaredIndicator],
    at_risk: str | Sequence[Cte],
    cutoffs: Sequence[dt.date],
    *,
    relation_sql: Callable[[str], str] = quote_dotted,
    customers: Slice | None = None,
) -> str:
    """Compile indicators to one SELECT in DuckDB's dialect.

    Parameters
    ----------
    history : History
        The sources, `described` by the warehouse.
    indicators : sequence of DeclaredIndicator
        All of them computable.
    at_risk : str, or sequence of (name, SELECT)
        Who is asked about: a SELECT of customer_id and cutoff (local midnight without a zone), each
        pair once; or named parts of which the last is called `at_risk`.
    cutoffs : sequence of datetime.date
        All cutoffs of `at_risk`, as local dates.
    relation_sql : callable
        How a relation stands after FROM.
    customers : (str or None, str or None), optional
        Only these, see `features.slices_sql.sliced`.

    Returns
    -------
    str
        One row per row of `at_risk`: customer_id, cutoff, and one column per indicator: DOUBLE, or
        VARCHAR for categories.

    Raises
    ------
    ConfigError
        No cutoff, no indicator, an indicator that cannot be computed, or `at_risk` without its part.
    """
    asked = at_risk_parts(at_risk)
    possible = computable(history, indicators)
    if possible.notes or not indicators:
        raise ConfigError("\n".join(possible.notes) or "expected at least one indicator, got none")
    cells = Cells()
    plain = _plain(indicators)
    values = [(one, _value(measure, cells)) for one, measure in plain]
    midnights = [midnight(local_date(one)) for one in sorted(set(cutoffs))]
    tables = sorted({key.table for key in cells.parts}, key=list(HISTORY).index)
    ctes = [
        cutoffs_cte(cutoffs),
        *source_ctes(history, *tables, relation_sql=relation_sql),
        *asked,
        *([calendar] if (calendar := calendar_cte(cells)) else []),
        *(
            (part.name, _select(history, key, part, midnights, [measure for _, measure in plain]))
            for key, part in cells.parts.items()
        ),
    ]
    categories = [one.name for one, _ in plain if is_category(one)]
    final = layered(_final(values, cells), indicators, categories)
    return with_query(sliced(ctes, customers) if customers else ctes, final)


def at_risk_parts(at_risk: str | Sequence[Cte]) -> list[Cte]:
    """Return the named parts of who is asked about; the last one is `at_risk`."""
    asked = [("at_risk", at_risk)] if isinstance(at_risk, str) else list(at_risk)
    if not asked or asked[-1][0] != "at_risk":
        raise ConfigError("at_risk: expected named parts of which the last is 'at_risk'")
    return asked


def _plain(
    indicators: Sequence[DeclaredIndicator],
) -> list[tuple[DeclaredIndicator, Measure | SqlMeasure]]:
    """Return all but the derived ones, and what those refer to."""
    everything = with_references(indicators)
    return [(one, one.measure) for one in everything if not isinstance(one.measure, Derived)]


def _value(measure: Measure | SqlMeasure, cells: Cells) -> str:
    if isinstance(measure, SqlMeasure):
        return own_value(measure, cells)
    if measure.kind == "attribute":
        return attribute_value(measure, cells)
    if measure.kind in CONTRACT_KINDS:
        return contracts_value(measure, cells)
    if measure.kind in STEP_KINDS:
        return steps_value(measure, cells)
    if measure.kind in {"recency", "time_since"} and measure.window is None:
        return running_value(measure, cells)
    return window_value(measure, cells)


def _select(
    history: History,
    key: PartKey,
    part: Part,
    cutoffs: Sequence[dt.datetime],
    measures: Sequence[Measure | SqlMeasure],
) -> str:
    if key.kind in _ON_CALENDAR:
        return _ON_CALENDAR[key.kind](history, key, part)
    if key.kind in _ON_CUSTOMERS:
        return _ON_CUSTOMERS[key.kind](history, key, part)
    used = {
        column
        for one in measures
        if isinstance(one, Measure) and one.table == key.table and one.window is None
        for column, _ in one.where
    }
    return running_select(history, key, part, cutoffs, sorted(used))


def _final(values: Sequence[tuple[DeclaredIndicator, str]], cells: Cells) -> str:
    columns = ["a.customer_id", "a.cutoff"]
    for one, value in values:
        kind = "VARCHAR" if is_category(one) else "DOUBLE"
        columns.append(f"CAST({value} AS {kind}) AS {quote(one.name)}")
    joins = [
        f"LEFT JOIN {part.name} ON {part.name}.customer_id = a.customer_id "
        f"AND {part.name}.cutoff = a.cutoff"
        for part in cells.parts.values()
    ]
    return "\n".join(["SELECT\n  " + ",\n  ".join(columns), "FROM at_risk AS a", *joins])


def is_category(declared: DeclaredIndicator) -> bool:
    """Is the indicator a word, not a number?"""
    measure = declared.measure
    if not isinstance(measure, Measure):
        return False
    if measure.kind not in {"category", "last_value", "attribute"}:
        return False
    return measure.contract.column(measure.column).kind == "string"


def _hindrance(history: History, measure: Measure | SqlMeasure | Derived) -> str:
    if isinstance(measure, Derived):
        reasons = [(one, _hindrance(history, one.measure)) for one in measure.of]
        return next((f"it needs {one.name!r}: {reason}" for one, reason in reasons if reason), "")
    for table, columns in measure.needs().items():
        if table not in history.sources:
            return f"there is no source for {table!r}"
        missing = [name for name in columns if not history.has(table, name)]
        if missing:
            return f"{table!r} has no column {', '.join(missing)}"
        undated = [name for name in columns if HISTORY[table].column(name).mutable]
        if (undated or measure.kind == "changes") and not history.has(table, "valid_from"):
            return (
                f"{', '.join(undated)} of {table!r} is overwritten without a date; what it was at the "
                "cutoff is known only with valid_from"
            )
    return ""
