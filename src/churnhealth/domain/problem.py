"""What is predicted: the rule that says who churned, the days around the cutoff, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from churnhealth.domain.cohort import CohortFilter
from churnhealth.domain.problem_rules import AGGREGATES, RULES, check_problem
from churnhealth.domain.segments import Segments

__all__ = ["AGGREGATES", "RULES", "ChurnProblem"]

# Written even where they have their default; the others only where they say something.
_ALWAYS_WRITTEN = (
    "rule",
    "positive_label",
    "lookback_days",
    "gap_days",
    "horizon_days",
    "grace_days",
    "timezone",
)


@dataclass(frozen=True)
class ChurnProblem:
    """A churn question that can be asked again next quarter and mean the same.

    With c the cutoff, g the gap, h the horizon and days counted in the project's time zone:

    - `column`: a ready label of a panel; or, with `churn_column`, a churn date in (c + g, c + g + h].
    - `contract_end`: every contract is over on a day in (c + g, c + g + h], the first day without one,
      and no successor begins within `grace_days` after it.
    - `renewal`: of the contracts whose renewal date lies in [c + lead, c + lead + h) (h = 1 where no
      horizon is given: the cutoff is exactly `lead_days` before the renewal) those named by
      `aggregate` are not renewed; without such a contract the status is `not_due`.
    - `inactivity`: no use on the `silent_days` days from a day in [c + g, c + g + h] on (h = 0 where
      no horizon is given).
    - `contraction`, `expansion`: MRR has fallen, or risen, by at least `share` of what it was at the
      cutoff, both on day c + g + h and `grace_days` later.

    Parameters
    ----------
    rule : {"column", "contract_end", "renewal", "inactivity", "contraction", "expansion"}
        How the label arises.
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
    silent_days : int, optional
        `inactivity`: days without use that mean that the customer is gone.
    active_days : int, optional
        `inactivity`: a customer is at risk who used the product on one of so many days before the
        cutoff; None: `silent_days`. Fewer leave out who is falling silent already; more ask of
        customers who are silent already whether they stay away.
    share : float, optional
        `contraction`, `expansion`: part of the MRR by which it falls or rises, such as 0.2.
    lead_days : int, optional
        `renewal`: days from the cutoff to the renewal date.
    aggregate : {"all", "any", "largest"}
        `renewal`: a customer with several contracts due churned when all of them, any of them, or
        the one with the largest MRR is not renewed.
    reporting_delay_days : int
        Days that facts need to reach the tables; labels are certain that much later.
    churn_column : str, optional
        `column`: the column of the table `customers` that holds churn dates.
    voluntary_only : bool
        `contract_end`, `renewal`: an end that the customer did not choose is not churn.
    involuntary_reasons : tuple of str
        The end reasons that the customer did not choose, such as "payment_failed"; case and
        surrounding blanks do not count, and an empty reason is taken as the customer's choice.
    cohort : str
        For whom, by indicators and segments known at the cutoff, such as
        "plan in ('Pro') and mrr >= 500"; see `CohortFilter`. Empty: everybody at risk. A panel holds
        its cohort already.
    segments : Segments, optional
        Where touch models, lifecycle stages and tenure bands begin; None: there are no segments.

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
    silent_days: int | None = None
    active_days: int | None = None
    share: float | None = None
    lead_days: int | None = None
    aggregate: str = "all"
    reporting_delay_days: int = 0
    churn_column: str | None = None
    voluntary_only: bool = False
    involuntary_reasons: tuple[str, ...] = ()
    cohort: str = ""
    segments: Segments | None = None

    def __post_init__(self) -> None:
        reasons: object = self.involuntary_reasons
        if isinstance(reasons, list):  # as JSON and TOML give it
            object.__setattr__(self, "involuntary_reasons", tuple(reasons))
        segments: object = self.segments
        if isinstance(segments, dict):
            object.__setattr__(self, "segments", Segments.from_dict(segments))
        # One way of writing, so that two cohorts are the same when their texts are.
        object.__setattr__(self, "cohort", self.cohort_filter.text)
        check_problem(self)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which a date begins at local midnight."""
        return ZoneInfo(self.timezone)

    @property
    def cohort_filter(self) -> CohortFilter:
        """The cohort as comparisons."""
        return CohortFilter.parse(self.cohort)

    @property
    def label_parts(self) -> Mapping[str, int]:
        """The days from a cutoff to `label_known_at`, part by part, only those that there are.

        A rule that is read from dates decides by whole days, its last one included: "last day" is
        that day, which must be over.

        Examples
        --------
        >>> problem = ChurnProblem("contract_end", horizon_days=90, grace_days=14)
        >>> problem.label_parts
        {'horizon': 90, 'grace': 14, 'last day': 1}
        """
        horizon = self.horizon_days or int(self.rule == "renewal")
        by_date = self.rule not in ("column", "renewal", "inactivity") or self.churn_column is not None
        parts = {
            "gap": self.gap_days,
            "lead": self.lead_days or 0,
            "horizon": horizon,
            "silent days": self.silent_days or 0,
            "grace": self.grace_days,
            "last day": int(by_date),
            "reporting delay": self.reporting_delay_days,
        }
        return {name: days for name, days in parts.items() if days}

    @property
    def label_days(self) -> int:
        """Days from a cutoff to the day at whose beginning its label is certain."""
        return sum(self.label_parts.values())

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
        return self.cutoff_instant(local + pd.Timedelta(days=self.label_days))

    def with_plain_label(self) -> ChurnProblem:
        """Return the same problem for labels that were turned into 1 and 0 already."""
        return replace(self, positive_label=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; a parameter that its rule leaves at its default is left out.

        Examples
        --------
        >>> silent = ChurnProblem("inactivity", silent_days=90).to_dict()
        >>> set(silent) - set(ChurnProblem().to_dict())
        {'silent_days'}
        """
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        unsaid = {one.name for one in fields(self) if values[one.name] == one.default}
        kept = {
            name: value
            for name, value in values.items()
            if name in _ALWAYS_WRITTEN or name not in unsaid
        }
        if self.segments is not None:
            kept["segments"] = self.segments.to_dict()
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ChurnProblem:
        """Rebuild a problem from `to_dict`, also of a release that knew fewer parameters."""
        return cls(**values)
