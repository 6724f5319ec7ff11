# Names come from our contracts, values are written by `literal`.
"""SQL of contracts as they were known at a moment: in force, their levels, and their changes.

A version is known once it was valid and recorded before the moment, the newest counts; an end is known
once it was announced. A level some days before the cutoff is the level as it was known on that day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History
from churnhealth.features.cells import Cells, Part, PartKey, both, counted, select_lines, when
from churnhealth.features.sql_text import SOURCE_PREFIX
from churnhealth.features.windows_sql import recorded_before, share

TABLE = "subscriptions"
_NOW = PartKey("contracts", TABLE)


def contracts_value(measure: Measure, cells: Cells) -> str:
    """Ask for the cells of a measure of contracts; return the indicator as an expression."""
    return _VALUES[measure.kind](measure, cells)


def _level(measure: Measure, cells: Cells, back: int = 0) -> str:
    return cells.add(replace(_NOW, back=back), f"SUM(v.{measure.column})")


def _change(measure: Measure, cells: Cells) -> str:
    before = _level(measure, cells, measure.window or 0)
    return share(f"({_level(measure, cells)} - {before})", before)


def _category(measure: Measure, cells: Cells) -> str:
    return cells.add(_NOW, f"MAX({when('v.size_rank = 1', f'v.{measure.column}')})")


def _contracts(measure: Measure, cells: Cells) -> str:
    return f"COALESCE({cells.add(_NOW, 'COUNT(*)')}, 0)"


def _end_announced(measure: Measure, cells: Cells) -> str:
    known = when("v.end_date IS NOT NULL AND v.end_announced_at < v.point", "1", "0")
    return f"COALESCE({cells.add(_NOW, f'MAX({known})')}, 0)"


def _days_until(measure: Measure, cells: Cells) -> str:
    column = f"v.{measure.column}"
    ahead = when(f"{column} >= CAST(v.point AS DATE)", column)
    return f"CAST({cells.add(_NOW, f'MIN({ahead})')} AS DATE) - CAST(a.cutoff AS DATE)"


def _changes(measure: Measure, cells: Cells) -> str:
    recent = f"CAST(v.cutoff AS DATE) - CAST(v.valid_from AS DATE) <= {measure.window}"
    key = PartKey("changes", TABLE, column=measure.column)
    return f"COALESCE({cells.add(key, counted(f'v.value <> v.before AND {recent}'))}, 0)"


_VALUES: dict[str, Callable[[Measure, Cells], str]] = {
    "level": _level,
    "change": _change,
    "category": _category,
    "contracts": _contracts,
    "end_announced": _end_announced,
    "days_until": _days_until,
    "changes": _changes,
}


def contracts_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT over the contracts of each customer in force at a moment."""
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    return (
        f"{select_lines(['v.customer_id', 'v.cutoff', *columns])}\nFROM (\n"
        f"{_ranked(history, key)}\n) AS v\nGROUP BY v.customer_id, v.cutoff"
    )


def _ranked(history: History, key: PartKey) -> str:
    """Return the versions in force; the largest contract of a customer has the rank 1."""
    source = history.sources[TABLE]
    size = "COALESCE(i.mrr, 0) DESC, " if _usable(history, "mrr") else ""
    rank = (
        f"ROW_NUMBER() OVER (PARTITION BY i.customer_id, i.cutoff ORDER BY {size}i.start_date, "
        "i.subscription_id) AS size_rank"
    )
    names = [name for name in source.columns if name != "customer_id"]
    columns = ["i.customer_id", "i.cutoff", "i.point", *(f"i.{name}" for name in names), rank]
    newest = "i.place = 1 AND " if source.has("valid_from") else ""
    return (
        f"{select_lines(columns)}\nFROM (\n{_known(history, key, names)}\n) AS i\n"
        f"WHERE {newest}{_in_force(history)}"
    )


def _known(history: History, key: PartKey, names: list[str]) -> str:
    """Return the versions known at the moment, the newest of each contract in place 1."""
    point = f"q.cutoff - INTERVAL '{key.back}' DAY" if key.back else "q.cutoff"
    columns = ["q.customer_id", "q.cutoff", f"{point} AS point", *(f"e.{name}" for name in names)]
    versioned = history.has(TABLE, "valid_from")
    if versioned:
        order = [f"e.{name} DESC NULLS LAST" for name in ("valid_from", "recorded_at") if name in names]
        columns.append(
            "ROW_NUMBER() OVER (PARTITION BY e.subscription_id, q.cutoff "
            f"ORDER BY {', '.join(order)}) AS place"
        )
    inserted = recorded_before(history, TABLE, point)
    begun = "" if versioned or inserted else f"CAST(e.start_date AS TIMESTAMP) < {point}"
    valid = f"(e.valid_from IS NULL OR e.valid_from < {point})" if versioned else ""
    known = both(valid, inserted, begun)
    return (
        f"{select_lines(columns)}\nFROM at_risk AS q\n"
        f"JOIN {SOURCE_PREFIX}{TABLE} AS e ON e.customer_id = q.customer_id\nWHERE {known}"
    )


def _in_force(history: History) -> str:
    """Return the condition that a contract is in force at the moment, as far as then known."""
    begun = "i.start_date <= CAST(i.point AS DATE)"
    if not history.has(TABLE, "end_date"):
        return begun
    open_ends = "i.end_date IS NULL OR i.end_date > CAST(i.point AS DATE)"
    if history.has(TABLE, "end_announced_at"):
        # What was announced only afterwards was not known, though it may have come to pass.
        open_ends += " OR i.end_announced_at >= i.point"
    return f"{begun} AND ({open_ends})"


def _usable(history: History, column: str) -> bool:
    return history.has(TABLE, column, "valid_from")
