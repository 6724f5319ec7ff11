"""Expressions that users write in SQL: parsed, held against a list of what is allowed, typed.

The text of the user is never run: it is parsed as ONE expression, every part must be on the list, and
what runs is written anew from the tree. So no table, subquery, second statement, window function, clock
or random number can be in it, and every engine gets the same arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

from churnhealth.errors import ConfigError, listed, nearest

LONGEST = 2000
AGGREGATES = (
    exp.Avg,
    exp.Count,
    exp.Max,
    exp.Min,
    exp.Stddev,
    exp.StddevPop,
    exp.StddevSamp,
    exp.Sum,
    exp.Variance,
    exp.VariancePop,
)
_FUNCTIONS = (
    exp.Abs,
    exp.Cast,
    exp.Ceil,
    exp.Coalesce,
    exp.Exp,
    exp.Floor,
    exp.Greatest,
    exp.Least,
    exp.Length,
    exp.Ln,
    exp.Lower,
    exp.Nullif,
    exp.Pow,
    exp.Sqrt,
    exp.Upper,
)
_GRAMMAR = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Paren),
    *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE),
    *(exp.Between, exp.In, exp.Is, exp.Like, exp.Case, exp.If),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.DataType),
)
_ALLOWED = (*AGGREGATES, *_FUNCTIONS, *_GRAMMAR, exp.Distinct, exp.Star)
_TYPES = ("DOUBLE", "BIGINT", "INT", "VARCHAR", "TEXT", "BOOLEAN", "DATE")
_SQL_TYPES = {
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "double": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}
# Engines read these words as the present moment, wherever text meets a date.
_CLOCK = re.compile(r"\b(now|today|tomorrow|yesterday|allballs)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Checked:
    """An expression that may be run.

    Attributes
    ----------
    sql : str
        In one fixed way of writing, without comments.
    columns : tuple of str
        The names that it reads, each once, in order.
    """

    sql: str
    columns: tuple[str, ...]


def check_rows_sql(sql: str, kinds: Mapping[str, str]) -> Checked:
    """Check an aggregate over rows.

    Parameters
    ----------
    sql : str
        Such as "SUM(quantity) / NULLIF(COUNT(DISTINCT user_id), 0)".
    kinds : mapping of str to str
        Columns that there are, to their kind (`domain.history_contract.KINDS`); "" where unknown.

    Raises
    ------
    ConfigError
        All that is wrong with it.

    Examples
    --------
    >>> check_rows_sql("sum(Quantity)/count(*) -- mean", {"quantity": "integer"})
    Checked(sql='SUM(quantity) / COUNT(*)', columns=('quantity',))
    """
    tree = _parsed(sql, lower=True)
    return _checked(tree, kinds, [*_faults(tree, kinds, sql), *_aggregate_faults(tree)])


def check_indicator_sql(sql: str, kinds: Mapping[str, str]) -> Checked:
    """Check an expression over indicators, which is no aggregate; see `check_rows_sql`."""
    tree = _parsed(sql, lower=False)
    faults = [
        f"{one.sql_name()}: an aggregate needs rows; name the table of the rows (table = ...)"
        for one in tree.find_all(*AGGREGATES)
    ]
    if not any(tree.find_all(exp.Column)):
        faults.append("expected the name of at least one indicator in it, got none")
    return _checked(tree, kinds, [*_faults(tree, kinds, sql), *faults])


def parsed(sql: str) -> exp.Expr:
    """Return the tree of an expression that was checked, with divisions that every engine does alike."""
    return _parsed(sql, lower=False).transform(_safe_division)


def as_number(tree: exp.Expr, kinds: Mapping[str, str]) -> exp.Expr:
    """Return an expression as a number: true is 1 and false is 0."""
    if _result(tree, kinds) != "BOOLEAN":
        return exp.cast(tree.copy(), "DOUBLE")
    case = exp.Case().when(tree.copy(), exp.Literal.number(1))
    return exp.cast(case.when(exp.Not(this=exp.paren(tree.copy())), exp.Literal.number(0)), "DOUBLE")


def _parsed(sql: str, *, lower: bool) -> exp.Expr:
    if len(sql) > LONGEST:
        raise ConfigError(f"expected an expression of at most {LONGEST} characters, got {len(sql)}")
    try:
        trees = Dialect.get_or_raise("duckdb").parse_into(exp.Condition, sql)
    except RecursionError:
        raise ConfigError("expected an expression that is not nested as deeply") from None
    except SqlglotError as error:
        raise ConfigError(f"expected one SQL expression, got {sql!r}: {_reason(error)}") from None
    if len(trees) != 1 or trees[0] is None:
        raise ConfigError(f"expected one SQL expression, got {sql!r}")
    tree: exp.Expr = trees[0]
    for node in tree.walk():
        node.pop_comments()
        if lower and isinstance(node, exp.Identifier):
            node.set("this", node.name.lower())
    return tree


def _reason(error: SqlglotError) -> str:
    told = getattr(error, "errors", None)
    return str(told[0]["description"]).partition(" <class")[0] if told else str(error).partition("\n")[0]


def _checked(tree: exp.Expr, kinds: Mapping[str, str], faults: list[str]) -> Checked:
    if not faults:
        found = _result(tree, kinds)
        if found in {"VARCHAR", "TEXT", "DATE", "TIMESTAMP", "INTERVAL"}:
            faults = [f"expected a number, or true and false; it gives {found}"]
    if faults:
        raise ConfigError("; ".join(dict.fromkeys(faults)))
    names = tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))
    return Checked(tree.sql("duckdb"), names)


def _faults(tree: exp.Expr, kinds: Mapping[str, str], sql: str) -> Iterator[str]:
    for node in tree.walk():
        if not isinstance(node, _ALLOWED):
            yield f"{_called(node)} is not allowed in an indicator"
        elif isinstance(node, exp.Column):
            yield from _column_faults(node, kinds)
        elif isinstance(node, exp.DataType) and node.sql("duckdb") not in _TYPES:
            yield f"{node.sql('duckdb')}: expected one of the types {listed(_TYPES)}"
        elif isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            yield "* stands only in COUNT(*)"
        elif isinstance(node, exp.Distinct) and len(node.expressions) != 1:
            yield "DISTINCT takes one column"
    if _meets_dates(tree, kinds) and _CLOCK.search(sql):
        yield "words such as 'now' and 'today' read the clock and are not allowed in an indicator"


def _column_faults(node: exp.Column, kinds: Mapping[str, str]) -> Iterator[str]:
    if node.table:
        yield f"{node.sql('duckdb')}: expected a name without a table"
    elif node.name not in kinds:
        hint = nearest(node.name, kinds)
        yield f"there is no {node.name!r}{hint}" + ("" if hint else f"; there are {listed(kinds, 20)}")


def _aggregate_faults(tree: exp.Expr) -> Iterator[str]:
    aggregates = list(tree.find_all(*AGGREGATES))
    if not aggregates:
        yield "expected an aggregate such as SUM, AVG or COUNT over the rows, got none"
    for one in aggregates:
        if one.find_ancestor(*AGGREGATES):
            yield f"{one.sql('duckdb')}: an aggregate of an aggregate"
    if aggregates:
        for column in tree.find_all(exp.Column):
            if not column.find_ancestor(*AGGREGATES):
                yield f"{column.name!r} stands outside of an aggregate: which row's value?"


def _called(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return f"{node.name}()"
    if isinstance(node, exp.Func):
        return f"{node.sql_name()}()"
    return {"Select": "SELECT", "Subquery": "a subquery", "Window": "OVER (a window function)"}.get(
        type(node).__name__, type(node).__name__.upper()
    )


def _meets_dates(tree: exp.Expr, kinds: Mapping[str, str]) -> bool:
    named = (kinds.get(column.name, "") for column in tree.find_all(exp.Column))
    casts = any(one.sql("duckdb") == "DATE" for one in tree.find_all(exp.DataType))
    return casts or any(kind in {"", "date", "timestamp"} for kind in named)


def _result(tree: exp.Expr, kinds: Mapping[str, str]) -> str:
    """Return the SQL type of what an expression gives; "UNKNOWN" when nobody can tell."""

    def plain(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        kind = _SQL_TYPES.get(kinds.get(node.name, ""))
        return exp.cast(exp.null(), kind) if kind else node

    typed = annotate_types(tree.copy().transform(plain), dialect="duckdb")
    return typed.type.this.name if typed.type is not None else "UNKNOWN"


def _safe_division(node: exp.Expr) -> exp.Expr:
    if not isinstance(node, exp.Div):
        return node
    divisor = node.expression
    if not isinstance(divisor.unnest(), exp.Nullif):
        divisor = exp.Nullif(this=divisor.copy(), expression=exp.Literal.number(0))
    return exp.Div(this=exp.cast(node.this.copy(), "DOUBLE"), expression=divisor.copy())
