"""DataFrames to Arrow tables and back, without surprises about kinds.

Rows go to and from a warehouse as Arrow columns, never one by one. Text stays text, whole numbers
with gaps stay whole numbers, every instant is UTC to the microsecond.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from churnhealth.domain.contracts import TableContract
from churnhealth.errors import WarehouseError, listed

_UTC = pa.timestamp("us", tz="UTC")
_KINDS = {
    "string": pa.large_string(),
    "json": pa.large_string(),
    "timestamp": _UTC,
    "double": pa.float64(),
    "integer": pa.int64(),
}
_WITH_GAPS = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}


def contract_to_arrow(contract: TableContract, frame: pd.DataFrame) -> pa.Table:
    """Turn a checked frame into Arrow, columns in the contract's order and of its kinds.

    Raises
    ------
    WarehouseError
        When a column holds what Arrow cannot write, such as half of a surrogate pair.
    """
    columns = {
        column.name: _to_arrow(contract.name, column.name, frame[column.name], _KINDS[column.kind])
        for column in contract.columns
    }
    return pa.table(columns)


def frame_to_arrow(table: str, frame: pd.DataFrame) -> pa.Table:
    """Turn any frame into Arrow; its index is left out.

    Kinds that a warehouse column can hold: text, numbers, booleans, dates, timestamps, categories.

    Raises
    ------
    WarehouseError
        No columns, columns without a name or with names that differ by case only, mixed kinds in a
        column, or a kind that a warehouse would change without a word.
    """
    columns = {}
    for name in _checked_names(table, frame):
        columns[name] = _plain(table, name, _to_arrow(table, name, frame[name], None))
    return pa.table(columns)


def arrow_to_frame(table: pa.Table) -> pd.DataFrame:
    """Turn what a warehouse returned into a frame.

    Decimals become floats, dates become midnights without a zone, whole numbers and booleans with
    gaps become pandas' nullable kinds, instants become UTC.
    """
    return pd.DataFrame({name: _series(table.column(name)) for name in table.column_names})


def _to_arrow(table: str, name: str, values: pd.Series, kind: pa.DataType | None) -> pa.Array:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        # Through UTC without a zone, as pyarrow reads zoned columns in a way that pandas 3.1 warns of.
        # What is finer than a microsecond is cut.
        plain = values.dt.tz_convert(None).to_numpy()
        return pa.array(plain, type=_UTC, from_pandas=True, safe=False)
    if kind is not None and values.isna().all():
        # Such a column has whatever dtype it likes, and pyarrow turns floats to text only in part.
        return pa.nulls(len(values), kind)
    try:
        return pa.Array.from_pandas(values, type=kind)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError) as error:
        got = pd.api.types.infer_dtype(values, skipna=True)
        raise WarehouseError(
            f"{table}: column {name!r} cannot be written: expected values of one kind, got {got} values "
            f"({error})"
        ) from error


def _checked_names(table: str, frame: pd.DataFrame) -> list[str]:
    names = list(frame.columns)
    if not names:
        raise WarehouseError(f"{table}: expected at least one column to write, got none")
    odd = [name for name in names if not isinstance(name, str) or not name or "\0" in name]
    if odd:
        raise WarehouseError(f"{table}: expected column names of text, got {listed(odd)}")
    folded = [name.casefold() for name in names]
    twice = [name for name in names if folded.count(name.casefold()) > 1]
    if twice:
        raise WarehouseError(
            f"{table}: expected column names that differ by more than upper and lower case, "
            f"got {listed(twice)}"
        )
    return names


def _plain(table: str, name: str, values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(table, name, values.cast(kind.value_type))
    if pa.types.is_null(kind):
        return values.cast(pa.large_string())
    if pa.types.is_timestamp(kind):
        return values.cast(_UTC if kind.tz else pa.timestamp("us"), safe=False)
    if not any(test(kind) for test in _WRITABLE):
        raise WarehouseError(
            f"{table}: column {name!r} cannot be written: expected text, numbers, booleans, dates or "
            f"timestamps, got {kind}. Convert it first."
        )
    return values


_WRITABLE = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_decimal,
    pa.types.is_date,
)


def _series(values: pa.ChunkedArray) -> pd.Series:
    kind = values.type
    if pa.types.is_decimal(kind):
        values = values.cast(pa.float64())
    elif pa.types.is_date(kind):
        values = values.cast(pa.timestamp("us"))
    elif pa.types.is_timestamp(kind):
        values = values.cast(_UTC if kind.tz else pa.timestamp("us"), safe=False)
    series: pd.Series = values.to_pandas(types_mapper=_WITH_GAPS.get if values.null_count else None)
    return series
