"""The weeks of every customer: latent state, contact, actions, tickets, contract changes, the end.

What is drawn here decides who churns; the tables are written from it with noise of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnhealth.simulate import hazard
from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.days import NEVER, BoolArray, FloatArray, IntArray, day_number, first_end
from churnhealth.simulate.population import Population, week_count
from churnhealth.simulate.streams import stream

SmallArray = npt.NDArray[np.int8]

NOT_CONSIDERED, TREATED, CONTROL = 0, 1, 2
_FIRST_LEVEL = np.array(
    [[0.25, 0.55, 0.15, 0.05, 0.0], [0.1, 0.5, 0.3, 0.1, 0.0], [0.0, 0.15, 0.4, 0.35, 0.1]]
)
_SEATS_UP = np.array([0.012, 0.005, 0.002, 0.0005, 0.0])
_SEATS_DOWN = np.array([0.0, 0.001, 0.003, 0.007, 0.010])
_PLAN_UP = np.array([0.003, 0.001, 0.0, 0.0, 0.0])
_PLAN_DOWN = np.array([0.0, 0.0, 0.0005, 0.002, 0.002])


@dataclass(frozen=True)
class Latent:
    """What happened to the customers of a block, week by week.

    Attributes
    ----------
    level : array of int8, shape (weeks, customers)
        Latent level, 0 (thriving) to 4 (leaving); -1 before the start.
    touched, acted : array of bool, shape (weeks, customers)
        Does a contact, or a retention action, still work in the week?
    contact : array of bool, shape (weeks, customers)
        Is there an outbound contact on the first day of the week?
    offer : array of int8, shape (weeks, customers)
        `NOT_CONSIDERED`, `TREATED` or `CONTROL` in a campaign of the week.
    seats, plan : arrays of int, shape (weeks, customers)
        Contract during the week.
    ticket_row, ticket_day : arrays of int, shape (tickets,)
        Customer (row in the block) and day of each ticket, before the end of the contract is applied.
    ticket_week : array of int, shape (tickets,)
        Its week.
    announced : array of float, shape (customers,)
        Day and part of the day at which the end was announced by choice; `NEVER` if not in the data.
    chosen_end : array of int, shape (customers,)
        End that follows from it.
    unchosen_day : array of int, shape (customers,)
        Day of an involuntary end; `NEVER` if none before the chosen end.
    end : array of int, shape (customers,)
        First day without a contract for good, `NEVER` if the data do not know one.
    """

    level: SmallArray
    touched: BoolArray
    acted: BoolArray
    contact: BoolArray
    offer: SmallArray
    seats: npt.NDArray[np.int32]
    plan: SmallArray
    ticket_row: IntArray
    ticket_day: IntArray
    ticket_week: IntArray
    announced: FloatArray
    chosen_end: IntArray
    unchosen_day: IntArray
    end: IntArray


class _Walk:
    """The customers' present week, and the record of the weeks before."""

    def __init__(self, people: Population, config: WorldConfig, rng: np.random.Generator) -> None:
        weeks, count = week_count(config), len(people)
        self.people, self.config, self.rng = people, config, rng
        self.cumulative = hazard.transitions().cumsum(axis=2)
        self.rates = hazard.ticket_rate(people.size)
        self.rows = np.arange(count)
        shape = (weeks, count)
        self.level = np.full(shape, -1, dtype=np.int8)
        self.touched, self.acted, self.contact = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
        self.offer = np.zeros(shape, dtype=np.int8)
        self.tickets = np.zeros(shape, dtype=np.uint8)
        self.seats = np.broadcast_to(people.seats.astype(np.int32), shape).copy()
        self.plan = np.broadcast_to(people.plan.astype(np.int8), shape).copy()
        self.threshold = rng.standard_exponential(count)
        self.spent = np.zeros(count)
        self.announced = np.full(count, float(NEVER))

    def step(self, week: int) -> None:
        """Let one week pass."""
        begin = self.people.week_start(week)
        started = begin + 7 > self.people.start
        whole = begin >= self.people.start
        self._move(week, started)
        self._contact(week, whole)
        self._campaign(week, whole & (self.announced >= NEVER))
        self._change_contract(week, whole & (self.announced >= NEVER))
        self._announce(week, begin)
        rate = self.rates[self.rows, self.level[week]]
        self.tickets[week] = np.where(whole, self.rng.poisson(rate), 0)

    def _move(self, week: int, started: BoolArray) -> None:
        before = self.level[week - 1] if week else np.full(len(self.rows), -1, dtype=np.int8)
        begins = before < 0
        first = _FIRST_LEVEL.cumsum(axis=1)[self.people.fit]
        later = self.cumulative[self.people.fit, before]
        limits = np.where(begins[:, None], first, later)
        drawn = (self.rng.random(len(self.rows))[:, None] > limits).sum(axis=1)
        self.level[week] = np.where(started, np.minimum(drawn, hazard.LEVELS - 1), -1)

    def _contact(self, week: int, whole: BoolArray) -> None:
        base = hazard.contact_base(self.people, week)
        if self.config.contact_drivers_observed:
            ticket = self.tickets[week - 1] > 0 if week else np.zeros(len(base), dtype=np.bool_)
            chance = hazard.contact_chance_after(base, ticket.astype(np.float64))
        else:
            chance = hazard.contact_chance_by_level(base)[self.rows, self.level[week]]
        happens = whole & (self.rng.random(len(base)) < chance)
        stays = self.rng.random(len(base)) < hazard.CONTACT_STAYS
        self.contact[week] = happens
        self.touched[week] = happens | (stays & self.touched[week - 1] if week else False)

    def _campaign(self, week: int, open_to_it: BoolArray) -> None:
        if hazard.is_campaign(week):
            chance = self.config.action_share * hazard.CONSIDERED[self.level[week]]
            considered = open_to_it & (self.rng.random(len(chance)) < chance)
            coin = self.rng.random(len(chance)) < 0.5
            offer = np.where(coin, TREATED, CONTROL)
            self.offer[week] = np.where(considered, offer, NOT_CONSIDERED)
            self.acted[week] = self.offer[week] == TREATED
        elif week and not hazard.campaign_is_over(week):
            self.acted[week] = self.acted[week - 1]

    def _change_contract(self, week: int, free: BoolArray) -> None:
        if not week:
            return
        level, uniform = self.level[week], self.rng.random((3, len(self.rows)))
        up = free & (uniform[0] < _SEATS_UP[level])
        down = free & ~up & (uniform[0] > 1.0 - _SEATS_DOWN[level])
        factor = np.where(up, 1.1 + 0.3 * uniform[1], np.where(down, 0.9 - 0.3 * uniform[1], 1.0))
        seats = np.rint(self.seats[week - 1] * factor) + up
        self.seats[week] = np.maximum(seats, 2)
        higher = free & (uniform[2] < _PLAN_UP[level])
        lower = free & (uniform[2] > 1.0 - _PLAN_DOWN[level])
        self.plan[week] = np.clip(self.plan[week - 1] + higher - lower, 0, 2)

    def _announce(self, week: int, begin: IntArray) -> None:
        first = np.maximum(begin, self.people.start)
        days = np.clip(begin + 7 - first, 0, 7)
        eta = hazard.base_log_intensity(self.people, self.config, week)
        state = (self.level[week], self.touched[week].astype(int), self.acted[week].astype(int))
        intensity = np.exp(eta) * hazard.state_factor(self.config, week)[state]
        reached = self.spent + days * intensity
        now = (reached >= self.threshold) & (self.spent < self.threshold)
        moment = first + (self.threshold - self.spent) / intensity
        self.announced = np.where(now, moment, self.announced)
        self.spent = reached


