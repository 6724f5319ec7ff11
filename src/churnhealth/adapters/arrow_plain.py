"""Arrow as engines return it, in the few kinds that all of them share.

Equal queries give equal kinds: DuckDB's wide integers and PostgreSQL's numerics are doubles, every
instant is UTC, all times are to the microsecond, text is `string`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator

import pyarrow as pa

_INSTANT = pa.timestamp("us", tz="UTC")
_NAIVE = pa.timestamp("us")


def plain_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Bring batch after batch to plain kinds."""
    for batch in batches:
        yield pa.RecordBatch.from_arrays(
            [_plain(column) for column in batch.columns], names=batch.schema.names
        )


def plain_table(table: pa.Table) -> pa.Table:
    """Bring a table to plain kinds; names may repeat.

    Examples
    --------
    >>> import decimal
    >>> plain_table(pa.table({"mrr": [decimal.Decimal("1.25")]})).schema.field("mrr").type
    DataType(double)
    """
    columns = [
        pa.chunked_array([_plain(chunk) for chunk in column.chunks] or [_plain(_empty(column.type))])
        for column in table.columns
    ]
    return pa.Table.from_arrays(columns, names=table.schema.names)


def _empty(kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.array([], kind.storage_type))
    return pa.array([], kind)


def _plain(values: pa.Array) -> pa.Array:
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_extension(values)
    if pa.types.is_decimal(kind):
        return values.cast(pa.float64())
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        return values.cast(_time(kind), safe=False)
    if pa.types.is_dictionary(kind):
        return _plain(values.cast(kind.value_type))
    texts = (pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return values.cast(pa.string()) if any(test(kind) for test in texts) else values


def _time(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_date64(kind):
        return pa.date32()
    return _INSTANT if kind.tz else _NAIVE


def _plain_extension(values: pa.ExtensionArray) -> pa.Array:
    """PostgreSQL's numeric comes as text, its enums as bytes, a UUID as 16 bytes."""
    kind, stored = values.type, values.storage
    if isinstance(kind, pa.UuidType):
        texts = [None if one is None else str(uuid.UUID(bytes=one)) for one in stored.to_pylist()]
        return pa.array(texts, pa.string())
    if getattr(kind, "type_name", "") == "numeric":
        return stored.cast(pa.float64())
    if pa.types.is_binary(stored.type):
        try:
            return stored.cast(pa.string())
        except pa.ArrowInvalid:
            return stored
    return _plain(stored)
