"""The table `usage_events`: office days, seats in use, features, written from the latent level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from churnhealth.simulate.arrow import INSTANT, Table, integers, words
from churnhealth.simulate.block import Block
from churnhealth.simulate.days import SECOND, FloatArray, IntArray
from churnhealth.simulate.words import FEATURES

USE_BY_LEVEL = np.array([1.45, 1.0, 0.68, 0.38, 0.14])
SEATS_USED = np.array([0.85, 0.65, 0.45, 0.28, 0.12])
BREADTH = np.array([12, 9, 7, 5, 3])
QUANTITY = np.array([6.0, 4.0, 3.0, 2.2, 1.5])
AFTER_ANNOUNCEMENT = 0.6
RAMP_WEEKS = 8
# Monday to Sunday, shares of a week's events.
WEEKDAYS = np.array([0.21, 0.20, 0.20, 0.19, 0.16, 0.025, 0.015])
_MEDIAN_SEATS = 12.0
_MEAN_FACTOR = 0.95  # brings the mean over customers and weeks near the configured one
MAX_LAG_SECONDS = 600


def usage_table(block: Block, recorded: Callable[[IntArray], IntArray]) -> Table:
    """Return the table `usage_events` of a block.

    Parameters
    ----------
    block : Block
        The customers.
    recorded : callable
        Gives the instant of recording for instants of events.
    """
    rng = block.rng("usage")
    week, row = _draw_weeks(block, rng)
    day = _draw_days(block, week, row, rng)
    kept = block.in_force(row, day) & (rng.random(len(day)) < holiday_factor(day))
    week, row, day = week[kept], row[kept], day[kept]
    occurred = block.office_time(day, rng)
    order = np.argsort(occurred, kind="stable")
    week, row, occurred = week[order], row[order], occurred[order]
    level = block.latent.level[week, row]
    user = _draw_users(block, week, row, level, rng)
    feature = (BREADTH[level] * rng.random(len(row)) ** 2).astype(np.int64)
    quantity = 1 + (rng.standard_exponential(len(row)) * (QUANTITY[level] - 1)).astype(np.int64)
    return pa.table(
        {
            "customer_id": block.customer_ids(row),
            "user_id": user,
            "occurred_at": pa.array(occurred).cast(INSTANT),
            "feature": words(FEATURES, feature),
            "quantity": integers(quantity),
            "recorded_at": pa.array(recorded(occurred)).cast(INSTANT),
        }
    )


def holiday_factor(day: IntArray) -> FloatArray:
    """Return the share of events left on each day: few around New Year, half in mid-August."""
    return _HOLIDAYS[_day_of_year(day)]


def _day_of_year(day: IntArray) -> IntArray:
    date = day.astype("datetime64[D]")
    return np.asarray((date - date.astype("datetime64[Y]")).astype(np.int64))


def _holidays() -> FloatArray:
    share = np.ones(366)
    share[:3] = share[362:] = 0.15
    share[222:228] = 0.5
    return share


_HOLIDAYS = _holidays()


def _draw_weeks(block: Block, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Draw how many events each customer has in each week; one entry per event."""
    people, latent = block.people, block.latent
    weeks = np.arange(len(latent.level))[:, None]
    begin = people.week_start(0) + 7 * weeks
    age = np.clip((begin + 7 - people.start) / (7.0 * RAMP_WEEKS), 0.15, 1.0)
    size = np.sqrt(latent.seats / _MEDIAN_SEATS) * people.activity
    mean = block.config.usage_events_per_week * _MEAN_FACTOR * USE_BY_LEVEL[latent.level] * size * age
    mean *= np.where(begin > latent.announced, AFTER_ANNOUNCEMENT, 1.0)
    mean *= (begin + 7 > people.start) & (begin < block.stop)
    noise = rng.standard_gamma(4.0, mean.shape) / 4.0
    count = rng.poisson(mean * noise)
    week, row = np.nonzero(count)
    times = count[week, row]
    return np.repeat(week, times), np.repeat(row, times)


def _draw_days(block: Block, week: IntArray, row: IntArray, rng: np.random.Generator) -> IntArray:
    of_week = np.minimum(np.searchsorted(WEEKDAYS.cumsum(), rng.random(len(row))), 6)
    place = (of_week - block.people.offset[row]) % 7
    return np.asarray(block.people.origin + block.people.offset[row] + 7 * week + place)


def _draw_users(
    block: Block, week: IntArray, row: IntArray, level: npt.NDArray[np.int8], rng: np.random.Generator
) -> object:
    """Draw who did it: among the seats in use, the first users the most."""
    most = block.latent.seats.max(axis=0).astype(np.int64)
    used = np.ceil(block.latent.seats[week, row] * SEATS_USED[level])
    user = np.minimum(used * rng.random(len(row)) ** 1.7, used - 1).astype(np.int64)
    first = np.cumsum(most) - most
    return words(user_names(block, most), first[row] + user)


def user_names(block: Block, most: IntArray) -> list[str]:
    """Return the user_id of every seat of a block, customer after customer."""
    return [
        f"C{number:07d}-U{user:03d}"
        for number, count in zip(block.people.number.tolist(), most.tolist(), strict=True)
        for user in range(1, count + 1)
    ]


def recorder(block: Block) -> Callable[[IntArray], IntArray]:
    """Return what tells when an event is recorded: within ten minutes, or days later for a late share.

    The returned function draws from the block's stream "late": mean delay of late rows 6 days, at
    most 60.
    """
    rng = block.rng("late")

    def recorded(occurred: IntArray) -> IntArray:
        lag = rng.random(len(occurred)) * MAX_LAG_SECONDS
        if block.config.late_share > 0:
            late = rng.random(len(occurred)) < block.config.late_share
            days = np.minimum(rng.standard_exponential(len(occurred)) * 6.0, 60.0)
            lag = lag + late * days * 86_400.0
        return occurred + (lag * SECOND).astype(np.int64)

    return recorded
