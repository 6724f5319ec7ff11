"""From DuckDB's dialect to that of another engine.

sqlglot renders it, and what it leaves untranslated (bits that are set; for engines other than DuckDB
and PostgreSQL also calendar days, elapsed seconds and time zones) is put into functions that they have.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp

from churnhealth.errors import ConfigError, listed, nearest

RUN = ("duckdb", "postgres")
RENDERED = ("spark", "snowflake", "bigquery", "redshift")
DIALECTS = (*RUN, *RENDERED)


def render(sql: str, dialect: str) -> str:
    """Write a query of ours in another dialect.

    Parameters
    ----------
    sql : str
        In DuckDB's dialect; for "duckdb" it is given back as it is.
    dialect : str
        One of `DIALECTS`.

    Examples
    --------
    >>> render("SELECT CAST(a AS DATE) - CAST(b AS DATE) AS days FROM t", "bigquery")
    'SELECT DATE_DIFF(CAST(a AS DATE), CAST(b AS DATE), DAY) AS days FROM t'
    >>> render("SELECT CAST(x AS DOUBLE) FROM t", "postgres")
    'SELECT CAST(x AS DOUBLE PRECISION) FROM t'
    """
    if dialect not in DIALECTS:
        raise ConfigError(
            f"dialect: expected one of {listed(DIALECTS)}, got {dialect!r}{nearest(dialect, DIALECTS)}"
        )
    if dialect == "duckdb":
        return sql
    tree = sqlglot.parse_one(sql, read="duckdb")
    if dialect in _BIT_COUNTS:
        tree = tree.transform(lambda node: _bits_counted(node, dialect))
    if dialect in RENDERED:
        tree = tree.transform(lambda node: _translated(node, dialect))
    return tree.sql(dialect=dialect)


def _bits_counted(node: exp.Expression, dialect: str) -> exp.Expression:
    if isinstance(node, exp.Anonymous) and node.name.upper() == "BIT_COUNT":
        return _BIT_COUNTS[dialect](node.expressions[0])
    return node


def _bits_in_postgres(value: exp.Expression) -> exp.Expression:
    bits = exp.DataType.build("BIT(64)", dialect="postgres")
    return exp.Anonymous(this="BIT_COUNT", expressions=[exp.Cast(this=value, to=bits)])


def _bits_one_by_one(value: exp.Expression) -> exp.Expression:
    """Add up the bits of a whole number that is not negative."""
    bits = [f"((x >> {place}) & 1)" for place in range(63)]
    total = sqlglot.parse_one(f"({' + '.join(bits)})", read="duckdb")
    return total.transform(lambda one: value.copy() if isinstance(one, exp.Column) else one)


def _translated(node: exp.Expression, dialect: str) -> exp.Expression:
    if isinstance(node, exp.CTE) and node.args.get("materialized") is not None:
        node.set("materialized", None)
    elif isinstance(node, exp.Extract) and node.name.upper() == "EPOCH":
        return _seconds(node, dialect)
    elif isinstance(node, exp.Sub) and _is_date(node.left):
        days = exp.DateDiff if _is_date(node.right) else exp.DateSub
        return days(this=node.left, expression=node.right, unit=exp.var("DAY"))
    elif isinstance(node, exp.Ordered) and dialect == "bigquery" and not node.args.get("desc"):
        # Its own order of empty values; we order by nothing that can be empty.
        node.args["nulls_first"] = True
    elif isinstance(node, exp.AtTimeZone) and dialect in _ZONES:
        return _ZONES[dialect](node)
    return node


def _is_date(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.is_type(exp.DataType.Type.DATE)


def _seconds(node: exp.Extract, dialect: str) -> exp.Expression:
    """Return the seconds of a difference of two timestamps, counted in microseconds."""
    difference = node.expression.unnest()
    kind = {"bigquery": exp.DatetimeDiff, "redshift": exp.DateDiff}.get(dialect, exp.TimestampDiff)
    unit = exp.var("MICROSECOND")
    micros = kind(this=difference.left, expression=difference.right, unit=unit)
    return exp.Div(this=micros, expression=exp.Literal.number("1000000.0"))


def _moved(node: exp.AtTimeZone) -> tuple[exp.Expression, exp.Expression | None, exp.Expression]:
    """Return what is moved, the zone that it is in (None: it is an instant) and the zone wanted."""
    inner = node.this.unnest()
    if isinstance(inner, exp.AtTimeZone):
        return inner.this, inner.args["zone"], node.args["zone"]
    return node.this, None, node.args["zone"]


def _spark_zone(node: exp.AtTimeZone) -> exp.Expression:
    value, own, zone = _moved(node)
    return exp.Anonymous(this="CONVERT_TIMEZONE", expressions=[*([own] if own else []), zone, value])


def _bigquery_zone(node: exp.AtTimeZone) -> exp.Expression:
    value, own, zone = _moved(node)
    instant = exp.Anonymous(this="TIMESTAMP", expressions=[value, own]) if own else value
    return exp.Anonymous(this="DATETIME", expressions=[instant, zone])


# Snowflake and Spark spell it alike: CONVERT_TIMEZONE([own zone,] zone, value).
_ZONES: dict[str, Callable[[exp.AtTimeZone], exp.Expression]] = {
    "spark": _spark_zone,
    "snowflake": _spark_zone,
    "bigquery": _bigquery_zone,
}

_BIT_COUNTS: dict[str, Callable[[exp.Expression], exp.Expression]] = {
    "postgres": _bits_in_postgres,
    "snowflake": _bits_one_by_one,
    "redshift": _bits_one_by_one,
}
