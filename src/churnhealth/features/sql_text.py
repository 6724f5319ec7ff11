"""Pieces of SQL text in DuckDB's dialect: names, values, and queries put together from named parts."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence

from churnhealth.errors import ConfigError

Cte = tuple[str, str]
SqlValue = None | bool | int | float | str | dt.date | dt.datetime
SOURCE_PREFIX = "src_"


def quote(name: str) -> str:
    """Quote one identifier.

    Examples
    --------
    >>> quote('7" disc')
    '"7"" disc"'
    """
    if not name or "\0" in name:
        raise ConfigError(f"expected the name of a column or table, got {name!r}")
    return '"' + name.replace('"', '""') + '"'


def quote_dotted(relation: str) -> str:
    """Quote a relation such as "schema.name", part by part.

    Examples
    --------
    >>> quote_dotted("crm.cases")
    '"crm"."cases"'
    """
    return ".".join(quote(part) for part in relation.split("."))


def literal(value: SqlValue) -> str:
    """Write a value as an SQL literal; a timestamp must not carry a zone.

    Examples
    --------
    >>> literal("it's"), literal(None), literal(0.5), literal(True)
    ("'it''s'", 'NULL', '0.5', 'TRUE')
    >>> literal(dt.date(2026, 4, 1)), literal(dt.datetime(2026, 4, 1, 9))
    ("DATE '2026-04-01'", "TIMESTAMP '2026-04-01 09:00:00'")
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _text_literal(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            raise ConfigError(f"expected a local timestamp without a zone, got {value!r}")
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"expected a finite number, got {value!r}")
    return repr(value)


def _text_literal(value: str) -> str:
    if "\0" in value:
        raise ConfigError(f"expected text without a null character, got {value!r}")
    return "'" + value.replace("'", "''") + "'"


def with_query(ctes: Iterable[Cte], select: str) -> str:
    """Put named parts and a final SELECT together; a part that is given twice is written once.

    The sources are never materialised: each use reads only the columns and days that it needs.

    Raises
    ------
    ConfigError
        Two parts share a name and differ.

    Examples
    --------
    >>> print(with_query([("a", "SELECT 1 AS x"), ("a", "SELECT 1 AS x")], "SELECT x FROM a"))
    WITH a AS (
    SELECT 1 AS x
    )
    SELECT x FROM a
    """
    parts: dict[str, str] = {}
    for name, text in ctes:
        if parts.setdefault(name, text) != text:
            raise ConfigError(f"two parts of one query are called {name!r} and differ")
    if not parts:
        return select
    written = [
        f"{name} AS {'NOT MATERIALIZED ' if name.startswith(SOURCE_PREFIX) else ''}(\n{text}\n)"
        for name, text in parts.items()
    ]
    return "WITH " + ",\n".join(written) + f"\n{select}"


def values_select(columns: Sequence[str], rows: Sequence[Sequence[SqlValue]]) -> str:
    """Write a small table as a SELECT.

    Examples
    --------
    >>> values_select(["age", "day"], [(1, dt.date(2026, 4, 1))])
    "SELECT age, day FROM (VALUES (1, DATE '2026-04-01')) AS given(age, day)"
    """
    names = ", ".join(columns)
    listed_rows = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)
    return f"SELECT {names} FROM (VALUES {listed_rows}) AS given({names})"  # noqa: S608 - quoted above


def cutoffs_cte(cutoffs: Sequence[dt.date]) -> Cte:
    """Return the part `cutoffs(cutoff)`: local midnights as timestamps without a zone, each once.

    Parameters
    ----------
    cutoffs : sequence of datetime.date
        Local dates of the project's zone (a datetime must be a local midnight without a zone).

    Examples
    --------
    >>> cutoffs_cte([dt.date(2026, 4, 1)])[1]
    "SELECT cutoff FROM (VALUES (TIMESTAMP '2026-04-01 00:00:00')) AS given(cutoff)"
    """
    midnights = [midnight(one) for one in dict.fromkeys(sorted(local_date(one) for one in cutoffs))]
    if not midnights:
        raise ConfigError("cutoffs: expected at least one cutoff, got none")
    return "cutoffs", values_select(["cutoff"], [[one] for one in midnights])


def midnight(date: dt.date) -> dt.datetime:
    """Return the local midnight at which a date begins, without a zone."""
    return dt.datetime.combine(date, dt.time())


def local_date(moment: dt.date) -> dt.date:
    """Return the date of a local midnight; raise when it is a time of day, or carries a zone."""
    if not isinstance(moment, dt.datetime):
        return moment
    if moment.tzinfo is not None or moment.time() != dt.time():
        raise ConfigError(f"cutoff: expected a local date, or a local midnight, got {moment!r}")
    return moment.date()
