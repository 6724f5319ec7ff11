"""All tables of a block, its outcomes and its truth: what memory and files have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnhealth.errors import ConfigError, LeakageError
from churnhealth.simulate.arrow import INSTANT, NO_INSTANT, Table, booleans, dates, instants, words
from churnhealth.simulate.block import Block, draw_block, world_clock
from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.contact import actions_table, touches_table
from churnhealth.simulate.contracts import (
    REASONS,
    announcement_instants,
    customers_table,
    end_reasons,
    subscriptions_table,
)
from churnhealth.simulate.days import NEVER, FloatArray, IntArray, cutoff_days, day_number
from churnhealth.simulate.effects import DRIVERS, driver_effects
from churnhealth.simulate.faults import Faults, add_faults
from churnhealth.simulate.population import MAX_TRUTH_DAYS
from churnhealth.simulate.support import milestones_table, surveys_table, tickets_table
from churnhealth.simulate.truth import churn_probability
from churnhealth.simulate.usage import recorder, usage_table


def simulate_blocks(config: WorldConfig) -> Iterator[tuple[Block, dict[str, Table], Faults]]:
    """Draw block after block; give each with its tables and the faulty rows added to them."""
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


def block_truth(block: Block, days: list[int], window: tuple[int, int]) -> Table:
    """Return customer_id, cutoff and churn_probability of a block, cutoff after cutoff.

    Parameters
    ----------
    block : Block
        The customers.
    days : list of int
        Day numbers of the cutoffs.
    window : (int, int)
        Days after the cutoff, as in `truth.churn_probability`.
    """

    def told(day: int) -> tuple[IntArray, dict[str, FloatArray]]:
        row, value = churn_probability(block.people, block.latent, block.config, day, window)
        return row, {"churn_probability": value}

    return _at_cutoffs(block, days, ("churn_probability",), told)


def block_effects(block: Block, days: list[int], window: tuple[int, int]) -> Table:
    """Return customer_id, cutoff and `effects.DRIVERS` of a block, for the rows of `block_truth`."""

    def told(day: int) -> tuple[IntArray, dict[str, FloatArray]]:
        return driver_effects(block.people, block.latent, block.config, day, window)

    return _at_cutoffs(block, days, DRIVERS, told)


def _at_cutoffs(
    block: Block,
    days: list[int],
    names: tuple[str, ...],
    told: Callable[[int], tuple[IntArray, dict[str, FloatArray]]],
) -> Table:
    rows, cutoffs = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    values = {name: [np.empty(0)] for name in names}
    for day in days:
        row, found = told(day)
        rows.append(row)
        cutoffs.append(np.full(len(row), block.clock.midnight(np.array([day]))[0]))
        for name in names:
            values[name].append(found[name])
    return pa.table(
        {
            "customer_id": block.customer_ids(np.concatenate(rows)),
            "cutoff": instants(np.concatenate(cutoffs)),
            **{name: pa.array(np.concatenate(parts)) for name, parts in values.items()},
        }
    )


def block_outcomes(block: Block) -> Table:
    """Return how each customer of a block ended, as far as the data know."""
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


def checked_days(
    config: WorldConfig, cutoffs: Iterable[Any], horizon_days: int, gap_days: int
) -> list[int]:
    """Return the day numbers of cutoffs, or raise where the question has no answer."""
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


def fault_frame(counts: Faults) -> pd.DataFrame:
    """Return the faulty rows added as table, fault, rows."""
    rows = [(table, fault, count) for (table, fault), count in sorted(counts.items())]
    return pd.DataFrame(rows, columns=["table", "fault", "rows"])
