"""Kinds of Arrow that engines return, and the few that are left of them."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid

import pyarrow as pa
import pytest

from churnhealth.adapters.arrow_plain import plain_batches, plain_table

ONE = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([decimal.Decimal(2**60)], pa.decimal128(38, 0)), pa.float64(), 2.0**60),
        (pa.array(["x"], pa.large_string()), pa.string(), "x"),
        (pa.array(["x"], pa.string_view()), pa.string(), "x"),
        (pa.array(["x"]).dictionary_encode(), pa.string(), "x"),
        (pa.array([ONE], pa.timestamp("ns", tz="Asia/Tokyo")), pa.timestamp("us", tz="UTC"), ONE),
        (pa.array([ONE.date()], pa.date64()), pa.date32(), ONE.date()),
        (pa.nulls(1), pa.string(), None),
        (pa.array([7], pa.int16()), pa.int16(), 7),
        (
            pa.ExtensionArray.from_storage(
                pa.opaque(pa.string(), "numeric", "PostgreSQL"), pa.array(["1.25"])
            ),
            pa.float64(),
            1.25,
        ),
        (
            pa.ExtensionArray.from_storage(
                pa.opaque(pa.binary(), "inet", "PostgreSQL"), pa.array([b"\xff"])
            ),
            pa.binary(),
            b"\xff",
        ),
        (
            pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(int=1).bytes], pa.binary(16))),
            pa.string(),
            "00000000-0000-0000-0000-000000000001",
        ),
    ],
    ids=lambda value: str(getattr(value, "type", "")) or None,
)
def test_a_kind_becomes_the_plain_one(values: pa.Array, kind: pa.DataType, expected: object) -> None:
    table = plain_table(pa.table({"a": values}))
    assert table.schema.field("a").type == kind
    assert table["a"].to_pylist() == [expected]
    empty = plain_table(pa.table({"a": pa.chunked_array([], values.type)}))
    assert empty.num_rows == 0
    batches = plain_batches([pa.record_batch({"a": values})])
    assert [batch.to_pylist() for batch in batches] == [[{"a": expected}]]


def test_what_is_finer_than_a_microsecond_is_cut_and_names_may_repeat() -> None:
    fine = pa.array([1_234], pa.timestamp("ns"))
    table = plain_table(pa.Table.from_arrays([fine, fine], names=["a", "a"]))
    assert table.schema.names == ["a", "a"]
    assert table.column(0).cast(pa.int64()).to_pylist() == [1]
