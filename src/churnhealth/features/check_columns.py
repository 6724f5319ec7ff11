"""What can be told of a source from its columns alone, before its rows are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from churnhealth.domain.history import require_tables
from churnhealth.domain.history_contract import HistoryColumn
from churnhealth.domain.sources import History, Source
from churnhealth.errors import SchemaError, WarehouseError, listed, nearest
from churnhealth.features.check_queries import text_forms_query
from churnhealth.features.check_result import Notebook
from churnhealth.features.check_sql import CheckedSource
from churnhealth.features.check_types import Zones, family, text_form
from churnhealth.features.runner import SqlRunner
from churnhealth.features.source_columns import found_columns

Ask = Callable[[str], list[dict[str, Any]]]
_FORM_WORDS = {
    "day_first": "text in the order day-month-year",
    "month_first": "text in the order month-day-year",
    "ambiguous": "text in which day and month cannot be told apart (no number is above 12)",
    "mixed": "text in several orders",
    "unknown": "text that is no date",
}


@dataclass(frozen=True)
class SourceChoices:
    """What the user says of a source beyond its columns; see `CheckedSource`."""

    key: tuple[str, ...] = ()
    churned: str | None = None


def checked_sources(
    history: History,
    runner: SqlRunner,
    ask: Ask,
    notebook: Notebook,
    choices: Mapping[str, SourceChoices],
) -> dict[str, CheckedSource]:
    """Return the sources whose rows can be looked at; what is wrong with columns is written down."""
    result = {}
    for name, source in history.sources.items():
        try:
            found, faults = found_columns(source, runner)
        except WarehouseError as error:
            notebook.add(name, "source", f"cannot be read: {error}", severity="blocking")
            continue
        for fault in faults:
            notebook.add(name, "column", fault, severity="blocking")
        checked = _checked(history, found, notebook, choices.get(name, SourceChoices()))
        result[name] = replace(checked, forms=_forms(checked, runner, ask, notebook))
        _tell_columns(checked, history, notebook)
    _tell_tables(history, result, notebook)
    _tell_identity(result, notebook)
    return {name: one for name, one in result.items() if one.source.has("customer_id")}


def _checked(
    history: History, source: Source, notebook: Notebook, chosen: SourceChoices
) -> CheckedSource:
    zones = Zones(source.timezone or history.timezone, history.timezone)
    own = [*chosen.key, *([chosen.churned] if chosen.churned else [])]
    absent = [name for name in own if name not in source.stored]
    for name in absent:
        told = f"{source.relation} has no column {name!r}{nearest(name, source.stored)}"
        notebook.add(source.table, "column", told, severity="blocking")
    key = () if set(absent) & set(chosen.key) else chosen.key
    churned = None if chosen.churned in absent else chosen.churned
    checked = CheckedSource(source, zones, {}, key, churned)
    unreadable = [column for column in checked.columns() if not checked.reading(column).readable]
    for column in unreadable:
        stored = source.stored[source.columns[column.name]]
        told = f"expected {column.kind}, got {stored}: convert it in a view"
        notebook.add(source.table, "type", told, column=column.name, severity="blocking")
    names = {column.name for column in unreadable}
    kept = {name: mine for name, mine in source.columns.items() if name not in names}
    return replace(checked, source=replace(source, columns=kept))


def _forms(checked: CheckedSource, runner: SqlRunner, ask: Ask, notebook: Notebook) -> dict[str, str]:
    """Look at text that should be dates, say how it is written, and read it like that."""
    forms = {}
    for column in checked.columns():
        mine = checked.source.columns[column.name]
        if column.kind not in ("date", "timestamp") or family(checked.source.stored[mine]) != "text":
            continue
        (row,) = ask(text_forms_query(mine, checked.source.relation, runner.relation_sql))
        counts = {name: int(value) for name, value in row.items()}
        if counts["filled"]:
            form = text_form(counts)
            forms[column.name] = {"ambiguous": "day_first"}.get(form, form)
            _tell_form(checked, column, form, counts, notebook)
    return {name: form for name, form in forms.items() if form in ("day_first", "month_first")}


def _tell_form(
    checked: CheckedSource,
    column: HistoryColumn,
    form: str,
    counts: Mapping[str, int],
    notebook: Notebook,
) -> None:
    table, mine = checked.source.table, checked.source.columns[column.name]
    if form == "iso":
        told = f"dates written as text (year-month-day) in {mine!r}; a {column.kind} column is safer"
        notebook.add(table, "text_date", told, column=column.name, severity="note")
        return
    order = "%m-%d-%Y" if form == "month_first" else "%d-%m-%Y"
    told = (
        f"expected {column.kind}, got {_FORM_WORDS[form]} in {mine!r}; turn it into a date in a view, "
        f"such as strptime({mine}, '{order}') in DuckDB, or when it is loaded"
    )
    notebook.add(
        table,
        "text_date",
        told,
        column=column.name,
        severity="blocking",
        rows=counts["filled"] - counts["iso"],
        of=counts["filled"],
    )


def _tell_columns(checked: CheckedSource, history: History, notebook: Notebook) -> None:
    source, contract = checked.source, checked.contract
    for column in contract.columns:
        if column.obligatory and not source.has(column.name):
            told = (
                f"expected a column {column.name!r}: {column.description}; name yours under "
                f"[sources.{source.table}] columns; there are {listed(source.stored, 20)}"
            )
            notebook.add(source.table, "column", told, column=column.name, severity="blocking")
    undated = [one.name for one in checked.columns() if one.mutable]
    if undated and not source.has("valid_from"):
        told = (
            f"{listed(undated, 12)} are overwritten without a date: kept out of the indicators; "
            "keep versions with valid_from and valid_to, or snapshots"
        )
        notebook.add(source.table, "mutable", told, severity="warning")
    for column in checked.columns():
        if column.role == "attribute" and column.dated_by and not source.has(column.dated_by):
            told = (
                f"nobody knows since when it is known: kept out of the indicators; it needs "
                f"{column.dated_by!r}, {contract.column(column.dated_by).description}"
            )
            notebook.add(source.table, "mutable", told, column=column.name, severity="warning")
    _tell_clock(checked, history, notebook)


def _tell_clock(checked: CheckedSource, history: History, notebook: Notebook) -> None:
    source = checked.source
    naive = [
        one.name
        for one in checked.columns()
        if one.kind == "timestamp" and family(source.stored[source.columns[one.name]]) == "naive"
    ]
    if naive:
        zone, chosen = checked.zones.source, source.timezone is not None
        advice = "" if chosen else f"; if it is another, set timezone under [sources.{source.table}]"
        told = f"{listed(naive)} carry no time zone: read as the clock of {zone}{advice}"
        notebook.add(source.table, "zone", told, severity="note")


def _tell_tables(history: History, checked: Mapping[str, CheckedSource], notebook: Notebook) -> None:
    customers = checked.get("customers")
    own_date = "churned_on" if customers is not None and customers.source.has("churned_on") else ""
    try:
        require_tables(history.sources, own_date)
    except SchemaError as error:
        for fault in error.faults:
            notebook.add("history", "source", fault, severity="blocking")


def _tell_identity(checked: Mapping[str, CheckedSource], notebook: Notebook) -> None:
    """Is a customer a number in one table and text in another?"""
    sorts = {}
    for name, one in checked.items():
        if one.source.has("customer_id"):
            sort = family(one.source.stored[one.source.columns["customer_id"]])
            sorts[name] = "number" if sort in ("integer", "double") else "text"
    reference = sorts.get("customers", "text")
    for name, sort in sorts.items():
        if sort != reference:
            told = (
                f"a {sort} here and {reference} in customers: compared as text, so that 123 is '123' "
                "but not '00123'; make them of one type"
            )
            notebook.add(name, "identity", told, column="customer_id", severity="warning")