def draw_latent(people: Population, config: WorldConfig, block: int) -> Latent:
    """Let the weeks of a block pass, from before its first start to the end of the data."""
    rng = stream(config.seed, block, "latent")
    walk = _Walk(people, config, rng)
    for week in range(len(walk.level)):
        walk.step(week)
    last = day_number(config.end)
    announced = np.where(walk.announced < last, walk.announced, float(NEVER))
    chosen, unchosen = _ends(people, announced, last, rng)
    row, day, of_week = _ticket_days(people, walk.tickets, rng)
    return Latent(
        level=walk.level,
        touched=walk.touched,
        acted=walk.acted,
        contact=walk.contact,
        offer=walk.offer,
        seats=walk.seats,
        plan=walk.plan,
        ticket_row=row,
        ticket_day=day,
        ticket_week=of_week,
        announced=announced,
        chosen_end=chosen,
        unchosen_day=unchosen,
        end=np.minimum(chosen, unchosen + 1),
    )


def _ends(
    people: Population, announced: FloatArray, last: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    day = np.where(announced < NEVER, np.floor(announced), 0).astype(np.int64)
    end = first_end(people.start, people.term, day + people.notice)
    chosen = np.where(announced < NEVER, end, NEVER)
    waiting = rng.standard_exponential(len(people)) / np.maximum(people.involuntary, 1e-12)
    failed = people.start + np.floor(waiting).astype(np.int64)
    unchosen = np.where((failed < last) & (failed + 1 < chosen), failed, NEVER - 1)
    return chosen, unchosen


def _ticket_days(
    people: Population, tickets: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    """Give every ticket a day of its customer week, by the shares of the weekdays."""
    week, row = np.nonzero(tickets)
    times = tickets[week, row]
    week, row = np.repeat(week, times), np.repeat(row, times)
    of_week = np.searchsorted(hazard.TICKET_WEEKDAYS.cumsum(), rng.random(len(row)))
    place = (np.minimum(of_week, 6) - people.offset[row]) % 7
    return row, people.origin + people.offset[row] + 7 * week + place, week
