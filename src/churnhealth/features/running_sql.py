# Names come from our contracts, values are written by `literal`.
"""SQL of the first and the last row of a whole history, however long ago.

Each row falls to the first cutoff at which it was known; one GROUP BY finds its first and last day per
customer and cutoff, and a running minimum and maximum over the cutoffs does the rest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History
from churnhealth.features.cells import Cells, Part, PartKey, condition, select_lines, when
from churnhealth.features.sql_text import SOURCE_PREFIX, literal


def running_value(measure: Measure, cells: Cells) -> str:
    """Ask for the cell of `recency` or `time_since`; return the days as an expression."""
    key = PartKey("ever", measure.table, measure.date_column)
    where = condition(measure.where)
    aggregate = "MAX" if measure.kind == "recency" else "MIN"
    inner = cells.add_inner(key, f"{aggregate}({when(where, 'e.day') if where else 'e.day'})")
    running = f"{aggregate}(r.{inner}) OVER (PARTITION BY r.customer_id ORDER BY r.cutoff)"
    return f"CAST(a.cutoff AS DATE) - CAST({cells.add(key, running)} AS DATE)"


def running_select(
    history: History, key: PartKey, part: Part, cutoffs: Sequence[dt.datetime], used: Sequence[str]
) -> str:
    """Return the SELECT of first and last days per customer and cutoff.

    Parameters
    ----------
    history : History
    key, part : PartKey, Part
    cutoffs : sequence of datetime
        Local midnights in order.
    used : sequence of str
        Columns that the conditions of the cells read.
    """
    named = list(part.inner.items())
    columns = ["e.customer_id", "e.cutoff", *(f"{sql} AS {name}" for sql, name in named), "0 AS asked"]
    empty = [f"CAST(NULL AS DATE) AS {name}" for _, name in named]
    asked = select_lines(["q.customer_id", "q.cutoff", *empty, "1 AS asked"])
    highest = [f"MAX(b.{name}) AS {name}" for _, name in named]
    cells = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    running = select_lines(["r.customer_id", "r.cutoff", *cells, "r.asked"])
    merged = select_lines(["b.customer_id", "b.cutoff", *highest, "MAX(b.asked) AS asked"])
    outer = select_lines(["o.customer_id", "o.cutoff", *(f"o.{name}" for name in part.cells.values())])
    known = f"{select_lines(columns)}\nFROM (\n{_bucketed(history, key, cutoffs, used)}\n) AS e"
    return (
        f"{outer}\nFROM (\n{running}\nFROM (\n{merged}\nFROM (\n{known}\n"
        f"GROUP BY e.customer_id, e.cutoff\nUNION ALL\n{asked}\nFROM at_risk AS q\n) AS b\n"
        "GROUP BY b.customer_id, b.cutoff\n) AS r\n) AS o\nWHERE o.asked = 1"
    )


def first_cutoff_after(moment: str, cutoffs: Sequence[dt.datetime]) -> str:
    """Write a search by halves for the first cutoff after a moment, which lies before the last one.

    Examples
    --------
    >>> two = [dt.datetime(2026, 1, 1), dt.datetime(2026, 4, 1)]
    >>> print(first_cutoff_after("e.t", two))
    CASE WHEN e.t < TIMESTAMP '2026-01-01 00:00:00' THEN TIMESTAMP '2026-01-01 00:00:00' \
ELSE TIMESTAMP '2026-04-01 00:00:00' END
    """
    if len(cutoffs) == 1:
        return literal(cutoffs[0])
    half = len(cutoffs) // 2
    early, late = cutoffs[:half], cutoffs[half:]
    return when(
        f"{moment} < {literal(early[-1])}",
        first_cutoff_after(moment, early),
        first_cutoff_after(moment, late),
    )


def _bucketed(
    history: History, key: PartKey, cutoffs: Sequence[dt.datetime], used: Sequence[str]
) -> str:
    """Return rows with the day of their date and the first cutoff at which they were known."""
    source = history.sources[key.table]
    known = f"CAST(s.{key.date} AS TIMESTAMP)"
    for name in ("recorded_at", "valid_from"):
        if source.has(name):
            known = when(f"s.{name} > {known}", f"s.{name}", known)
    conditions = [f"s.{name}" for name in used]
    day = f"CAST(s.{key.date} AS DATE) AS day"
    inner = select_lines(["s.customer_id", *conditions, day, f"{known} AS known"])
    bucket = f"{first_cutoff_after('w.known', cutoffs)} AS cutoff"
    outer = select_lines(["w.customer_id", *(f"w.{name}" for name in used), "w.day", bucket])
    return (
        f"{outer}\nFROM (\n{inner}\nFROM {SOURCE_PREFIX}{key.table} AS s\n) AS w\n"
        f"WHERE w.known < {literal(cutoffs[-1])}"
    )
