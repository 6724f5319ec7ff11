"""The tables `customers` and `subscriptions`: contracts as versions, each with its own validity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from churnhealth.simulate import words as lists
from churnhealth.simulate.arrow import (
    NO_INSTANT,
    Table,
    dates,
    doubles,
    instants,
    integers,
    numbered,
    words,
)
from churnhealth.simulate.block import HOUR, Block
from churnhealth.simulate.days import NEVER, BoolArray, FloatArray, IntArray

CHOSEN = ("price", "low_use", "missing_feature", "competitor", "project_over")
UNCHOSEN = ("payment_failed", "bankruptcy")
NOT_CHURN = ("replaced", "lapsed")
REASONS = (*CHOSEN, *UNCHOSEN, *NOT_CHURN)
_REASON_SHARES = np.array(
    [
        [0.35, 0.02, 0.18, 0.25, 0.20],
        [0.30, 0.10, 0.20, 0.25, 0.15],
        [0.22, 0.28, 0.22, 0.20, 0.08],
        [0.16, 0.42, 0.20, 0.17, 0.05],
        [0.10, 0.60, 0.12, 0.14, 0.04],
    ]
)

# What a change of the contract does, in the order in which changes of one instant are applied.
_CLOSE, _OPEN, _CHANGE, _TELL = range(4)


def customers_table(block: Block) -> Table:
    """Return the table `customers` of a block."""
    people, language = block.people, block.config.language
    created = instants(block.clock.midnight(people.start))
    return pa.table(
        {
            "customer_id": block.customer_ids(np.arange(len(people))),
            "name": pa.array(
                [lists.company_name(int(one), language) for one in people.number], pa.string()
            ),
            "created_at": created,
            "industry": words(lists.INDUSTRIES[language], people.industry),
            "segment": words(lists.SIZES[language], people.size),
            "region": words(lists.REGIONS[language], people.region),
            "employees": integers(people.employees),
            "recorded_at": created,
        }
    )


@dataclass(frozen=True)
class _Versions:
    """Changes of contracts, sorted by customer, instant and kind; one array entry each."""

    row: IntArray
    day: IntArray
    instant: IntArray
    kind: IntArray

    def take(self, rows: IntArray) -> _Versions:
        return _Versions(self.row[rows], self.day[rows], self.instant[rows], self.kind[rows])


def subscriptions_table(block: Block) -> Table:
    """Return the table `subscriptions` of a block, all versions or only the newest ones."""
    told = _told(block)
    changes = _all_changes(block, told)
    opened = changes.kind == _OPEN
    number = _count_within(changes.row, opened)
    contract = changes.row * 1000 + number
    start = _last_seen(changes.day, opened)
    later = np.append(changes.instant[1:], NO_INSTANT)
    valid_to = np.where(np.append(contract[1:] == contract[:-1], False), later, NO_INSTANT)
    table = pa.table(
        {
            "subscription_id": numbered(block.labels("S", "-", changes.row), number, 2),
            "customer_id": block.customer_ids(changes.row),
            "start_date": dates(start),
            **_end_columns(block, changes, told),
            **_terms(block, changes),
            "recorded_at": instants(changes.instant),
            "valid_from": instants(changes.instant),
            "valid_to": instants(valid_to),
        }
    )
    return table if block.config.versions else _newest_only(table, valid_to, opened, changes.instant)


def end_reasons(block: Block) -> IntArray:
    """Draw the reason that each customer of a block gives at its end, as codes of `REASONS`."""
    rng = block.rng("contracts")
    told = block.latent.announced < NEVER
    day = np.where(told, block.latent.announced, block.people.start).astype(np.int64)
    level = block.level(np.arange(len(day)), day)
    limits = _REASON_SHARES.cumsum(axis=1)[level]
    chosen = np.minimum((rng.random(len(day))[:, None] > limits).sum(axis=1), len(CHOSEN) - 1)
    failed = len(CHOSEN) + (rng.random(len(day)) < 0.2)
    return np.where(block.latent.unchosen_day < NEVER - 1, failed, chosen)


def announcement_instants(block: Block) -> IntArray:
    """Return when ends by choice are announced: in office hours, never while no contract is in force."""
    announced = block.latent.announced
    known = announced < NEVER
    day = np.where(known, np.floor(announced), block.people.start).astype(np.int64)
    instant = block.clock.at(day, HOUR * (9.0 + 9.0 * np.where(known, announced % 1.0, 0.0)))
    begin, lapse = block.people.renewals, block.people.lapses
    inside = (begin <= day[:, None]) & (day[:, None] < begin + lapse)
    again = np.where(inside, begin + lapse, 0).max(axis=1)
    waits = block.clock.at(np.where(again > 0, again, day), np.full(len(day), 9 * HOUR))
    instant = np.where(again > 0, waits, instant)
    return np.where(known & (again < block.last), instant, NO_INSTANT)


@dataclass(frozen=True)
class _Told:
    """When each end is told, by choice and not; `NO_INSTANT` for never."""

    chosen: IntArray
    unchosen: IntArray


def _told(block: Block) -> _Told:
    failed = block.latent.unchosen_day
    happens = failed < NEVER - 1
    day = np.where(happens, failed, block.people.start)
    unchosen = np.where(happens, block.clock.at(day, np.full(len(day), 15 * HOUR)), NO_INSTANT)
    chosen = announcement_instants(block)
    return _Told(np.where(chosen < unchosen, chosen, NO_INSTANT), unchosen)


def _all_changes(block: Block, told: _Told) -> _Versions:
    row, day, kind = _dated_changes(block)
    instant = block.clock.midnight(day)
    tells = [np.flatnonzero(one != NO_INSTANT) for one in (told.chosen, told.unchosen)]
    told_at = [told.chosen[tells[0]], told.unchosen[tells[1]]]
    told_day = [
        np.floor(block.latent.announced[tells[0]]).astype(np.int64),
        block.latent.unchosen_day[tells[1]],
    ]
    row = np.concatenate([row, *tells])
    day = np.concatenate([day, *told_day])
    instant = np.concatenate([instant, *told_at])
    kind = np.concatenate([kind, np.full(len(row) - len(kind), _TELL)])
    return _Versions(row, day, instant, kind).take(np.lexsort((kind, instant, row)))


def _dated_changes(block: Block) -> tuple[IntArray, IntArray, IntArray]:
    """Return row, day and kind of all changes that begin at a local midnight."""
    people, latent = block.people, block.latent
    rows = np.arange(len(people))
    week, seat_row = np.nonzero(latent.seats[1:] != latent.seats[:-1])
    seat_day = people.week_start(0)[seat_row] + 7 * (week + 1)
    week, plan_row = np.nonzero(latent.plan[1:] != latent.plan[:-1])
    plan_day = people.week_start(0)[plan_row] + 7 * (week + 1)
    late_row, late_nth = np.nonzero(people.lapses > 0)
    lapse_day = people.renewals[late_row, late_nth]
    terms, prices = people.renewals.shape[1], people.price_days.shape[1]
    parts = [
        (rows, people.start, _OPEN),
        (plan_row, plan_day, _OPEN),
        (late_row, lapse_day + people.lapses[late_row, late_nth], _OPEN),
        (seat_row, seat_day, _CHANGE),
        (np.repeat(rows, terms), people.renewals.ravel(), _CHANGE),
        (np.repeat(rows, prices), people.price_days.ravel(), _CHANGE),
    ]
    row, day, kind = _once(parts, block)
    follows = (kind == _OPEN) & (day > people.start[row])
    plan_close = follows & ~_is_late_start(block, row, day)
    closed = (lapse_day < block.stop[late_row]) & (lapse_day > people.start[late_row])
    row = np.concatenate([row, row[plan_close], late_row[closed]])
    day = np.concatenate([day, day[plan_close], lapse_day[closed]])
    return row, day, np.concatenate([kind, np.full(len(row) - len(kind), _CLOSE)])


def _once(
    parts: list[tuple[IntArray, IntArray, int]], block: Block
) -> tuple[IntArray, IntArray, IntArray]:
    """Join changes in force; of several on one day the first kind is kept."""
    row = np.concatenate([one[0] for one in parts])
    day = np.concatenate([one[1] for one in parts])
    kind = np.concatenate([np.full(len(one[0]), one[2]) for one in parts])
    valid = block.in_force(row, day)
    row, day, kind = row[valid], day[valid], kind[valid]
    _, first = np.unique(row * (2 * NEVER) + day, return_index=True)
    return row[first], day[first], kind[first]


def _is_late_start(block: Block, row: IntArray, day: IntArray) -> BoolArray:
    people = block.people
    late = (people.renewals + people.lapses)[row] == day[:, None]
    result: BoolArray = (late & (people.lapses[row] > 0)).any(axis=1)
    return result


def _end_columns(block: Block, changes: _Versions, told: _Told) -> dict[str, object]:
    row, instant = changes.row, changes.instant
    closed = changes.kind == _CLOSE
    chosen, unchosen = instant >= told.chosen[row], instant >= told.unchosen[row]
    end = np.where(chosen, block.latent.chosen_end[row], NEVER)
    end = np.where(unchosen, block.latent.unchosen_day[row] + 1, end)
    at = np.where(unchosen, told.unchosen[row], np.where(chosen, told.chosen[row], NO_INSTANT))
    reason = np.where(chosen | unchosen, end_reasons(block)[row], -1)
    # A contract told to end by choice and only then failed keeps the choice until it fails.
    by_choice = chosen & ~unchosen & (reason >= len(CHOSEN))
    reason = np.where(by_choice, CHOSEN.index("low_use"), reason)
    lapsed = closed & (block.people.renewals[row] == changes.day[:, None]).any(axis=1)
    reason = np.where(closed, REASONS.index("replaced") + lapsed, reason)
    return {
        "end_date": dates(np.where(closed, changes.day, end)),
        "end_announced_at": instants(np.where(closed, instant, at)),
        "end_reason": words(REASONS, reason),
    }


def _terms(block: Block, changes: _Versions) -> dict[str, object]:
    """Return what is agreed: of the version itself, or of the one before where it only ends."""
    people, language = block.people, block.config.language
    agreed = (changes.kind == _OPEN) | (changes.kind == _CHANGE)
    row, day = changes.row, _last_seen(changes.day, agreed)
    week = (day - people.origin - people.offset[row]) // 7
    seats, plan = block.latent.seats[week, row], block.latent.plan[week, row]
    ahead = np.where(people.renewals[row] > day[:, None], people.renewals[row], NEVER).min(axis=1)
    count = len(row)
    return {
        "renewal_date": dates(ahead),
        "term_months": integers(people.term[row]),
        "notice_days": integers(people.notice[row]),
        "plan": words(lists.PLANS[language], plan),
        "mrr": doubles(_mrr(block, row, day, seats * np.array(_prices(block))[plan])),
        "currency": words([block.config.currency], np.zeros(count, dtype=np.int64)),
        "seats": integers(seats),
    }


def _prices(block: Block) -> tuple[float, ...]:
    return lists.SEAT_PRICES[block.config.currency]


def _mrr(block: Block, row: IntArray, day: IntArray, listed: FloatArray) -> FloatArray:
    raised = listed.copy()
    for column, (_, share) in enumerate(block.config.price_increases):
        raised *= np.where(day >= block.people.price_days[row, column], 1.0 + share, 1.0)
    return np.round(raised, 0 if block.config.currency == "JPY" else 2)


def _count_within(row: IntArray, counted: BoolArray) -> IntArray:
    """Count, within each customer, how many entries so far are counted."""
    total = np.cumsum(counted)
    first = np.flatnonzero(np.append(True, row[1:] != row[:-1]))
    before: IntArray = (total - counted)[first]
    return np.asarray(total - np.repeat(before, np.diff(np.append(first, len(row)))))


def _last_seen(values: IntArray, seen: BoolArray) -> IntArray:
    """Return the newest value so far that was seen; the first entry of a customer always is."""
    place = np.maximum.accumulate(np.where(seen, np.arange(len(values)), 0))
    return values[place]


def _newest_only(table: Table, valid_to: IntArray, opened: BoolArray, instant: IntArray) -> Table:
    first = instants(_last_seen(instant, opened))
    place = table.schema.get_field_index("recorded_at")
    newest = table.set_column(place, "recorded_at", first).filter(pa.array(valid_to == NO_INSTANT))
    return newest.drop_columns(["valid_from", "valid_to"])
