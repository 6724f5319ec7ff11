# Names come from our contracts or are quoted, values are written by `literal`.
"""SQL that judges every row of a source by its contract, and counts inside the warehouse.

Each source becomes a part `chk_<table>` with the contract's columns, read as `check_types` says, and a
part `judged_<table>` in which every possible fault of a row is a column that holds 1 or 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_contract import HistoryColumn, HistoryTable
from churnhealth.domain.sources import Source
from churnhealth.errors import listed
from churnhealth.features.check_types import Reading, Zones, read_as
from churnhealth.features.sql_text import Cte, literal, quote

EVENTS_OF_CONTRACTS = "usage_events"
_FUTURE_ROLES = ("event_time", "fact_date", "recorded_at", "valid_from")


@dataclass(frozen=True)
class RowFault:
    """Something that can be wrong with a row.

    Parameters
    ----------
    check : str
        What sort of fault: "type", "missing", "range", "words", "order", "future", "orphan",
        "outside", "undated" or "contradiction".
    column : str
        The contract's column.
    condition : str
        SQL over the part `chk_<table>` (as `t`), true for a faulty row.
    told : str
        What was expected, in words.
    rejects : bool
        Does the row go to the rejects?
    """

    check: str
    column: str
    condition: str
    told: str
    rejects: bool = True


@dataclass(frozen=True)
class CheckedSource:
    """A source and how its columns are read.

    Parameters
    ----------
    source : Source
        With the columns that are there, and how they are stored.
    zones : Zones
        Of the source and of the project.
    forms : mapping of str to str
        Contract column to the form of its text dates; see `check_types.text_form`.
    key : tuple of str
        The user's columns that stand in one row only; empty: the contract's key.
    churned : str, optional
        The user's column that says whether the customer, or the contract, has ended.
    """

    source: Source
    zones: Zones
    forms: Mapping[str, str] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    churned: str | None = None

    @property
    def contract(self) -> HistoryTable:
        """Return the contract of the table."""
        return HISTORY[self.source.table]

    @property
    def part(self) -> str:
        """Return the name of the part with the contract's columns."""
        return f"chk_{self.source.table}"

    @property
    def raw(self) -> tuple[str, ...]:
        """Return the user's columns that are looked at, each once."""
        more = [*self.key, *([self.churned] if self.churned else [])]
        return tuple(dict.fromkeys([*self.source.columns.values(), *more]))

    def columns(self) -> list[HistoryColumn]:
        """Return the contract's columns that are there."""
        return [column for column in self.contract.columns if self.source.has(column.name)]

    def reading(self, column: HistoryColumn) -> Reading:
        """Return how a column is read."""
        mine = self.source.columns[column.name]
        form = self.forms.get(column.name, "iso")
        stored = self.source.stored.get(mine, "VARCHAR")
        return read_as(column.kind, quote(mine), stored, self.zones, form)

    def key_columns(self) -> list[str] | None:
        """Return the key as columns of the part; None when a column of the key is not there."""
        if self.key:
            return [self.raw_name(name) for name in self.key]
        optional = {column.name for column in self.contract.with_role("valid_from")}
        wanted = [name for name in self.contract.key if self.source.has(name) or name not in optional]
        return wanted if self.source.has(*wanted) else None

    def raw_name(self, mine: str) -> str:
        """Return what a column of the user's is called in the part."""
        return f"raw_{self.raw.index(mine)}"


def checked_cte(checked: CheckedSource, relation_sql: Callable[[str], str]) -> Cte:
    """Return the part `chk_<table>`: columns of the contract, of the user (raw_0, ...), bad_<column>."""
    lines = []
    for column in checked.columns():
        reading = checked.reading(column)
        lines.append(f"  {reading.value} AS {column.name}")
        if reading.can_fail:
            mine = quote(checked.source.columns[column.name])
            bad = f"CASE WHEN {mine} IS NOT NULL AND {reading.value} IS NULL THEN 1 ELSE 0 END"
            lines.append(f"  {bad} AS bad_{column.name}")
    lines += [f"  {quote(mine)} AS {checked.raw_name(mine)}" for mine in checked.raw]
    if checked.churned:
        stored = checked.source.stored.get(checked.churned, "VARCHAR")
        flag = read_as("boolean", quote(checked.churned), stored, checked.zones)
        lines.append(f"  {flag.value} AS churned_flag")
    relation = relation_sql(checked.source.relation)
    return checked.part, "SELECT\n" + ",\n".join(lines) + f"\nFROM {relation}"


