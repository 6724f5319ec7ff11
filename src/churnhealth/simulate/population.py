"""The customers: what never changes about each of them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from churnhealth.simulate.config import BLOCK, WorldConfig
from churnhealth.simulate.days import (
    LONG_AGO,
    BoolArray,
    FloatArray,
    IntArray,
    anniversary,
    day_number,
    first_end,
    weekday,
)
from churnhealth.simulate.streams import stream

SIZES = ("small", "mid", "large")
MAX_TRUTH_DAYS = 1095  # how far after the data a truth may look
FRAILTY_SD = 0.35
_SIZE_SHARES = (0.5, 0.35, 0.15)
_MEDIAN_SEATS = np.array([5.0, 18.0, 70.0])
_FAILED_ONBOARDING = np.array([0.28, 0.20, 0.14])
_STRONG_FIT = 0.35
_INVOLUNTARY_A_DAY = np.array([1.6e-4, 6e-5, 0.0])
_PLAN_SHARES = np.array([[0.75, 0.23, 0.02], [0.25, 0.60, 0.15], [0.05, 0.35, 0.60]])


@dataclass(frozen=True)
class Population:
    """Customers of one block, one array entry each (days are day numbers).

    Attributes
    ----------
    origin : int
        Monday before the data begin; week k of a customer begins at `origin + offset + 7 k`.
    number : array of int
        Number of the customer in the world.
    start : array of int
        First day of the first contract.
    offset : array of int
        Weekday on which the customer's weeks begin, 0 (Monday) to 4 (Friday).
    term, notice : array of int
        Months of a term; days of notice, at least 1 (the end follows the announcement).
    size, plan, fit, industry, region : array of int
        Classes; fit is 0 strong, 1 normal, 2 onboarding failed.
    seats, employees : array of int
        At the start.
    frailty, activity : array of float
        Part of the log hazard, and factor on usage, that no table shows.
    involuntary : array of float
        Intensity per day of an end that nobody chose.
    renewals : array of int, shape (customers, terms)
        Ends of terms of annual contracts, `LONG_AGO` for monthly ones.
    lapses : array of int, shape (customers, terms)
        Days by which a renewal is signed late; 0 for in time.
    price_days : array of int, shape (customers, increases)
        Day from which the customer pays each increase; `LONG_AGO` when it does from its start.
    """

    origin: int
    number: IntArray
    start: IntArray
    offset: IntArray
    term: IntArray
    notice: IntArray
    size: IntArray
    plan: IntArray
    fit: IntArray
    industry: IntArray
    region: IntArray
    seats: IntArray
    employees: IntArray
    frailty: FloatArray
    activity: FloatArray
    involuntary: FloatArray
    renewals: IntArray
    lapses: IntArray
    price_days: IntArray

    def __len__(self) -> int:
        return len(self.number)

    def week_start(self, week: int) -> IntArray:
        """Return the first day of a week for each customer."""
        return self.origin + self.offset + 7 * week

    def week_of(self, day: int | IntArray) -> IntArray:
        """Return the week that holds a day, for each customer."""
        return (day - self.origin - self.offset) // 7

    def take(self, rows: IntArray | BoolArray) -> Population:
        """Return some of the customers."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return Population(
            **{name: value if name == "origin" else value[rows] for name, value in values.items()}
        )


def origin_day(config: WorldConfig) -> int:
    """Return the Monday at least a week before the data begin."""
    start = day_number(config.start)
    return int(start - weekday(np.array([start]))[0] - 7)


def week_count(config: WorldConfig) -> int:
    """Return how many customer weeks begin before the end of the data."""
    return (day_number(config.end) - origin_day(config)) // 7 + 1


def draw_population(config: WorldConfig, block: int) -> Population:
    """Draw the customers of one block."""
    rng = stream(config.seed, block, "population")
    count = config.block_size(block)
    size = rng.choice(3, count, p=_SIZE_SHARES)
    start = _start_days(config, count, rng)
    annual = rng.random(count) < np.clip(config.annual_share * (1.0 + 0.2 * (size - 1)), 0, 1)
    term = np.where(annual, 12, 1)
    seats = np.maximum(2, np.rint(_MEDIAN_SEATS[size] * np.exp(0.45 * rng.standard_normal(count))))
    renewals = _renewals(config, start, term)
    return Population(
        origin=origin_day(config),
        number=block * BLOCK + np.arange(count),
        start=start,
        offset=rng.integers(0, 5, count),
        term=term,
        notice=np.maximum(1, np.where(annual, config.annual_notice_days, config.monthly_notice_days)),
        size=size,
        plan=_pick(_PLAN_SHARES[size], rng),
        fit=_draw_fit(size, rng),
        industry=rng.integers(0, 8, count),
        region=rng.integers(0, 6, count),
        seats=seats.astype(np.int64),
        employees=np.rint(seats * np.exp(1.0 + 0.6 * rng.standard_normal(count)) + 1).astype(np.int64),
        frailty=FRAILTY_SD * rng.standard_normal(count),
        activity=np.exp(0.5 * rng.standard_normal(count) - 0.125),
        involuntary=_INVOLUNTARY_A_DAY[size] * config.churn_level,
        renewals=renewals,
        lapses=_draw_lapses(config, size, renewals, rng),
        price_days=_price_days(config, start, term),
    )


def _start_days(config: WorldConfig, count: int, rng: np.random.Generator) -> IntArray:
    """A third begins in the first 90 days, the others evenly until 30 days before the end."""
    first, last = day_number(config.start), day_number(config.end) - 30
    early = rng.random(count) < 0.35
    return np.where(early, rng.integers(first, first + 90, count), rng.integers(first, last, count))


def _draw_fit(size: IntArray, rng: np.random.Generator) -> IntArray:
    failed = _FAILED_ONBOARDING[size]
    shares = np.stack([(1 - failed) * _STRONG_FIT, (1 - failed) * (1 - _STRONG_FIT), failed], axis=1)
    return _pick(shares, rng)


def _pick(shares: FloatArray, rng: np.random.Generator) -> IntArray:
    """Draw one class per row of shares."""
    uniform = rng.random(len(shares))
    drawn = (uniform[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    return np.asarray(np.minimum(drawn, shares.shape[1] - 1))


def _renewals(config: WorldConfig, start: IntArray, term: IntArray) -> IntArray:
    terms = np.arange(1, config.years + MAX_TRUTH_DAYS // 365 + 2)
    days = anniversary(start[:, None], term[:, None], terms[None, :])
    return np.where(term[:, None] == 12, days, LONG_AGO)


def _draw_lapses(
    config: WorldConfig, size: IntArray, renewals: IntArray, rng: np.random.Generator
) -> IntArray:
    """Only large annual customers are late; they never end involuntarily, so no end falls in a lapse."""
    late = rng.random(renewals.shape) < config.late_renewal_share
    days = rng.integers(1, 15, renewals.shape)
    return np.where(late & (size[:, None] == 2) & (renewals > LONG_AGO), days, 0)


def _price_days(config: WorldConfig, start: IntArray, term: IntArray) -> IntArray:
    decided = [
        day_number(config.start) + round(365.25 * years_later)
        for years_later, _ in config.price_increases
    ]
    columns = [
        np.where(start < day, first_end(start, term, np.full_like(start, day)), LONG_AGO)
        for day in decided
    ]
    return np.stack(columns, axis=1) if columns else np.empty((len(start), 0), dtype=np.int64)
