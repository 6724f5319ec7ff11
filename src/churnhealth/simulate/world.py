"""Simulate a vendor's whole history in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from churnhealth.domain.history import HISTORY
from churnhealth.simulate.arrow import Table
from churnhealth.simulate.block import Block
from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.faults import Faults
from churnhealth.simulate.tables import (
    block_effects,
    block_outcomes,
    block_truth,
    checked_days,
    fault_frame,
    simulate_blocks,
)


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
        return self._at_cutoffs(block_truth, cutoffs, horizon_days, gap_days)

    def effects(self, cutoffs: Iterable[Any], horizon_days: int, gap_days: int = 0) -> pd.DataFrame:
        """Return what each latent driver does to the log-odds of the true churn probability.

        Parameters
        ----------
        cutoffs, horizon_days, gap_days
            As in `truth`.

        Returns
        -------
        pandas.DataFrame
            The rows of `truth` with customer_id, cutoff and, in log-odds, level, fit, contact, action,
            frailty, contract; see `simulate.effects`.
        """
        return self._at_cutoffs(block_effects, cutoffs, horizon_days, gap_days)

    def _at_cutoffs(
        self,
        told: Callable[[Block, list[int], tuple[int, int]], Table],
        cutoffs: Iterable[Any],
        horizon_days: int,
        gap_days: int,
    ) -> pd.DataFrame:
        days = checked_days(self.config, cutoffs, horizon_days, gap_days)
        window = (gap_days, gap_days + horizon_days)
        table = _to_pandas(pa.concat_tables([told(one, days, window) for one in self._blocks]))
        return table.sort_values("cutoff", kind="stable", ignore_index=True)


def simulate_world(config: WorldConfig) -> World:
    """Simulate a world in memory; 20,000 customers over three years need about 1.2 GB.

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
    for block, tables, faults in simulate_blocks(config):
        for name, table in tables.items():
            parts[name].append(table)
        outcomes.append(block_outcomes(block))
        blocks.append(block)
        counts += faults
    frames = {name: _to_pandas(pa.concat_tables(parts.pop(name))) for name in HISTORY}
    return World(
        config, frames, _to_pandas(pa.concat_tables(outcomes)), fault_frame(counts), tuple(blocks)
    )


def _to_pandas(table: Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame
