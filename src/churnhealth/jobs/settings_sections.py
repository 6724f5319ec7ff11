"""The sections of churnhealth.toml: which keys each may have, with types, ranges and defaults."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    field_validator,
    model_validator,
)

from churnhealth.domain.indicators import OTHER
from churnhealth.domain.problem import AGGREGATES, RULES, ChurnProblem
from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.jobs.settings_location import Location, absolute_path, locate


def _folder(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("folder", ""))


def _located(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Location):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError('expected a path, a URI, or "env:NAME"')
    return locate(value, _folder(info), (info.context or {}).get("environ", {}))


def _file(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str) and value.strip():
        return absolute_path(value, _folder(info))
    if value is None or isinstance(value, Path):
        return value
    raise ValueError("expected the path of a file")


def _date(value: object) -> object:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date such as 2026-04-01, got {listed([value])}") from None
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    raise ValueError(f"expected a date such as 2026-04-01, got {value}")


def _plain_value(value: object) -> object:
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise ValueError("expected the value that means churned: text, a number, true or false")


Names = Annotated[tuple[str, ...], Field(strict=False)]
Place = Annotated[Location, BeforeValidator(_located), PlainSerializer(str, return_type=str)]
File = Annotated[Path | None, BeforeValidator(_file)]
Date = Annotated[dt.date | None, BeforeValidator(_date)]
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


def is_time_zone(value: str) -> str:
    """Return the name of a time zone; ValueError with the nearest name when there is none such."""
    try:
        ChurnProblem(timezone=value)
    except ConfigError:
        hint = nearest(value, available_timezones())
        text = f"expected an IANA name such as 'Asia/Tokyo', got {listed([value])}{hint}"
        raise ValueError(text) from None
    return value


class Section(BaseModel):
    """Exact keys and types; nothing is guessed, nothing changes afterwards."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )


class ProjectSettings(Section):
    """[project]: its name, the time zone of its dates, the language of its reports."""

    name: Text
    timezone: str = "UTC"
    language: Literal["en", "ja"] = "en"

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        return is_time_zone(value)


class ProblemSettings(Section):
    """[problem]: what churning means, in days around the cutoff; see `ChurnProblem`."""

    rule: str = "column"
    positive_label: Annotated[Any, BeforeValidator(_plain_value)] = None
    lookback_days: Annotated[int, Field(ge=1)] | None = None
    gap_days: Annotated[int, Field(ge=0)] = 0
    horizon_days: Annotated[int, Field(ge=1)] | None = None
    grace_days: Annotated[int, Field(ge=0)] = 0
    silent_days: Annotated[int, Field(ge=1)] | None = None
    active_days: Annotated[int, Field(ge=1)] | None = None
    share: Annotated[float, Field(gt=0)] | None = None
    lead_days: Annotated[int, Field(ge=1)] | None = None
    aggregate: str = "all"
    reporting_delay_days: Annotated[int, Field(ge=0)] = 0
    churn_column: Text | None = None
    voluntary_only: bool = False
    involuntary_reasons: Names = ()

    @field_validator("aggregate")
    @classmethod
    def _is_aggregate(cls, value: str) -> str:
        if value not in AGGREGATES:
            hint = nearest(value, AGGREGATES)
            raise ValueError(f"expected one of {listed(AGGREGATES)}, got {listed([value])}{hint}")
        return value

    @field_validator("rule")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in RULES:
            text = f"expected one of {listed(RULES)}, got {listed([value])}{nearest(value, RULES)}"
            raise ValueError(text)
        return value


class PanelSettings(Section):
    """[panel]: where the customers with their labels are, and what the columns mean."""

    table: Text | None = None
    file: File = None
    customer_id: Text
    cutoff: Text | None = None
    cutoff_date: Date = None
    label: Text | None = None
    mrr: Text | None = None
    currency: Text | None = None
    ignore: Names = ()
    indicators: Names | None = None
    segments: Names = ()

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.table is None) == (self.file is None):
            raise ValueError("expected either table (in the warehouse) or file, and exactly one of them")
        if self.cutoff is not None and self.cutoff_date is not None:
            raise ValueError("expected either cutoff (a column) or cutoff_date (one date), got both")
        return self


