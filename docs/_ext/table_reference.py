"""Tables that churnhealth reads and writes, column by column, out of their contracts."""

from __future__ import annotations

from churnhealth.domain.contracts import Column, TableContract
from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_contract import HistoryColumn, HistoryTable
from churnhealth.domain.monitor_tables import CREATED_TABLES
from markdown_text import code, table

_LEVELS = {
    "obligatory": "Needed.",
    "churn_source": "One table of this kind is needed, or a column with churn dates.",
    "optional": "Optional.",
}


def written() -> str:
    """Write a section per output table."""
    return "\n\n".join(_output(contract) for contract in CREATED_TABLES)


def read() -> str:
    """Write a section per history table."""
    return "\n\n".join(_history(contract) for contract in HISTORY.values())


def _output(contract: TableContract) -> str:
    rows = [
        [
            code(one.name),
            one.kind,
            one.unit,
            "yes" if one.nullable else "no",
            _range(one),
            one.description,
        ]
        for one in contract.columns
    ]
    head = ["column", "type", "unit", "may be empty", "values", "meaning"]
    keys = ", ".join(map(code, contract.key))
    return f"## {contract.name}\n\nKey: {keys}.\n\n{table(head, rows)}"


def _range(column: Column | HistoryColumn) -> str:
    choices = column.choices if isinstance(column, Column) else column.allowed
    if choices:
        return ", ".join(choices)
    low, high = column.low, column.high
    if low is None:
        return ""
    return f"{low:g} or more" if high is None else f"{low:g} to {high:g}"


def _history(contract: HistoryTable) -> str:
    rows = [
        [code(one.name), one.kind, one.unit, _range(one), _about(one), one.description]
        for one in contract.columns
    ]
    head = ["column", "type", "unit", "values", "time", "meaning"]
    keys = ", ".join(map(code, contract.key))
    one_row = f"One row is {contract.description}."
    return (
        f"## {contract.name}\n\n{one_row} {_LEVELS[contract.level]} Key: {keys}.\n\n{table(head, rows)}"
    )


def _about(column: HistoryColumn) -> str:
    needed = "needed" if column.obligatory else ""
    if column.role == "fact_date":
        when = "dates itself"
    elif column.dated_by:
        when = f"known from {code(column.dated_by)}"
    elif column.mutable:
        when = "overwritten: needs `valid_from`"
    else:
        when = column.role.replace("_", " ") if column.role not in ("attribute", "key") else ""
    return ", ".join(one for one in (needed, when) if one)
