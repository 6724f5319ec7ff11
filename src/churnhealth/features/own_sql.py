# Names come from our contracts, values are written by `literal`, expressions from a checked tree.
"""SQL of the user's own expressions: over rows before the cutoff, and over other indicators."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from churnhealth.domain.catalogue import DeclaredIndicator, Derived
from churnhealth.domain.history import HISTORY
from churnhealth.domain.sources import History
from churnhealth.domain.sql_measure import AGE, SqlMeasure
from churnhealth.features.cells import Cells, Part, PartKey, both, condition, select_lines, when
from churnhealth.features.expressions import AGGREGATES, as_number, parsed
from churnhealth.features.own_measures import CONTRACTS
from churnhealth.features.sql_text import SOURCE_PREFIX, quote


def own_value(measure: SqlMeasure, cells: Cells) -> str:
    """Ask for one cell per aggregate; return the expression over them.

    Without any row a count is 0 and every other aggregate is empty, as SQL has it.
    """
    key = _key(measure)
    point, alias = ("v.point", "v") if key.kind == "contracts" else ("k.cutoff", "e")

    def cell(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, AGGREGATES):
            return node
        inner = node.transform(lambda one: _column(one, measure.table, alias, point))
        part, _, name = cells.add(key, inner.sql("duckdb")).partition(".")
        found = exp.column(name, table=part)
        if isinstance(node, exp.Count):
            return exp.Coalesce(this=found, expressions=[exp.Literal.number(0)])
        return found

    kinds = {one.name: one.kind for one in HISTORY[measure.table].columns}
    tree = as_number(parsed(measure.sql), kinds)
    return tree.transform(cell).sql("duckdb")


def own_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT of aggregates over the rows of one window that were known at the cutoff."""
    recorded = history.has(key.table, "recorded_at")
    known = "(e.recorded_at IS NULL OR e.recorded_at < k.cutoff)" if recorded else ""
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    ages = ", ".join(f"({age})" for age in range(1, key.back + 1))
    days = (
        "SELECT c.cutoff, CAST(c.cutoff AS DATE) - g.age AS day, g.age\n"
        f"FROM cutoffs AS c CROSS JOIN (VALUES {ages}) AS g(age)"
    )
    return (
        f"{select_lines(['e.customer_id', 'k.cutoff', *columns])}\n"
        f"FROM {SOURCE_PREFIX}{key.table} AS e\nJOIN (\n{days}\n) AS k "
        f"ON k.day = CAST(e.{key.date} AS DATE)\n"
        f"WHERE {both(known, condition(key.where))}\nGROUP BY e.customer_id, k.cutoff"
    )


def with_references(indicators: Sequence[DeclaredIndicator]) -> list[DeclaredIndicator]:
    """Return the indicators and all that they refer to, each once, the referred ones first."""
    found: dict[str, DeclaredIndicator] = {}
    for one in indicators:
        if isinstance(one.measure, Derived):
            found |= {below.name: below for below in with_references(one.measure.of)}
        found[one.name] = one
    return list(found.values())


def layered(select: str, indicators: Sequence[DeclaredIndicator], categories: Sequence[str] = ()) -> str:
    """Put expressions over indicators around the SELECT that gives all others.

    Parameters
    ----------
    select : str
        Gives customer_id, cutoff, and all that the derived ones refer to.
    indicators : sequence of DeclaredIndicator
        What is asked for, in the order of the columns.
    categories : sequence of str
        The indicators that are words.
    """
    everything = with_references(indicators)
    if not any(isinstance(one.measure, Derived) for one in everything):
        return select
    kinds = {one.name: "string" if one.name in categories else "double" for one in everything}
    for level in range(1, max(map(_level, everything)) + 1):
        columns = [
            f"{_derived(one.measure, kinds)} AS {quote(one.name)}"
            for one in everything
            if isinstance(one.measure, Derived) and _level(one) == level
        ]
        select = f"{select_lines(['l.*', *columns])}\nFROM (\n{select}\n) AS l"
    asked = ["l.customer_id", "l.cutoff", *(f"l.{quote(one.name)}" for one in indicators)]
    return f"{select_lines(asked)}\nFROM (\n{select}\n) AS l"


def _level(one: DeclaredIndicator) -> int:
    return 1 + max(map(_level, one.measure.of)) if isinstance(one.measure, Derived) else 0


def _derived(measure: Derived, kinds: dict[str, str]) -> str:
    tree = as_number(parsed(measure.sql), kinds)
    return tree.transform(_quoted).sql("duckdb")


def _quoted(node: exp.Expr) -> exp.Expr:
    return exp.column(node.name, table="l", quoted=True) if isinstance(node, exp.Column) else node


def _key(measure: SqlMeasure) -> PartKey:
    rows = measure.rows
    if rows.table == CONTRACTS:
        return PartKey("contracts", CONTRACTS)
    return PartKey("own", rows.table, rows.date_column, where=rows.where, back=rows.window or 0)


def _column(node: exp.Expr, table: str, alias: str, point: str) -> exp.Expr:
    """Return a column as the part reads it; empty where its fact was not known at the moment."""
    if not isinstance(node, exp.Column):
        return node
    if node.name == AGE and table != CONTRACTS:
        return exp.column(AGE, table="k")
    dated = [one.dated_by for one in HISTORY[table].columns if one.name == node.name and one.dated_by]
    if not dated:
        return exp.column(node.name, table=alias)
    return exp.maybe_parse(
        when(f"{alias}.{dated[0]} < {point}", f"{alias}.{node.name}"), dialect="duckdb"
    )
