"""Simulate a vendor's whole history: in memory, or streamed to Parquet with bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from churnhealth.domain.history import HISTORY
from churnhealth.errors import ConfigError, LeakageError
from churnhealth.simulate.arrow import INSTANT, NO_INSTANT, Table, booleans, dates, instants, words
from churnhealth.simulate.block import Block, draw_block, world_clock
from churnhealth.simulate.config import BLOCK, WorldConfig
from churnhealth.simulate.contact import actions_table, touches_table
from churnhealth.simulate.contracts import (
    REASONS,
    announcement_instants,
    customers_table,
    end_reasons,
    subscriptions_table,
)
from churnhealth.simulate.days import NEVER, cutoff_days, day_number
from churnhealth.simulate.faults import Faults, add_faults
from churnhealth.simulate.population import MAX_TRUTH_DAYS
from churnhealth.simulate.support import milestones_table, surveys_table, tickets_table
from churnhealth.simulate.truth import churn_probability
from churnhealth.simulate.usage import recorder, usage_table


@dataclass(frozen=True)
class World:
    """A simulated vendor in memory.

    Attributes
    ----------
    config : WorldConfig
        What was asked for.
    tables : dict of str to pandas.DataFrame
        The history tables of `domain.history`. Instants are in UTC; dates are days at midnight
        without a zone.
    outcomes : pandas.DataFrame
        One row per customer: customer_id, churned_on (first day without a contract for good; empty
        where the data do not know one), announced_at (of an end by choice), end_reason, voluntary.
    faults : pandas.DataFrame
        Faulty rows added: table, fault, rows.
    """

    config: WorldConfig
    tables: dict[str, pd.DataFrame]
    outcomes: pd.DataFrame
    faults: pd.DataFrame
    _blocks: tuple[Block, ...] = field(repr=False, default=())

    def truth(self, cutoffs: Iterable[Any], horizon_days: int, gap_days: int = 0) -> pd.DataFrame:
        """Return the true churn probability of every customer at risk at every cutoff.

        Parameters
        ----------
        cutoffs : iterable
            Dates (their local midnight) or instants of local midnights, not after the end of the data.
        horizon_days, gap_days : int
            Churn counts when its day lies in (cutoff + gap, cutoff + gap + horizon].

        Returns
        -------
        pandas.DataFrame
            customer_id, cutoff (instant, UTC), churn_probability (0-1), by cutoff; see `simulate.truth`.
        """
        days = _checked_days(self.config, cutoffs, horizon_days, gap_days)
        window = (gap_days, gap_days + horizon_days)
        truth = pa.concat_tables([_block_truth(one, days, window) for one in self._blocks])
        return _to_pandas(truth).sort_values("cutoff", kind="stable", ignore_index=True)


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


def simulate_world(config: WorldConfig) -> World:
    """Simulate a world in memory; 20,000 customers over three years take about 2 GB.

    Examples
    --------
    >>> world = simulate_world(WorldConfig(customers=20, years=1))
    >>> sorted(world.tables)[:3]
    ['actions', 'customers', 'milestones']
    >>> world.truth(["2024-01-01"], horizon_days=90)["churn_probability"].between(0, 1).all()
    np.True_
    """
    parts: dict[str, list[Table]] = {name: [] for name in HISTORY}
    outcomes, blocks, counts = [], [], Faults()
    for block, tables, faults in _simulate_blocks(config):
        for name, table in tables.items():
            parts[name].append(table)
        outcomes.append(_outcomes(block))
        blocks.append(block)
        counts += faults
    frames = {name: _to_pandas(pa.concat_tables(parts.pop(name))) for name in HISTORY}
    return World(
        config, frames, _to_pandas(pa.concat_tables(outcomes)), _fault_frame(counts), tuple(blocks)
    )


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
    days = _checked_days(config, cutoffs, horizon_days, gap_days)
    window = (gap_days, gap_days + horizon_days)
    writers = {name: _Writer(target / f"{name}.parquet") for name in (*HISTORY, "truth")}
    counts, per_chunk = Faults(), max(1, chunk_customers // BLOCK)
    try:
        for block, tables, faults in _simulate_blocks(config):
            for name, table in {**tables, "truth": _block_truth(block, days, window)}.items():
                writers[name].add(table)
            counts += faults
            if (block.number + 1) % per_chunk == 0:
                _flush(writers)
        _flush(writers)
    finally:
        for writer in writers.values():
            writer.close()
    rows = {name: writer.rows for name, writer in writers.items()}
    instants_of_days = world_clock(config).midnight(np.array(days, dtype=np.int64))
    moments = tuple(pd.Timestamp(int(one), unit="us", tz="UTC") for one in instants_of_days)
    return WrittenWorld(target, rows, _fault_frame(counts), moments)


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
    """A Parquet file that grows by row groups."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, 0
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
            self._file = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        self._file.write_table(table)
        self.rows += len(table)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _flush(writers: Mapping[str, _Writer]) -> None:
    for writer in writers.values():
        writer.flush()


