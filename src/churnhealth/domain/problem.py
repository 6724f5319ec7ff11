"""What is predicted: the rule that says who churned, and the days around the cutoff."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from churnhealth.errors import ConfigError, listed, nearest

RULES = ("column",)


@dataclass(frozen=True)
class ChurnProblem:
    """A churn question that can be asked again next quarter and mean the same.

    Parameters
    ----------
    rule : {"column"}
        How the label arises. `column`: the panel brings a ready label.
    positive_label : object, optional
        The value that means "churned". None: 1, True, Yes and "churned" are understood, any other
        pair of values is an error.
    lookback_days : int, optional
        Days of history before the cutoff that the indicators look at; None when not known.
    gap_days : int
        Days after the cutoff that do not count: the time that a customer-success team needs.
    horizon_days : int, optional
        Days after the gap in which churning counts; None when the data do not say.
    grace_days : int
        Days within which a successor contract means that nobody churned.
    timezone : str
        IANA name of the zone in which a date begins at local midnight.

    Examples
    --------
    >>> problem = ChurnProblem(horizon_days=90, timezone="Asia/Tokyo")
    >>> problem.cutoff_instant("2026-04-01")
    Timestamp('2026-03-31 15:00:00+0000', tz='UTC')
    >>> problem.label_known_at("2026-04-01")
    Timestamp('2026-06-29 15:00:00+0000', tz='UTC')
    """

    rule: str = "column"
    positive_label: Any = None
    lookback_days: int | None = None
    gap_days: int = 0
    horizon_days: int | None = None
    grace_days: int = 0
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            hint = nearest(str(self.rule), RULES)
            raise ConfigError(f"problem.rule: expected one of {listed(RULES)}, got {self.rule!r}{hint}")
        for name in ("lookback_days", "horizon_days"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"problem.{name}: expected at least 1 day, got {value!r}")
        for name in ("gap_days", "grace_days"):
            if getattr(self, name) < 0:
                raise ConfigError(
                    f"problem.{name}: expected 0 days or more, got {getattr(self, name)!r}"
                )
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigError(
                f"problem.timezone: expected an IANA name such as 'Asia/Tokyo', got {self.timezone!r}"
            ) from error

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which a date begins at local midnight."""
        return ZoneInfo(self.timezone)

    def cutoff_instant(self, date: object) -> pd.Timestamp:
        """Return the instant of local midnight of a date; an aware timestamp is kept as it is."""
        moment = pd.Timestamp(date)  # type: ignore[arg-type]
        if moment.tzinfo is None:
            # Where midnight does not exist (clocks moved forward at 0:00) the day begins later.
            moment = moment.tz_localize(self.timezone, ambiguous=True, nonexistent="shift_forward")
        return moment.tz_convert("UTC")

    def label_known_at(self, date: object) -> pd.Timestamp:
        """Return the instant from which the label of a cutoff is certain.

        Days are calendar days of the project's time zone, so a day with 23 or 25 hours is one day.
        An unknown horizon counts as 0 days: the panel's label is taken as known when it is given.
        """
        local = self.cutoff_instant(date).tz_convert(self.timezone).tz_localize(None)
        midnight = local.normalize()
        if self.cutoff_instant(midnight) == self.cutoff_instant(date):
            # A midnight that does not exist began later; the days after it begin at theirs.
            local = midnight
        days = self.gap_days + (self.horizon_days or 0) + self.grace_days
        return self.cutoff_instant(local + pd.Timedelta(days=days))

    def with_plain_label(self) -> ChurnProblem:
        """Return the same problem for labels that were turned into 1 and 0 already."""
        return replace(self, positive_label=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ChurnProblem:
        """Rebuild a problem from `to_dict`."""
        return cls(**values)
