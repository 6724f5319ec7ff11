"""A batch of scored customers as Arrow, and what its tables must keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from churnhealth.adapters.arrow_frames import contract_to_arrow
from churnhealth.adapters.batch_keys import key_faults
from churnhealth.adapters.warehouse import ScoreSlice
from churnhealth.domain.contracts import Column, TableContract
from churnhealth.domain.tables import (
    HEALTH_DRIVERS,
    HEALTH_GROUP_SCORES,
    HEALTH_INDICATORS,
    HEALTH_REJECTS,
    HEALTH_SCORES,
)
from churnhealth.errors import SchemaError, listed

# The same for every row of a run, or known only when all customers are scored.
ASSIGNED = ("cutoff", "model_version", "run_id", "risk_rank")
KINDS = {
    "string": pa.large_string(),
    "json": pa.large_string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "double": pa.float64(),
    "integer": pa.int64(),
}
BATCH_TABLES = (
    HEALTH_SCORES,
    HEALTH_GROUP_SCORES,
    HEALTH_DRIVERS,
    HEALTH_INDICATORS,
    HEALTH_REJECTS,
)


@dataclass(frozen=True)
class ScoreBatch:
    """Some of the customers that a run scores; the batches of a run make its slice.

    Every table has the columns of its contract but `ASSIGNED`, which publishing adds: what is the
    same in all rows of a run, and the rank among all of its customers. Text may come as
    dictionaries.

    Parameters
    ----------
    scores, group_scores, drivers, indicators, rejects : pyarrow.Table
        Columns of `HEALTH_SCORES`, `HEALTH_GROUP_SCORES`, `HEALTH_DRIVERS`, `HEALTH_INDICATORS`,
        `HEALTH_REJECTS`.
    """

    scores: pa.Table
    group_scores: pa.Table
    drivers: pa.Table
    indicators: pa.Table
    rejects: pa.Table

    @classmethod
    def from_slice(cls, slice_: ScoreSlice) -> ScoreBatch:
        """Turn a slice of frames, already checked, into one batch."""
        frames = (
            slice_.scores,
            slice_.group_scores,
            slice_.drivers,
            slice_.indicators,
            slice_.rejects,
        )
        made = [
            contract_to_arrow(batch_contract(contract), frame)
            for contract, frame in zip(BATCH_TABLES, frames, strict=True)
        ]
        return cls(*made)

    def tables(self) -> Iterator[tuple[TableContract, pa.Table]]:
        """Give contract and table, one after the other."""
        given = (self.scores, self.group_scores, self.drivers, self.indicators, self.rejects)
        yield from zip(BATCH_TABLES, given, strict=True)

    def check(self) -> None:
        """Raise SchemaError for the first table that does not keep its contract; name all its faults.

        Columns with their kinds, missing values, ranges, choices, and keys within the batch; the keys
        of rejects are left to the warehouse.
        """
        for contract, table in self.tables():
            faults = table_faults(batch_contract(contract), table)
            if not faults and contract is not HEALTH_REJECTS:
                customers = self.scores["customer_id"].combine_chunks()
                faults = key_faults(batch_contract(contract).key, table, customers)
            if faults:
                raise SchemaError(contract.name, faults)


def batch_contract(contract: TableContract) -> TableContract:
    """Return a contract without the columns that publishing adds.

    Examples
    --------
    >>> batch_contract(HEALTH_INDICATORS).column_names
    ('customer_id', 'indicators')
    """
    columns = tuple(one for one in contract.columns if one.name not in ASSIGNED)
    return replace(contract, columns=columns, key=tuple(k for k in contract.key if k not in ASSIGNED))


def batch_schema(contract: TableContract) -> pa.Schema:
    """Return the Arrow schema of a batch's table."""
    columns = batch_contract(contract).columns
    return pa.schema([pa.field(column.name, KINDS[column.kind]) for column in columns])


def table_faults(contract: TableContract, table: pa.Table) -> list[str]:
    """List what breaks a contract in an Arrow table, one text per fault.

    Examples
    --------
    >>> score = Column("score", "double", False, "points", "A score.", low=0.0, high=100.0)
    >>> contract = TableContract("scores", (score,), key=())
    >>> table_faults(contract, pa.table({"score": [50.0, 101.0, None]}))
    ['score: expected a value in every row, got 1 without', 'score: expected 0 to 100, got 50 to 101']
    """
    if tuple(table.column_names) != contract.column_names:
        wanted, got = listed(contract.column_names, 20), listed(table.column_names, 20)
        return [f"expected the columns {wanted}, got {got}"]
    return [fault for column in contract.columns for fault in _faults(column, table[column.name])]


def _faults(column: Column, values: pa.ChunkedArray) -> Iterator[str]:
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    if kind != KINDS[column.kind]:
        yield f"{column.name}: expected {KINDS[column.kind]}, got {kind}"
        return
    if values.null_count and not column.nullable:
        yield f"{column.name}: expected a value in every row, got {values.null_count} without"
    if values.null_count == len(values):
        return
    if column.kind in ("double", "integer"):
        yield from _range_faults(column, values)
    elif column.choices:
        strange = set(pc.unique(values).to_pylist()) - {*column.choices, None}
        if strange:
            yield f"{column.name}: expected one of {listed(column.choices)}, got {listed(strange, 3)}"


def _range_faults(column: Column, values: pa.ChunkedArray) -> Iterator[str]:
    if not pc.all(pc.is_finite(values)).as_py():
        yield f"{column.name}: expected finite numbers, got others"
        return
    span = pc.min_max(values).as_py()
    below = column.low is not None and span["min"] < column.low
    above = column.high is not None and span["max"] > column.high
    if below or above:
        low = "" if column.low is None else f"{column.low:g}"
        high = "or more" if column.high is None else f"to {column.high:g}"
        yield f"{column.name}: expected {low} {high}, got {span['min']:g} to {span['max']:g}"