class ScoringSettings(Section):
    """[scoring]: whom to score (default: the panel), when, how many drivers, rows at a time."""

    table: Text | None = None
    file: File = None
    cutoff_date: Date = None
    every: Literal["week", "month", "quarter"] | None = None
    max_reject_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    drivers: Annotated[int, Field(ge=1)] = 5
    batch_rows: Annotated[int, Field(ge=1)] = 50_000

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.table is not None and self.file is not None:
            raise ValueError("expected either table (in the warehouse) or file, got both")
        return self


class ModelSettings(Section):
    """[model]: the seed, the share put aside, the windows judged, and the least to train on."""

    random_state: Annotated[int, Field(ge=0, lt=2**32)] = 0
    holdout_share: Share = 0.2
    backtest_windows: Annotated[int, Field(ge=1)] = 4
    minimum_customers: Annotated[int, Field(ge=1)] = 200
    minimum_churners: Annotated[int, Field(ge=1)] = 20


class HealthSettings(Section):
    """[health]: from which churn probability customers are yellow and red (both or none); capacity."""

    yellow: Share | None = None
    red: Share | None = None
    capacity: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if (self.yellow is None) != (self.red is None):
            raise ValueError("expected yellow and red, or neither")
        if self.yellow is not None and self.red is not None and self.yellow >= self.red:
            raise ValueError(f"expected yellow below red, got yellow {self.yellow} and red {self.red}")
        return self


class WarehouseSettings(Section):
    """[warehouse]: the place, what its table names begin with, how long to wait for its lock.

    `expansion_prefix` names the tables of another project here, which predicts growing MRR.
    """

    path: Place = Field(default="data/warehouse.duckdb", validate_default=True)
    prefix: Annotated[str, Field(pattern="^[A-Za-z0-9_]*$")] = ""
    expansion_prefix: Annotated[str, Field(pattern="^[A-Za-z0-9_]*$")] | None = None
    wait_seconds: Annotated[float, Field(ge=0)] = 10.0

    @model_validator(mode="after")
    def _another_prefix(self) -> Self:
        if self.expansion_prefix == self.prefix:
            raise ValueError(
                f"expected an expansion_prefix other than the prefix, got {self.prefix!r} for both"
            )
        return self


class TrackingSettings(Section):
    """[tracking]: where MLflow keeps runs and models, and their names."""

    uri: Place = Field(default="sqlite:///models/mlflow.db", validate_default=True)
    experiment: Text = "churnhealth"
    model_name: Annotated[str, Field(pattern="^[^/:]+$")] = "churnhealth"


class GroupSettings(Section):
    """[groups.<name>]: the words for one of the user's own indicator groups."""

    label_en: str = ""
    label_ja: str = ""


class CatalogueSettings(Section):
    """[catalogue]: which built-in indicators a history uses, by name or group."""

    include: Names | None = None
    exclude: Names = ()


class IndicatorSettings(Section):
    """[indicators.<name>]: what is known of one indicator; see `Indicator`.

    In a project with a history also how it is computed: see `Measure`, and `features.own_measures`.
    """

    group: Text = OTHER
    unit: str = ""
    direction: Literal["learned", "more_is_healthier", "more_is_riskier"] = "learned"
    actionable: bool = False
    label_en: str = ""
    label_ja: str = ""
    missing_en: str = ""
    missing_ja: str = ""
    table: Text | None = None
    kind: Text | None = None
    sql: Text | None = None
    window: int | None = None
    column: str = ""
    date: str = ""
    until: str = ""
    where: dict[str, Annotated[Names, Field(min_length=1)]] = Field(default_factory=dict)

    rows_keys: ClassVar[tuple[str, ...]] = ("window", "column", "date", "until", "where")

    @property
    def declares(self) -> bool:
        """Does it say how the indicator is computed?"""
        return bool(self.model_fields_set & {"table", "kind", "sql", *self.rows_keys})

    def words(self) -> dict[str, Any]:
        """Return what is no declaration: group, unit, direction, actionable, labels, missing."""
        return self.model_dump(exclude={"table", "kind", "sql", *self.rows_keys})

    def words_set(self) -> dict[str, Any]:
        """Return those of `words` that the file states."""
        return {name: value for name, value in self.words().items() if name in self.model_fields_set}
