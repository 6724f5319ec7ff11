"""What world to simulate: every choice, with its unit, in two frozen dataclasses."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from churnhealth.errors import ConfigError, listed

SHARES = ("annual_share", "late_renewal_share", "late_share", "action_share")
CHOICES = {"language": ("en", "ja"), "currency": ("JPY", "USD")}
BLOCK = 2000  # customers drawn from one random stream, whatever the chunk size


@dataclass(frozen=True)
class Dirty:
    """Faulty rows added on purpose, as shares of a table's clean rows.

    Every fault only adds rows, so that the clean table is what remains when they are rejected.

    Parameters
    ----------
    duplicates : float
        Exact copies of rows (all tables).
    orphans : float
        Rows with a `customer_id` that `customers` does not know (all tables but `customers`).
    bad_dates : float
        Rows with an event time 400 days after the end of the data (all tables with an event time).
    unknown_words : float
        Rows with the word "???" where the contract lists the words allowed.
    outside_contract : float
        Usage events 1 to 60 days before the customer's first contract.
    """

    duplicates: float = 0.0
    orphans: float = 0.0
    bad_dates: float = 0.0
    unknown_words: float = 0.0
    outside_contract: float = 0.0

    def __post_init__(self) -> None:
        for one in fields(self):
            _require_share(f"dirty.{one.name}", getattr(self, one.name))

    @property
    def any(self) -> bool:
        """Is there any fault to add?"""
        return any(getattr(self, one.name) > 0 for one in fields(self))


@dataclass(frozen=True)
class WorldConfig:
    """One simulated B2B SaaS vendor; the same values give the same tables.

    Parameters
    ----------
    customers : int
        Customers ever signed; about a third of them in the first quarter, the others evenly later.
    years : int
        Years of history, from `start`.
    seed : int
        Seed of every random stream.
    start : datetime.date
        First day of the data, a local date.
    timezone : str
        IANA name; dates are local dates, office hours are local hours.
    language : {"en", "ja"}
        Names of customers, plans, industries and regions.
    currency : {"USD", "JPY"}
        Currency of all contracts.
    annual_share : float
        Share of customers with annual contracts; the others have monthly ones.
    monthly_notice_days, annual_notice_days : int
        Days that must lie between the announcement of an end and the end.
    late_renewal_share : float
        Share of the renewals of large annual customers that are signed 1 to 14 days late.
    usage_events_per_week : float
        Mean usage events per customer and week, roughly.
    churn_level : float
        Multiplies every hazard; 1 gives 1 to 3 percent churn a month.
    drift : float
        How much the hazard changes between years; 0 switches it off (see `hazard.drift_terms`).
    contact_effect, action_effect : float
        Change of the log hazard while a contact, or a retention action, works.
    action_share : float
        Scales the share of customers considered in each quarterly campaign of retention actions.
    price_increases : tuple of (float, float)
        Years after `start`, and share by which list prices rise.
    contact_drivers_observed : bool
        False: contact follows the latent level. True: contact follows only tickets of the week
        before, size class and the days to renewal, which are all in the tables.
    late_share : float
        Share of event rows recorded days after the event.
    versions : bool
        True: subscriptions keep all versions. False: only the newest row of each contract is left,
        without `valid_from` and `valid_to`, as in an overwritten table.
    dirty : Dirty
        Faulty rows by choice.

    Examples
    --------
    >>> WorldConfig(customers=200, years=2).end
    datetime.date(2025, 4, 1)
    """

    customers: int = 2000
    years: int = 3
    seed: int = 0
    start: dt.date = dt.date(2023, 4, 1)
    timezone: str = "UTC"
    language: str = "en"
    currency: str = "USD"
    annual_share: float = 0.5
    monthly_notice_days: int = 10
    annual_notice_days: int = 30
    late_renewal_share: float = 0.02
    usage_events_per_week: float = 4.0
    churn_level: float = 1.0
    drift: float = 1.0
    contact_effect: float = -0.6
    action_effect: float = -0.7
    action_share: float = 1.0
    price_increases: tuple[tuple[float, float], ...] = ((1.25, 0.08),)
    contact_drivers_observed: bool = False
    late_share: float = 0.0
    versions: bool = True
    dirty: Dirty = field(default_factory=Dirty)

    def __post_init__(self) -> None:
        for name in ("customers", "years"):
            _require(name, getattr(self, name) >= 1, "at least 1", getattr(self, name))
        for name in ("monthly_notice_days", "annual_notice_days", "usage_events_per_week", "drift"):
            _require(name, getattr(self, name) >= 0, "0 or more", getattr(self, name))
        _require("churn_level", self.churn_level > 0, "more than 0", self.churn_level)
        for name in SHARES:
            _require_share(name, getattr(self, name))
        for name, known in CHOICES.items():
            _require(name, getattr(self, name) in known, f"one of {listed(known)}", getattr(self, name))
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigError(
                f"timezone: expected an IANA name such as 'Asia/Tokyo', got {self.timezone!r}"
            ) from error

    @property
    def end(self) -> dt.date:
        """Return the first day after the data."""
        return _years_later(self.start, self.years)

    @property
    def blocks(self) -> range:
        """Return the numbers of the blocks of customers."""
        return range(-(-self.customers // BLOCK))

    def block_size(self, block: int) -> int:
        """Return how many customers a block holds."""
        return min(BLOCK, self.customers - block * BLOCK)


def _years_later(date: dt.date, years: int) -> dt.date:
    day = 28 if (date.month, date.day) == (2, 29) else date.day
    return dt.date(date.year + years, date.month, day)


def _require(name: str, fine: bool, expected: str, got: object) -> None:
    if not fine:
        raise ConfigError(f"simulate, {name}: expected {expected}, got {got!r}")


def _require_share(name: str, value: float) -> None:
    _require(name, 0.0 <= value <= 1.0, "a share between 0 and 1", value)
