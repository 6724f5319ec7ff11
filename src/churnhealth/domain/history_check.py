"""Does a history table keep its contract? All faults of a table come in one error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from churnhealth.domain.history_contract import HistoryColumn, HistoryTable
from churnhealth.errors import SchemaError, listed


def _is_date(values: pd.Series) -> bool:
    if not pd.api.types.is_datetime64_dtype(values.dtype):
        return False
    return bool((values.dropna() == values.dropna().dt.normalize()).all())


_KIND_TESTS: dict[str, Callable[[pd.Series], bool]] = {
    "string": lambda values: pd.api.types.is_string_dtype(values.dtype),
    "timestamp": lambda values: isinstance(values.dtype, pd.DatetimeTZDtype),
    "date": _is_date,
    "double": lambda values: pd.api.types.is_float_dtype(values.dtype),
    "integer": lambda values: pd.api.types.is_integer_dtype(values.dtype),
    "boolean": lambda values: pd.api.types.is_bool_dtype(values.dtype),
}


def history_faults(contract: HistoryTable, frame: pd.DataFrame) -> list[str]:
    """List every fault of a table, each with what was expected, what came and in how many rows.

    Parameters
    ----------
    contract : HistoryTable
        What is expected.
    frame : pandas.DataFrame
        What came. Columns that the contract does not know are ignored.

    Returns
    -------
    list of str
        Empty when the contract is kept.
    """
    faults = [
        f"expected a column {column.name!r}, got {listed(frame.columns, most=20)}"
        for column in contract.columns
        if column.obligatory and column.name not in frame.columns
    ]
    for column in contract.columns:
        if column.name in frame.columns:
            faults.extend(_column_faults(column, frame))
    faults.extend(_key_faults(contract, frame))
    for first, second in contract.ordered:
        if {first, second} <= set(frame.columns):
            faults.extend(_order_faults(first, second, frame))
    return faults


def check_history(contract: HistoryTable, frame: pd.DataFrame) -> None:
    """Raise one `SchemaError` that lists all faults of a table; see `history_faults`."""
    faults = history_faults(contract, frame)
    if faults:
        raise SchemaError(contract.name, faults)


def _column_faults(column: HistoryColumn, frame: pd.DataFrame) -> Iterator[str]:
    values = frame[column.name]
    if not _KIND_TESTS[column.kind](values):
        yield f"{column.name}: expected {column.kind}, got {values.dtype}"
        return
    empty = int(values.isna().sum())
    if empty and not column.nullable:
        yield f"{column.name}: expected a value in every row, {empty} are empty"
    if column.low is not None:
        yield from _count(
            values < column.low, f"{column.name}: expected at least {column.low:g}", values
        )
    if column.high is not None:
        yield from _count(
            values > column.high, f"{column.name}: expected at most {column.high:g}", values
        )
    if column.allowed:
        foreign = ~values.isin(column.allowed) & values.notna()
        yield from _count(foreign, f"{column.name}: expected one of {listed(column.allowed)}", values)
    if column.dated_by in frame.columns and column.role == "attribute":
        undated = values.notna() & frame[column.dated_by].isna()
        yield from _count(undated, f"{column.name}: expected a date in {column.dated_by!r}", values)


def _key_faults(contract: HistoryTable, frame: pd.DataFrame) -> Iterator[str]:
    # Without valid_from a table of versions holds one row per thing, so the rest of the key must do.
    optional = {column.name for column in contract.with_role("valid_from")}
    key = [name for name in contract.key if name in frame.columns or name not in optional]
    if not set(key) <= set(frame.columns):
        return
    twice = int(frame.duplicated(subset=key).sum())
    if twice:
        yield f"key ({', '.join(key)}): expected every key once, {twice} rows repeat one"


def _order_faults(first: str, second: str, frame: pd.DataFrame) -> Iterator[str]:
    left, right = frame[first], frame[second]
    if isinstance(left.dtype, pd.DatetimeTZDtype) == isinstance(right.dtype, pd.DatetimeTZDtype):
        yield from _count(left > right, f"{first}: expected not after {second}", left)


def _count(wrong: pd.Series, expected: str, values: pd.Series) -> Iterator[str]:
    rows = int(wrong.sum())
    if rows:
        yield f"{expected}, got {listed(values[wrong].unique(), most=3)} in {rows} rows"
