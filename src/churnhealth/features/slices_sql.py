# Names come from our contracts, values are written by `literal`.
"""SQL of slices of customers: the same query for those whose customer_id lies between two others.

What takes memory is the state of the aggregates, one per customer and cutoff; so a slice keeps the rows
of other customers out of the sources. The warehouse compares, here and there, by its own order of text.
"""

from __future__ import annotations

from collections.abc import Sequence

from churnhealth.features.cells import both
from churnhealth.features.sql_text import SOURCE_PREFIX, Cte, literal, with_query

Slice = tuple[str | None, str | None]


def sliced(ctes: Sequence[Cte], customers: Slice) -> list[Cte]:
    """Return named parts of a query whose sources and `at_risk` hold a slice of the customers.

    Parameters
    ----------
    ctes : sequence of (name, SELECT)
    customers : (str or None, str or None)
        The first customer_id inside and the first one after it; None: no limit.

    Examples
    --------
    >>> print(sliced([("src_touches", "SELECT customer_id FROM t")], ("b", None))[0][1])
    SELECT s.*
    FROM (
    SELECT customer_id FROM t
    ) AS s
    WHERE s.customer_id >= 'b'
    """
    first, after = customers
    inside = both(
        f"s.customer_id >= {literal(first)}" if first is not None else "",
        f"s.customer_id < {literal(after)}" if after is not None else "",
    )
    return [
        (name, f"SELECT s.*\nFROM (\n{text}\n) AS s\nWHERE {inside}" if _of_customers(name) else text)
        for name, text in ctes
    ]


def slice_starts_query(ctes: Sequence[Cte], customers: int) -> str:
    """Return the SELECT of the first customer_id of each slice of so many customers, in order."""
    numbered = (
        "SELECT d.customer_id, ROW_NUMBER() OVER (ORDER BY d.customer_id) AS place\n"
        "FROM (SELECT DISTINCT customer_id FROM at_risk) AS d"
    )
    return with_query(
        ctes,
        f"SELECT n.customer_id\nFROM (\n{numbered}\n) AS n\n"
        f"WHERE MOD(n.place - 1, {customers}) = 0\nORDER BY n.customer_id",
    )


def _of_customers(name: str) -> bool:
    return name == "at_risk" or name.startswith(SOURCE_PREFIX)