def row_faults(
    checked: CheckedSource, limit: dt.datetime, *, customers: bool = False, contracts: bool = False
) -> list[RowFault]:
    """Return everything that can be wrong with a row of a source.

    Parameters
    ----------
    checked : CheckedSource
        The source.
    limit : datetime
        Local; nothing can have happened at or after it.
    customers : bool
        Is there a list of customers to look the row's customer up in?
    contracts : bool
        Are there contracts to look the row's day up in?
    """
    future = [one for one in checked.columns() if one.role in _FUTURE_ROLES and one.kind == "timestamp"]
    ahead = [f"(t.{one.name} IS NOT NULL AND t.{one.name} >= {literal(limit)})" for one in future]
    some_ahead = f"({' OR '.join(ahead)})" if ahead else "FALSE"
    faults = [fault for column in checked.columns() for fault in _column_faults(checked, column)]
    faults += [
        RowFault("future", one.name, condition, f"expected a moment before {limit:%Y-%m-%d %H:%M}")
        for one, condition in zip(future, ahead, strict=True)
    ]
    for first, second in checked.contract.ordered:
        if checked.source.has(first, second):
            # A date in the future is out of order too: it is told once.
            condition = f"(t.{first} > t.{second} AND NOT {some_ahead})"
            faults.append(RowFault("order", first, condition, f"expected not after {second}"))
    if customers:
        condition = "(t.customer_id IS NOT NULL AND known.known_id IS NULL)"
        faults.append(RowFault("orphan", "customer_id", condition, "expected a row in customers"))
    if contracts:
        condition = (
            f"(known.known_id IS NOT NULL AND inside.customer_id IS NULL AND t.occurred_at IS NOT NULL "
            f"AND NOT {some_ahead})"
        )
        told = "expected a day on which the customer has a contract"
        faults.append(RowFault("outside", "occurred_at", condition, told))
    return faults + _flag_faults(checked, limit)


def _column_faults(checked: CheckedSource, column: HistoryColumn) -> list[RowFault]:
    name, reading = f"t.{column.name}", checked.reading(column)
    if not reading.readable:
        return []
    faults = []
    if reading.can_fail:
        condition = f"t.bad_{column.name} = 1"
        faults.append(RowFault("type", column.name, condition, f"expected {column.kind}"))
    if not column.nullable:
        empty = f"t.{checked.raw_name(checked.source.columns[column.name])} IS NULL"
        faults.append(RowFault("missing", column.name, empty, "expected a value in every row"))
    if column.low is not None:
        told = f"expected at least {column.low:g}"
        faults.append(RowFault("range", column.name, f"{name} < {column.low:g}", told))
    if column.high is not None:
        told = f"expected at most {column.high:g}"
        faults.append(RowFault("range", column.name, f"{name} > {column.high:g}", told))
    if column.allowed:
        words = ", ".join(literal(word) for word in column.allowed)
        told = f"expected one of {listed(column.allowed)}"
        faults.append(RowFault("words", column.name, f"{name} NOT IN ({words})", told))
    if column.role == "attribute" and column.dated_by and checked.source.has(column.dated_by):
        condition = f"({name} IS NOT NULL AND t.{column.dated_by} IS NULL)"
        told = f"expected a date in {column.dated_by!r}; without it the value is never known"
        faults.append(RowFault("undated", column.name, condition, told, rejects=False))
    return faults


def _flag_faults(checked: CheckedSource, limit: dt.datetime) -> list[RowFault]:
    """Compare the user's own flag with the date in the same row."""
    date = {"subscriptions": "end_date", "customers": "churned_on"}.get(checked.source.table, "")
    if not checked.churned or not checked.source.has(date):
        return []
    over = f"(t.{date} IS NOT NULL AND t.{date} <= {literal(limit.date())})"
    return [
        RowFault(
            "contradiction",
            date,
            f"(t.churned_flag AND t.{date} IS NULL)",
            f"{checked.churned} says churned, but there is no date",
            rejects=False,
        ),
        RowFault(
            "contradiction",
            date,
            f"(NOT t.churned_flag AND {over})",
            f"{checked.churned} says not churned, but the date has passed",
            rejects=False,
        ),
    ]