def _simulate_blocks(config: WorldConfig) -> Iterator[tuple[Block, dict[str, Table], Faults]]:
    clock = world_clock(config)
    for number in config.blocks:
        block = draw_block(config, number, clock)
        tables, faults = add_faults(block, _clean_tables(block))
        yield block, tables, faults


def _clean_tables(block: Block) -> dict[str, Table]:
    recorded = recorder(block)
    tables = {
        "customers": customers_table(block),
        "subscriptions": subscriptions_table(block),
        "usage_events": usage_table(block, recorded),
        "touches": touches_table(block, recorded),
        "tickets": tickets_table(block, recorded),
        "surveys": surveys_table(block, recorded),
        "milestones": milestones_table(block),
        "actions": actions_table(block, recorded),
    }
    return {name: _recorded_in_time(block, table) for name, table in tables.items()}


def _recorded_in_time(block: Block, table: Table) -> Table:
    """Leave out what is not yet recorded when the data end."""
    end = pa.scalar(int(block.clock.midnight(np.array([block.last]))[0])).cast(INSTANT)
    in_time = pc.less(table["recorded_at"], end)
    return table if pc.all(in_time).as_py() else table.filter(in_time)


def _block_truth(block: Block, days: list[int], window: tuple[int, int]) -> Table:
    rows, cutoffs, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for day in days:
        row, probability = churn_probability(block.people, block.latent, block.config, day, window)
        rows.append(row)
        cutoffs.append(np.full(len(row), block.clock.midnight(np.array([day]))[0]))
        values.append(probability)
    return pa.table(
        {
            "customer_id": block.customer_ids(np.concatenate(rows)),
            "cutoff": instants(np.concatenate(cutoffs)),
            "churn_probability": pa.array(np.concatenate(values)),
        }
    )


def _outcomes(block: Block) -> Table:
    end, told = block.latent.end, announcement_instants(block)
    known = end < NEVER
    unchosen = block.latent.unchosen_day < NEVER - 1
    return pa.table(
        {
            "customer_id": block.customer_ids(np.arange(len(end))),
            "churned_on": dates(end),
            "announced_at": instants(np.where(known, told, NO_INSTANT)),
            "end_reason": words(REASONS, np.where(known, end_reasons(block), -1)),
            "voluntary": booleans(known & ~unchosen),
        }
    )


def _checked_days(
    config: WorldConfig, cutoffs: Iterable[Any], horizon_days: int, gap_days: int
) -> list[int]:
    if horizon_days < 1 or gap_days < 0 or horizon_days + gap_days > MAX_TRUTH_DAYS:
        raise ConfigError(
            f"truth: expected horizon_days >= 1, gap_days >= 0, at most {MAX_TRUTH_DAYS} days together, "
            f"got horizon_days={horizon_days!r}, gap_days={gap_days!r}"
        )
    days = cutoff_days(cutoffs, config.timezone)
    if any(day > day_number(config.end) for day in days):
        raise LeakageError(
            f"truth: expected cutoffs up to the end of the data, {config.end}, got a later one"
        )
    return days


def _fault_frame(counts: Faults) -> pd.DataFrame:
    rows = [(table, fault, count) for (table, fault), count in sorted(counts.items())]
    return pd.DataFrame(rows, columns=["table", "fault", "rows"])


def _to_pandas(table: Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame
