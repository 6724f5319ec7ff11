"""Faulty rows added on purpose, and their count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from churnhealth.domain.history import HISTORY
from churnhealth.simulate.arrow import INSTANT, Table, numbered
from churnhealth.simulate.block import Block
from churnhealth.simulate.days import DAY, IntArray

DAYS_AHEAD = 400
_OWN_ID = {
    "subscriptions": "subscription_id",
    "touches": "touch_id",
    "tickets": "ticket_id",
    "surveys": "survey_id",
    "milestones": "milestone",
    "actions": "action_id",
}
_WITHOUT_EVENTS = ("customers", "subscriptions")

Faults = Counter[tuple[str, str]]


def add_faults(block: Block, tables: Mapping[str, Table]) -> tuple[dict[str, Table], Faults]:
    """Add the configured shares of faulty rows to the tables of a block.

    Returns
    -------
    tables : dict
        The clean rows first, then the faulty ones.
    faults : Counter
        Rows added, by (table, fault); the faults are the field names of `Dirty`.
    """
    rng, counts = block.rng("dirty"), Faults()
    result = {}
    for name, table in tables.items():
        parts = [table]
        for fault, spoil in _SPOILERS.items():
            share = getattr(block.config.dirty, fault)
            rows = rng.choice(len(table), int(share * len(table)), replace=False)
            if len(rows) and _applies(fault, name):
                parts.append(spoil(block, name, table.take(rows)))
                counts[name, fault] += len(rows)
        result[name] = pa.concat_tables(parts)
    return result, counts


def _applies(fault: str, name: str) -> bool:
    if fault == "orphans":
        return name != "customers"
    if fault == "bad_dates":
        return name not in _WITHOUT_EVENTS
    if fault == "unknown_words":
        return any(column.allowed for column in HISTORY[name].columns)
    return fault == "duplicates" or name == "usage_events"


def _duplicate(block: Block, name: str, rows: Table) -> Table:
    return rows


def _orphan(block: Block, name: str, rows: Table) -> Table:
    strangers = numbered(f"X{block.number:04d}-", np.arange(len(rows)))
    return _renamed(block, name, "o", _put(rows, "customer_id", strangers))


def _bad_date(block: Block, name: str, rows: Table) -> Table:
    begin, end = block.clock.midnight(np.array([block.people.start.min(), block.last]))
    event = HISTORY[name].event_time
    moved = _microseconds(rows, event.name if event else "") + (end - begin) + DAYS_AHEAD * DAY
    return _renamed(
        block, name, "d", _put(rows, event.name if event else "", pa.array(moved).cast(INSTANT))
    )


def _unknown_word(block: Block, name: str, rows: Table) -> Table:
    column = next(one.name for one in HISTORY[name].columns if one.allowed)
    return _renamed(block, name, "w", _put(rows, column, pa.array(["???"] * len(rows))))


def _outside(block: Block, name: str, rows: Table) -> Table:
    number = np.array([int(one[1:]) for one in rows["customer_id"].to_pylist()]) - block.people.number[0]
    begin = block.clock.midnight(block.people.start[number])
    before = DAY + _microseconds(rows, "occurred_at") % (59 * DAY)
    moved = pa.array(begin - before).cast(INSTANT)
    return _put(_put(rows, "occurred_at", moved), "recorded_at", moved)


_SPOILERS: dict[str, Callable[[Block, str, Table], Table]] = {
    "duplicates": _duplicate,
    "orphans": _orphan,
    "bad_dates": _bad_date,
    "unknown_words": _unknown_word,
    "outside_contract": _outside,
}


def _renamed(block: Block, name: str, letter: str, rows: Table) -> Table:
    """Give rows keys of their own, so that they are not duplicates as well."""
    if name not in _OWN_ID:
        return rows
    return _put(rows, _OWN_ID[name], numbered(f"{letter}{block.number:04d}-", np.arange(len(rows))))


def _put(rows: Table, column: str, values: object) -> Table:
    return rows.set_column(rows.schema.get_field_index(column), column, values)


def _microseconds(rows: Table, column: str) -> IntArray:
    return np.asarray(rows[column].cast(pa.int64()).to_numpy())
