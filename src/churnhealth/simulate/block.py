"""One block of customers, drawn, with what all of its tables need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnhealth.simulate.arrow import NO_INSTANT, Column, words
from churnhealth.simulate.config import WorldConfig
from churnhealth.simulate.days import SECOND, BoolArray, FloatArray, IntArray, LocalTime, day_number
from churnhealth.simulate.latent import Latent, draw_latent
from churnhealth.simulate.population import Population, draw_population
from churnhealth.simulate.streams import stream

HOUR = 3600.0


@dataclass(frozen=True)
class Block:
    """Customers of one random stream.

    Attributes
    ----------
    number : int
        Number of the block.
    config : WorldConfig
        The world.
    people, latent : Population, Latent
        What never changes, and what happened week by week.
    clock : LocalTime
        Local time of the world.
    last : int
        First day after the data.
    """

    number: int
    config: WorldConfig
    people: Population
    latent: Latent
    clock: LocalTime
    last: int

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the block's generator for a purpose."""
        return stream(self.config.seed, self.number, purpose)

    @property
    def stop(self) -> IntArray:
        """Return the first day without a contract, or after the data."""
        return np.asarray(np.minimum(self.latent.end, self.last))

    def in_force(self, row: IntArray, day: IntArray) -> BoolArray:
        """Tell for rows and days whether a contract is in force and the data reach that far."""
        inside = np.asarray((self.people.start[row] <= day) & (day < self.stop[row]))
        late = np.flatnonzero(np.asarray(self.people.lapses.any(axis=1))[row])
        begin, lapse = self.people.renewals[row[late]], self.people.lapses[row[late]]
        when = day[late][:, None]
        inside[late] = inside[late] & ~((begin <= when) & (when < begin + lapse)).any(axis=1)
        return inside

    def customer_ids(self, row: IntArray) -> Column:
        """Return the customer_id of rows."""
        return self.labels("C", "", row)

    def labels(self, before: str, after: str, row: IntArray) -> Column:
        """Return the customers' seven-digit numbers of rows between two texts."""
        return words([f"{before}{number:07d}{after}" for number in self.people.number.tolist()], row)

    def level(self, row: IntArray, day: IntArray) -> IntArray:
        """Return the latent level of rows on days with a contract."""
        week = (day - self.people.origin - self.people.offset[row]) // 7
        return np.asarray(self.latent.level[week, row].astype(np.int64))

    def office_time(self, day: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw instants between 8:00 and 19:00 local time, most of them in the middle."""
        spread = rng.random((2, len(day))).mean(axis=0)
        return self.clock.at(day, HOUR * (8.0 + 11.0 * spread))

    def after(self, instant: IntArray, days: FloatArray, happens: BoolArray) -> IntArray:
        """Return instants some days later; `NO_INSTANT` where it does not happen within the data."""
        later = instant + (days * 86_400.0).astype(np.int64) * SECOND
        end = self.clock.midnight(np.array([self.last]))[0]
        return np.where(happens & (instant != NO_INSTANT) & (later < end), later, NO_INSTANT)


def draw_block(config: WorldConfig, number: int, clock: LocalTime) -> Block:
    """Draw the customers of a block and let their weeks pass."""
    people = draw_population(config, number)
    latent = draw_latent(people, config, number)
    return Block(number, config, people, latent, clock, day_number(config.end))


def world_clock(config: WorldConfig) -> LocalTime:
    """Return the local time of a world."""
    return LocalTime(config.timezone, day_number(config.start), day_number(config.end))
