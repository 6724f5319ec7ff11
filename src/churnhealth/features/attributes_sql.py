# Names come from our contracts.
"""SQL of what describes a customer, as it was known at the cutoff.

A version is known once it was valid and recorded before the cutoff, and the newest one counts. When it
ends is told by the version that follows.
"""

from __future__ import annotations

from churnhealth.domain.measures import Measure
from churnhealth.domain.sources import History
from churnhealth.features.cells import Cells, Part, PartKey, both, select_lines
from churnhealth.features.sql_text import SOURCE_PREFIX

TABLE = "customers"


def attribute_value(measure: Measure, cells: Cells) -> str:
    """Ask for a column of the version known at the cutoff."""
    return cells.add(PartKey("attributes", TABLE), f"n.{measure.column}")


def attributes_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT of one version per customer and cutoff."""
    dates = [name for name in ("valid_from", "recorded_at") if history.has(key.table, name)]
    known = [f"(e.{name} IS NULL OR e.{name} < q.cutoff)" for name in dates]
    names = [sql.partition(".")[2] for sql in part.cells]
    order = [f"e.{name} DESC NULLS LAST" for name in dates] + [f"e.{name}" for name in names]
    place = (
        f"ROW_NUMBER() OVER (PARTITION BY q.customer_id, q.cutoff ORDER BY {', '.join(order)}) AS place"
    )
    inner = ["q.customer_id", "q.cutoff", *(f"e.{name}" for name in names), place]
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    return (
        f"{select_lines(['n.customer_id', 'n.cutoff', *columns])}\nFROM (\n{select_lines(inner)}\n"
        f"FROM at_risk AS q\nJOIN {SOURCE_PREFIX}{TABLE} AS e ON e.customer_id = q.customer_id\n"
        f"WHERE {both(*known)}\n) AS n\nWHERE n.place = 1"
    )
