# Names come from our contracts, values are written by `literal`.
"""SQL of milestones: of the steps agreed before the cutoff, which were reached before it."""

from __future__ import annotations

from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History
from churnhealth.features.cells import Cells, Part, PartKey, both, condition, counted, select_lines, when
from churnhealth.features.sql_text import SOURCE_PREFIX
from churnhealth.features.windows_sql import recorded_before, share


def steps_value(measure: Measure, cells: Cells) -> str:
    """Ask for the cells of a measure of milestones; return the indicator as an expression."""
    key = PartKey("steps", measure.table, measure.date_column)
    where, until = condition(measure.where), f"e.{measure.until}"
    reached = cells.add(key, counted(both(where, f"{until} < q.cutoff")))
    if measure.kind == "overdue":
        missed = f"({until} IS NULL OR {until} >= q.cutoff)"
        due = f"e.{measure.column} < CAST(q.cutoff AS DATE)"
        late = cells.add(key, counted(both(where, due, missed)))
        return f"COALESCE({late}, 0)"
    steps = cells.add(key, counted(both(where)))
    if measure.kind == "reached_share":
        return share(reached, steps)
    last = cells.add(key, f"MAX({when(both(where, f'{until} < q.cutoff'), until)})")
    first = cells.add(key, f"MIN({when(both(where), f'e.{key.date}')})")
    return when(f"{reached} = {steps}", f"CAST({last} AS DATE) - CAST({first} AS DATE)")


def steps_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT over the steps of each customer agreed before each cutoff."""
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    known = both(f"e.{key.date} < q.cutoff", recorded_before(history, key.table, "q.cutoff"))
    return (
        f"{select_lines(['q.customer_id', 'q.cutoff', *columns])}\nFROM at_risk AS q\n"
        f"JOIN {SOURCE_PREFIX}{key.table} AS e ON e.customer_id = q.customer_id\n"
        f"WHERE {known}\nGROUP BY q.customer_id, q.cutoff"
    )
