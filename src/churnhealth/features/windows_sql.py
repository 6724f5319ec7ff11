# Names come from our contracts, values are written by `literal`.
"""SQL of measures over a window before the cutoff.

A small calendar maps each day to the few cutoffs whose longest window holds it, with the day's age in
days and the windows that hold it; events meet it by an equi-join on their day, and one GROUP BY gives
all windows by conditional counts. So windows are compared once per day of the calendar, not once per
event. Days with a row are the bits of whole numbers; things that count once (users) are grouped first,
each with the age of its newest row.
"""

from __future__ import annotations

from collections.abc import Callable

from churnhealth.domain.history import HISTORY
from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History
from churnhealth.features.cells import (
    Cells,
    Part,
    PartKey,
    both,
    condition,
    counted,
    rows_key,
    select_lines,
    when,
    window_name,
)
from churnhealth.features.source_sql import UTC_SUFFIX
from churnhealth.features.sql_text import SOURCE_PREFIX, Cte

CALENDAR = "calendar"
# Days that are the bits of one BIGINT: not so many that its sign is touched.
DAYS_PER_NUMBER = 62


def calendar_cte(cells: Cells) -> Cte | None:
    """Return the part `calendar`: the days before each cutoff that any cell looks at; None: no day.

    Its columns are cutoff, day, age, one `w<first>_<last>` per window (1 inside it, else empty) and,
    where days are counted, `bit`, which tells each of 62 successive days from the others.
    """
    reach = max((part.reach for part in cells.parts.values()), default=0)
    if not reach:
        return None
    columns = ["c.cutoff", "CAST(c.cutoff AS DATE) - g.age AS day", "g.age"]
    for first, last in sorted(cells.windows):
        columns.append(f"{when(f'g.age BETWEEN {first} AND {last}', '1')} AS {window_name(first, last)}")
    columns += ["CAST(g.bit AS BIGINT) AS bit"] if cells.days else []
    names = "age, bit" if cells.days else "age"
    ages = ", ".join(
        f"({age}, {2 ** ((age - 1) % DAYS_PER_NUMBER)})" if cells.days else f"({age})"
        for age in range(1, reach + 1)
    )
    given = f"FROM cutoffs AS c CROSS JOIN (VALUES {ages}) AS g({names})"
    return CALENDAR, f"{select_lines(columns)}\n{given}"


def window_value(measure: Measure, cells: Cells) -> str:
    """Ask for the cells of a measure over a window; return the indicator as an expression over them."""
    return _VALUES[measure.kind](measure, cells)


def rows_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT that reads a table once and gives all of its conditional aggregates."""
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    return (
        f"{select_lines(['e.customer_id', 'k.cutoff', *columns])}\n"
        f"{_joined(history, key, part.reach)}\nGROUP BY e.customer_id, k.cutoff"
    )


def things_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT that counts different things by the age of the newest row of each."""
    thing = f"e.{key.column}"
    inner = [f"{sql} AS {name}" for sql, name in part.inner.items()]
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    return (
        f"{select_lines(['t.customer_id', 't.cutoff', *columns])}\nFROM (\n"
        f"{select_lines(['e.customer_id', 'k.cutoff', *inner])}\n"
        f"{_joined(history, key, part.reach)} AND {thing} IS NOT NULL\n"
        f"GROUP BY e.customer_id, k.cutoff, {thing}\n) AS t\nGROUP BY t.customer_id, t.cutoff"
    )


def newest_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT that takes a column of each customer's newest row in the window."""
    source = history.sources[key.table]
    order = [f"e.{key.date} DESC"]
    keys = [name for name in HISTORY[key.table].key if name != "customer_id" and source.has(name)]
    order += [f"e.{name}" for name in keys]
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    where = condition(key.where)
    numbered = (
        f"ROW_NUMBER() OVER (PARTITION BY e.customer_id, k.cutoff ORDER BY {', '.join(order)}) AS place"
    )
    return (
        f"{select_lines(['n.customer_id', 'n.cutoff', *columns])}\nFROM (\n"
        f"{select_lines(['e.customer_id', 'k.cutoff', f'e.{key.column} AS value', numbered])}\n"
        f"{_joined(history, key, part.reach)}{f' AND {where}' if where else ''}"
        f" AND e.{key.column} IS NOT NULL\n) AS n\nWHERE n.place = 1"
    )


def recorded_before(history: History, table: str, moment: str) -> str:
    """Return the condition that a row was recorded before a moment; empty without `recorded_at`."""
    if not history.has(table, "recorded_at"):
        return ""
    return f"(e.recorded_at IS NULL OR e.recorded_at < {moment})"


def _joined(history: History, key: PartKey, reach: int) -> str:
    known = recorded_before(history, key.table, "k.cutoff")
    where = both(f"k.age <= {reach}", known)
    return (
        f"FROM {SOURCE_PREFIX}{key.table} AS e\n"
        f"JOIN {CALENDAR} AS k ON k.day = CAST(e.{key.date} AS DATE)\nWHERE {where}"
    )


def _inside(measure: Measure, *more: str) -> str:
    return both(f"k.age <= {measure.window}", condition(measure.where), *more)


def _rows(measure: Measure, cells: Cells, sql: str) -> str:
    return cells.add(rows_key(measure), sql, measure.reach)


