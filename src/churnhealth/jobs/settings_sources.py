"""The sections of churnhealth.toml about a history: its tables, its cutoffs, its check, its segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from churnhealth.domain.history import HISTORY
from churnhealth.domain.sources import History, Source
from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.jobs.settings_sections import Date, File, Names, Section, Text, is_time_zone

Money = Annotated[float, Field(ge=0)]
WITH_CHURNED_FLAG = ("customers", "subscriptions")
_EITHER = (
    "expected either [panel] (a ready table of indicators) or a history: [sources.customers], "
    "[sources.subscriptions], ..."
)


class SourceSettings(Section):
    """[sources.<history table>]: where the user keeps it, and what its columns are called."""

    table: Text | None = None
    file: File = None
    timezone: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    extra: dict[str, Text] = Field(default_factory=dict)
    key: Names = ()
    churned: Text | None = None

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        return None if value is None else is_time_zone(value)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.table is None) == (self.file is None):
            raise ValueError("expected either table (in the warehouse) or file, and exactly one of them")
        return self

    @property
    def relation(self) -> str:
        """The user's table, or the path of the file."""
        return self.table if self.table is not None else str(self.file)


class CutoffSettings(Section):
    """[cutoffs]: the moments of prediction by calendar, and where the data end."""

    every: Literal["week", "month", "quarter"] = "month"
    first: Date = None
    last: Date = None
    count: Annotated[int, Field(ge=1)] | None = None
    data_end: Date = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"expected first not after last, got {self.first} and {self.last}")
        if self.data_end is not None:
            for name, date in (("first", self.first), ("last", self.last)):
                if date is not None and date > self.data_end:
                    raise ValueError(
                        f"expected {name} not after data_end, got {date} and {self.data_end}"
                    )
        return self


class CheckSettings(Section):
    """[check]: the share of bad rows above which the job fails, and how many are kept per source."""

    max_reject_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    max_reject_rows: Annotated[int, Field(ge=0)] = 1000


class CohortSettings(Section):
    """[cohort]: the customers that the model is for, by what is known of them at the cutoff."""

    where: str = ""


class SegmentSettings(Section):
    """[segments]: where touch models, lifecycle stages and tenure bands begin; see `Segments`."""

    high_touch_mrr: Money | None = None
    low_touch_mrr: Money | None = None
    high_touch_plans: Names = ()
    low_touch_plans: Names = ()
    onboarding_days: int = 90
    adoption_days: int = 365
    renewal_days: int = 90
    tenure_days: Annotated[tuple[int, ...], Field(strict=False)] = (90, 365, 730)


def known_sources(value: object, info: ValidationInfo) -> object:
    """Refuse a file with a panel and a history, or neither, and names that no contract knows."""
    if not isinstance(value, Mapping):
        return value
    # A panel with faults of its own is not there: those faults are told by themselves.
    if "panel_settings" in info.data and (info.data["panel_settings"] is None) == (not value):
        raise ValueError(_EITHER + (", got both" if value else ", got neither"))
    faults = []
    for table, section in value.items():
        if table not in HISTORY:
            hint = nearest(str(table), HISTORY)
            faults.append(f"no history table is called {listed([table])}{hint}; {_tables()}")
        elif isinstance(section, Mapping):
            faults.extend(_column_faults(str(table), section))
    if faults:
        raise ValueError("; ".join(faults))
    return value


def _column_faults(table: str, section: Mapping[str, object]) -> list[str]:
    known = HISTORY[table].names
    columns = section.get("columns", {})
    if not isinstance(columns, Mapping):
        return []
    faults = [
        f"{table}.columns: no column {listed([name])}{nearest(str(name), known)}; "
        f"known are {listed(known, 20)}"
        for name in columns
        if name not in known
    ]
    if section.get("churned") is not None and table not in WITH_CHURNED_FLAG:
        faults.append(f"{table}.churned: only {listed(WITH_CHURNED_FLAG)} can have such a flag")
    return faults


def _tables() -> str:
    return f"there are {listed(HISTORY, 20)}"


def built_history(sources: Mapping[str, SourceSettings], timezone: str) -> History:
    """Return the history that the file describes, with the columns that it names.

    Raises
    ------
    ConfigError
        There are no sources, or `customers` is not among them.
    """
    if not sources:
        raise ConfigError(
            "this project has a [panel], not a history: name your tables under [sources.customers], "
            "[sources.subscriptions], ... to use this command"
        )
    if "customers" not in sources:
        raise ConfigError("sources: expected [sources.customers], the list of all customers")
    return History(
        {
            name: Source(name, one.relation, dict(one.columns), one.timezone, extra=dict(one.extra))
            for name, one in sources.items()
        },
        timezone,
    )
