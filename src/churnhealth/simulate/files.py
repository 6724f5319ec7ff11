"""Simulate a vendor's whole history into Parquet files, chunk by chunk, with bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnhealth.domain.history import HISTORY
from churnhealth.simulate.arrow import Table
from churnhealth.simulate.block import world_clock
from churnhealth.simulate.config import BLOCK, WorldConfig
from churnhealth.simulate.faults import Faults
from churnhealth.simulate.tables import block_truth, checked_days, fault_frame, simulate_blocks


@dataclass(frozen=True)
class WrittenWorld:
    """What `write_world` wrote.

    Attributes
    ----------
    folder : pathlib.Path
        Where the Parquet files are.
    rows : mapping of str to int
        Rows per table, truth included.
    faults : pandas.DataFrame
        Faulty rows added: table, fault, rows.
    cutoffs : tuple of pandas.Timestamp
        Cutoffs of the truth, in UTC.
    """

    folder: Path
    rows: Mapping[str, int]
    faults: pd.DataFrame
    cutoffs: tuple[pd.Timestamp, ...]


def write_world(
    config: WorldConfig,
    folder: Path | str,
    *,
    horizon_days: int = 90,
    gap_days: int = 0,
    chunk_customers: int = 10_000,
) -> WrittenWorld:
    """Simulate a world into `<folder>/<table>.parquet` and `truth.parquet`, chunk by chunk.

    Parameters
    ----------
    config : WorldConfig
        The world.
    folder : path
        Made if it is not there; files of the same names are replaced.
    horizon_days, gap_days : int
        Of the truth, which is given at the first day of every quarter (January, April, July, October).
    chunk_customers : int
        Customers per row group. More need more memory; the rows are the same.

    Returns
    -------
    WrittenWorld
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    cutoffs = quarter_starts(config)
    days = checked_days(config, cutoffs, horizon_days, gap_days)
    window = (gap_days, gap_days + horizon_days)
    writers = {name: _Writer(target / f"{name}.parquet") for name in (*HISTORY, "truth")}
    counts, per_chunk = Faults(), max(1, chunk_customers // BLOCK)
    try:
        for block, tables, faults in simulate_blocks(config):
            for name, table in {**tables, "truth": block_truth(block, days, window)}.items():
                writers[name].add(table)
            counts += faults
            if (block.number + 1) % per_chunk == 0:
                _flush(writers)
        _flush(writers)
    finally:
        for writer in writers.values():
            writer.close()
    for writer in writers.values():
        writer.publish()
    rows = {name: writer.rows for name, writer in writers.items()}
    instants_of_days = world_clock(config).midnight(np.array(days, dtype=np.int64))
    moments = tuple(pd.Timestamp(int(one), unit="us", tz="UTC") for one in instants_of_days)
    return WrittenWorld(target, rows, fault_frame(counts), moments)


def quarter_starts(config: WorldConfig) -> list[pd.Timestamp]:
    """Return the first days of quarters after the start of the data, up to its end.

    Examples
    --------
    >>> [str(day.date()) for day in quarter_starts(WorldConfig(customers=1, years=1))]
    ['2023-07-01', '2023-10-01', '2024-01-01', '2024-04-01']
    """
    first = pd.Timestamp(config.start) + pd.Timedelta(days=1)
    return list(pd.date_range(first, pd.Timestamp(config.end), freq="QS-JAN"))


class _Writer:
    """A Parquet file that grows by row groups, and takes its name only when it is complete."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
        self._part = path.with_name(path.name + ".part")
        self._waiting: list[Table] = []
        self._file: Any = None

    def add(self, table: Table) -> None:
        self._waiting.append(table)

    def flush(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting = []
        if self._file is None:
            self._file = pq.ParquetWriter(self._part, table.schema, compression="zstd")
        self._file.write_table(table)
        self.rows += len(table)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def publish(self) -> None:
        self._part.replace(self.path)


def _flush(writers: Mapping[str, _Writer]) -> None:
    for writer in writers.values():
        writer.flush()
