"""From the user's tables to contract columns: one named part of a query per source.

Inside SQL every instant is a local timestamp of the project's zone, without a zone; a date is a local
date. So days are calendar days, also where the clocks change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_contract import HistoryColumn
from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError, SchemaError, listed, nearest
from churnhealth.features.runner import SqlRunner
from churnhealth.features.sql_text import SOURCE_PREFIX, Cte, literal, quote, quote_dotted

UTC_SUFFIX = "_utc"
_TYPES = {"string": "VARCHAR", "double": "DOUBLE", "integer": "BIGINT", "boolean": "BOOLEAN"}
# Elapsed time must not count the hour by which clocks change: these are given in UTC as well.
_ALSO_UTC = {("tickets", name) for name in ("opened_at", "first_replied_at", "resolved_at")}
_FRACTIONS = ("DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC")


def described(history: History, runner: SqlRunner) -> History:
    """Return the history with the stored type of every column, as the warehouse tells them.

    Raises
    ------
    SchemaError
        With all columns named in the sources that the relations do not have.
    """
    faults: list[str] = []
    sources: dict[str, Source] = {}
    for name, source in history.sources.items():
        stored = dict(runner.columns(source.relation))
        faults += [
            f"{source.relation}: expected a column {column!r} for {name}.{contract}, got none"
            f"{nearest(column, stored)}"
            for contract, column in {**source.columns, **source.extra}.items()
            if column not in stored
        ]
        sources[name] = replace(source, stored=stored)
    if faults:
        raise SchemaError("history", faults)
    return replace(history, sources=sources)


def source_ctes(
    history: History, *tables: str, relation_sql: Callable[[str], str] = quote_dotted
) -> list[Cte]:
    """Return one part `src_<table>` per table: contract column names and types.

    Parameters
    ----------
    history : History
        The sources; `described` fills in how timestamps are stored.
    *tables : str
        Contract names; none: all that there are.
    relation_sql : callable
        How a relation stands after FROM; a warehouse brings its own.

    Returns
    -------
    list of (name, SELECT)
        customer_id as VARCHAR, instants as local TIMESTAMP without a zone, dates as DATE, numbers as
        DOUBLE or BIGINT; only rows with a customer_id. Of tickets, `opened_at_utc` and the like stand
        beside the local ones. Columns that the source does not have are absent.

    Raises
    ------
    ConfigError
        A table has no source.

    Examples
    --------
    >>> usage = Source("usage_events", "logins", {"customer_id": "account", "occurred_at": "ts"})
    >>> for _, select in source_ctes(History({"usage_events": usage}, "Asia/Tokyo")):
    ...     print(select)
    SELECT
      CAST("account" AS VARCHAR) AS customer_id,
      CAST(("ts" AT TIME ZONE 'Asia/Tokyo') AS TIMESTAMP) AS occurred_at
    FROM "logins"
    WHERE "account" IS NOT NULL
    """
    return [
        (SOURCE_PREFIX + name, _select(history, _source(history, name), relation_sql))
        for name in tables or history.sources
    ]


def _source(history: History, name: str) -> Source:
    if name not in history.sources:
        raise ConfigError(f"expected a source for {name!r}, got sources for {listed(history.sources)}")
    return history.sources[name]


def _select(history: History, source: Source, relation_sql: Callable[[str], str]) -> str:
    lines = []
    for column in HISTORY[source.table].columns:
        if column.name not in source.columns:
            continue
        lines.append(f"  {_expression(history, source, column)} AS {column.name}")
        if (source.table, column.name) in _ALSO_UTC:
            instant = _local(history, source, source.columns[column.name], "UTC")
            lines.append(f"  {instant} AS {column.name}{UTC_SUFFIX}")
    lines += [f"  {_extra(source, mine)} AS {name}" for name, mine in source.extra.items()]
    where = f"WHERE {quote(source.columns['customer_id'])} IS NOT NULL"
    return "\n".join(["SELECT", ",\n".join(lines), f"FROM {relation_sql(source.relation)}", where])


def _extra(source: Source, mine: str) -> str:
    """Return a column of the user's own: a number as DOUBLE, true and false as they are, else text."""
    stored = _stored(source, mine)
    if not stored or stored.startswith("BOOL"):
        return quote(mine)
    number = "INT" in stored.partition("(")[0] or stored.startswith(_FRACTIONS)
    return f"CAST({quote(mine)} AS {'DOUBLE' if number and 'INTERVAL' not in stored else 'VARCHAR'})"


def _expression(history: History, source: Source, column: HistoryColumn) -> str:
    mine = source.columns[column.name]
    if column.kind == "timestamp":
        return _local(history, source, mine, history.timezone)
    if column.kind == "date":
        return _date(history, source, mine)
    if column.kind == "string" and _stored(source, mine).startswith(_FRACTIONS):
        return _whole_text(quote(mine))
    return f"CAST({quote(mine)} AS {_TYPES[column.kind]})"


def _local(history: History, source: Source, mine: str, zone: str) -> str:
    """Return an instant as a timestamp without a zone, as clocks in `zone` show it."""
    own = source.timezone or history.timezone
    kind = _storage(source, mine)
    if kind == "instant":
        return f"CAST(({quote(mine)} AT TIME ZONE {literal(zone)}) AS TIMESTAMP)"
    naive = f"CAST({quote(mine)} AS TIMESTAMP)"
    # A date is a day of the project's calendar, whatever zone the source's clocks are in.
    own = history.timezone if kind == "date" else own
    if own == zone:
        return naive
    return f"CAST((({naive} AT TIME ZONE {literal(own)}) AT TIME ZONE {literal(zone)}) AS TIMESTAMP)"


def _date(history: History, source: Source, mine: str) -> str:
    """Return a date; a timestamp without a zone is taken to be the midnight of its date."""
    if _stored(source, mine) and _storage(source, mine) == "instant":
        return f"CAST(({quote(mine)} AT TIME ZONE {literal(history.timezone)}) AS DATE)"
    return f"CAST({quote(mine)} AS DATE)"


def _storage(source: Source, mine: str) -> str:
    stored = _stored(source, mine)
    if not stored or "WITH TIME ZONE" in stored or stored.startswith(("TIMESTAMPTZ", "TIMESTAMP_TZ")):
        return "instant"
    return "date" if stored == "DATE" else "naive"


def _stored(source: Source, mine: str) -> str:
    return source.stored.get(mine, "").upper()


def _whole_text(value: str) -> str:
    """Write 123.0 as '123', so that numbers of one table meet the text of another."""
    whole = f"CAST(CAST({value} AS BIGINT) AS VARCHAR)"
    return f"CASE WHEN {value} = FLOOR({value}) THEN {whole} ELSE CAST({value} AS VARCHAR) END"