def _counted(measure: Measure, cells: Cells, *more: str) -> str:
    inside = cells.window(1, measure.window or 0)
    return _rows(measure, cells, counted(both(condition(measure.where), *more), inside))


def _count(measure: Measure, cells: Cells) -> str:
    return f"COALESCE({_counted(measure, cells)}, 0)"


def _any(measure: Measure, cells: Cells) -> str:
    return when(f"{_counted(measure, cells)} > 0", "1", "0")


def _sum(measure: Measure, cells: Cells) -> str:
    total = f"SUM({when(_inside(measure), f'e.{measure.column}', '0')})"
    return f"COALESCE({_rows(measure, cells, total)}, 0)"


def _mean(measure: Measure, cells: Cells) -> str:
    return _rows(measure, cells, f"AVG({when(_inside(measure), f'e.{measure.column}')})")


def _ratio(measure: Measure, cells: Cells) -> str:
    days = measure.window or 0
    before = cells.window(days + 1, 2 * days)
    earlier = _rows(measure, cells, counted(both(condition(measure.where)), before))
    return share(_counted(measure, cells), earlier)


def _trend(measure: Measure, cells: Cells) -> str:
    # The slope of y over x = -age: sum((x - mean(x)) y) / sum((x - mean(x))^2), with
    # mean(x) = -(n + 1) / 2 and sum((x - mean(x))^2) = n (n^2 - 1) / 12.
    days = measure.window or 0
    total = _rows(measure, cells, f"SUM({when(_inside(measure), f'{days + 1} - 2 * k.age', '0')})")
    return f"COALESCE({total}, 0) * CAST(6 AS DOUBLE) / {days * (days**2 - 1)}"


def _distinct(measure: Measure, cells: Cells) -> str:
    return f"COALESCE({_different(measure, cells)}, 0)"


def _different(measure: Measure, cells: Cells) -> str:
    key = PartKey("things", measure.table, measure.date_column, measure.column)
    where = condition(measure.where)
    age = when(where, "k.age") if where else "k.age"
    newest = cells.add_inner(key, f"MIN({age})", measure.reach)
    return cells.add(key, counted(f"t.{newest} <= {measure.window}"), measure.reach)


def _distinct_days(measure: Measure, cells: Cells) -> str:
    cells.days = True
    window = measure.window or 0
    where = condition(measure.where)
    counts = []
    for first in range(1, window + 1, DAYS_PER_NUMBER):
        last = min(first + DAYS_PER_NUMBER - 1, window)
        bits = f"BIT_OR({when(both(f'k.age BETWEEN {first} AND {last}', where), 'k.bit')})"
        counts.append(f"COALESCE(BIT_COUNT({_rows(measure, cells, bits)}), 0)")
    return f"({' + '.join(counts)})"


def _per(measure: Measure, cells: Cells) -> str:
    return share(_counted(measure, cells), _different(measure, cells))


def _promoters(measure: Measure, cells: Cells) -> str:
    value = f"e.{measure.column}"
    promoters = _counted(measure, cells, f"{value} >= 9")
    detractors = _counted(measure, cells, f"{value} <= 6")
    return share(f"({promoters} - {detractors})", _counted(measure, cells, f"{value} IS NOT NULL"))


def _hours(measure: Measure, cells: Cells) -> str:
    ends, begins = measure.date_column + UTC_SUFFIX, measure.event_column + UTC_SUFFIX
    seconds = f"EXTRACT(EPOCH FROM (e.{ends} - e.{begins}))"
    return f"{_rows(measure, cells, f'AVG({when(_inside(measure), seconds)})')} / CAST(3600 AS DOUBLE)"


def _open(measure: Measure, cells: Cells) -> str:
    until = f"e.{measure.until}"
    still = _counted(measure, cells, f"({until} IS NULL OR {until} >= k.cutoff)")
    return f"COALESCE({still}, 0)"


def _closed_share(measure: Measure, cells: Cells) -> str:
    closed = _counted(measure, cells, f"e.{measure.until} < k.cutoff")
    return share(closed, _counted(measure, cells))


def _recency(measure: Measure, cells: Cells) -> str:
    return _rows(measure, cells, f"MIN({when(_inside(measure), 'k.age')})")


def _last_value(measure: Measure, cells: Cells) -> str:
    key = PartKey("newest", measure.table, measure.date_column, measure.column, measure.where)
    # The reach is part of what is newest: two windows are two parts.
    key = PartKey(key.kind, key.table, key.date, key.column, key.where, measure.reach)
    return cells.add(key, "n.value", measure.reach)


def _seats_share(measure: Measure, cells: Cells) -> str:
    seats = cells.add(PartKey("contracts", "subscriptions"), "SUM(v.seats)")
    return share(_distinct(measure, cells), seats)


def share(part: str, whole: str) -> str:
    """Write a division that is empty where the divisor is 0."""
    return f"CAST({part} AS DOUBLE) / NULLIF({whole}, 0)"


_VALUES: dict[str, Callable[[Measure, Cells], str]] = {
    "count": _count,
    "any": _any,
    "sum": _sum,
    "mean": _mean,
    "distinct": _distinct,
    "distinct_days": _distinct_days,
    "ratio": _ratio,
    "trend": _trend,
    "per": _per,
    "seats_share": _seats_share,
    "promoters": _promoters,
    "hours": _hours,
    "open": _open,
    "closed_share": _closed_share,
    "last_value": _last_value,
    "recency": _recency,
}
