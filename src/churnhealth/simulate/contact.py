"""The tables `touches` and `actions`: the vendor's people, and what was tried to keep customers.

Outbound contact comes from the latent weeks, because it changes the hazard. Inbound contact, events
and the mail about a price rise do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from churnhealth.simulate import hazard
from churnhealth.simulate.arrow import Table, booleans, instants, numbered, words
from churnhealth.simulate.block import HOUR, Block
from churnhealth.simulate.days import IntArray
from churnhealth.simulate.latent import CONTROL, NOT_CONSIDERED

CHANNELS = ("mail", "phone", "meeting", "chat", "seminar", "event", "community")
TOPICS = ("check-in", "question", "programme", "price change")
ROLES = ("user", "key_person", "management")
INBOUND_BY_LEVEL = np.array([0.10, 0.08, 0.08, 0.11, 0.05])  # a week
PROGRAMME_BY_LEVEL = np.array([0.09, 0.05, 0.03, 0.015, 0.004])  # a week
_MANAGEMENT = np.array([0.25, 0.20, 0.14, 0.09, 0.05])
_KINDS = {
    "outbound": (0, (1, 2, 0), (0.45, 0.40, 0.15)),
    "inbound": (1, (0, 3, 1), (0.5, 0.3, 0.2)),
    "programme": (2, (4, 5, 6), (0.4, 0.3, 0.3)),
    "price": (3, (0,), (1.0,)),
}


@dataclass(frozen=True)
class _Contacts:
    """Contacts of one kind: row and day, channel, and whether the vendor began."""

    row: IntArray
    day: IntArray
    channel: IntArray
    topic: int
    outbound: bool


def touches_table(block: Block, recorded: Callable[[IntArray], IntArray]) -> Table:
    """Return the table `touches` of a block, one row per participant."""
    rng = block.rng("touches")
    parts = [_kind(block, name, rng) for name in _KINDS]
    row = np.concatenate([one.row for one in parts])
    day = np.concatenate([one.day for one in parts])
    channel = np.concatenate([one.channel for one in parts])
    topic = np.concatenate([np.full(len(one.row), one.topic) for one in parts])
    inbound = np.concatenate([np.full(len(one.row), not one.outbound) for one in parts])
    occurred = block.office_time(day, rng)
    inserted = recorded(occurred)
    people = np.where(CHANNELS.index("meeting") == channel, rng.integers(1, 4, len(row)), 1)
    touch = np.repeat(np.argsort(np.argsort(occurred, kind="stable"), kind="stable"), people)
    spread = np.argsort(touch, kind="stable")
    touch, source = touch[spread], np.repeat(np.arange(len(row)), people)[spread]
    place = np.arange(len(touch)) - np.searchsorted(touch, touch)
    row = row[source]
    management = rng.random(len(row)) < _MANAGEMENT[block.level(row, day[source])]
    role = np.where(management, 2, rng.random(len(row)) < 0.5)
    person = 3 * role + place
    return pa.table(
        {
            "touch_id": numbered(f"K{block.number:04d}-", touch),
            "customer_id": block.customer_ids(row),
            "occurred_at": instants(occurred[source]),
            "channel": words(CHANNELS, channel[source]),
            "direction": words(("outbound", "inbound"), inbound[source].astype(np.int64)),
            "participant_id": numbered(block.labels("C", "-P", row), person, 1),
            "participant_role": words(ROLES, role),
            "topic": words(TOPICS, topic[source]),
            "recorded_at": instants(inserted[source]),
        }
    )


def actions_table(block: Block, recorded: Callable[[IntArray], IntArray]) -> Table:
    """Return the table `actions`: randomised retention actions and their controls."""
    week, row = np.nonzero(block.latent.offer != NOT_CONSIDERED)
    day = block.people.week_start(0)[row] + 7 * week
    offer = block.latent.offer[week, row]
    kept = block.in_force(row, day)
    row, day, offer = row[kept], day[kept], offer[kept]
    occurred = block.clock.at(day, np.full(len(day), 10 * HOUR))
    order = np.lexsort((row, occurred))
    row, occurred, offer = row[order], occurred[order], offer[order]
    return pa.table(
        {
            "action_id": numbered(f"A{block.number:04d}-", np.arange(len(row))),
            "customer_id": block.customer_ids(row),
            "occurred_at": instants(occurred),
            "action": words(["success_workshop"], np.zeros(len(row), dtype=np.int64)),
            "control": booleans(offer == CONTROL),
            "recorded_at": instants(recorded(occurred)),
        }
    )


def _kind(block: Block, name: str, rng: np.random.Generator) -> _Contacts:
    topic, channels, shares = _KINDS[name]
    row, day = _contact_days(block, name, rng)
    kept = block.in_force(row, day)
    row, day = row[kept], day[kept]
    channel = np.array(channels)[rng.choice(len(channels), len(row), p=shares)]
    return _Contacts(row, day, channel, topic, name in {"outbound", "price"})


def _contact_days(block: Block, name: str, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    people = block.people
    if name == "outbound":
        week, row = np.nonzero(block.latent.contact)
        return row, people.week_start(0)[row] + 7 * week
    if name == "price":
        row = np.repeat(np.arange(len(people)), people.price_days.shape[1])
        return row, people.price_days.ravel() - hazard.PRICE_TOLD_DAYS
    rate = INBOUND_BY_LEVEL if name == "inbound" else PROGRAMME_BY_LEVEL
    return weekly_days(block, rate[block.latent.level], rng)


def weekly_days(
    block: Block, mean: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw events on working days, with a mean per week and customer; return rows and days.

    Events before the start or after the end of a contract are among them: `Block.in_force` tells.
    """
    count = rng.poisson(mean)
    week, row = np.nonzero(count)
    times = count[week, row]
    week, row = np.repeat(week, times), np.repeat(row, times)
    place = (rng.integers(0, 5, len(row)) - block.people.offset[row]) % 7
    return row, block.people.week_start(0)[row] + 7 * week + place
