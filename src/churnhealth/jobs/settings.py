"""churnhealth.toml, checked at once, and the domain objects that it describes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from churnhealth.domain.catalogue import catalogue_of
from churnhealth.domain.health import HealthBands
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.scorecard import PointTable
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History
from churnhealth.errors import ChurnHealthError, ConfigError, nearest
from churnhealth.features.panel import PanelColumns
from churnhealth.jobs.own_indicators import Declarations, declarations
from churnhealth.jobs.settings_errors import dotted, faults_in_words
from churnhealth.jobs.settings_monitor import DriftSettings, MonitorSettings
from churnhealth.jobs.settings_promotion import PromotionSettings
from churnhealth.jobs.settings_report import ReportSettings
from churnhealth.jobs.settings_sections import (
    CatalogueSettings,
    GroupSettings,
    HealthSettings,
    IndicatorSettings,
    ModelSettings,
    PanelSettings,
    ProblemSettings,
    ProjectSettings,
    ScoringSettings,
    Section,
    TrackingSettings,
    WarehouseSettings,
)
from churnhealth.jobs.settings_sources import (
    CheckSettings,
    CohortSettings,
    CutoffSettings,
    SegmentSettings,
    SourceSettings,
    built_history,
    known_sources,
)


@dataclass(frozen=True)
class PanelSource:
    """Where a panel is: a table in the warehouse or a file; one is None."""

    table: str | None
    file: Path | None

    def __str__(self) -> str:
        return self.table if self.table is not None else str(self.file)


class Settings(Section):
    """Everything that churnhealth.toml says."""

    project: ProjectSettings
    problem_settings: ProblemSettings = Field(default={}, alias="problem", validate_default=True)
    panel_settings: PanelSettings | None = Field(default=None, alias="panel")
    sources: Annotated[dict[str, SourceSettings], BeforeValidator(known_sources)] = Field(
        default={}, validate_default=True
    )
    cutoffs: CutoffSettings = Field(default={}, validate_default=True)
    check: CheckSettings = Field(default={}, validate_default=True)
    cohort: CohortSettings = Field(default={}, validate_default=True)
    segments: SegmentSettings = Field(default={}, validate_default=True)
    scoring: ScoringSettings = Field(default={}, validate_default=True)
    model: ModelSettings = Field(default={}, validate_default=True)
    promotion: PromotionSettings = Field(default={}, validate_default=True)
    health: HealthSettings = Field(default={}, validate_default=True)
    warehouse: WarehouseSettings = Field(default={}, validate_default=True)
    tracking: TrackingSettings = Field(default={}, validate_default=True)
    drift: DriftSettings = Field(default={}, validate_default=True)
    monitor: MonitorSettings = Field(default={}, validate_default=True)
    report: ReportSettings = Field(default={}, validate_default=True)
    catalogue_settings: CatalogueSettings = Field(default={}, alias="catalogue", validate_default=True)
    groups: dict[str, GroupSettings] = Field(default_factory=dict)
    point_settings: dict[str, Any] = Field(default_factory=dict, alias="points")
    indicators: dict[str, IndicatorSettings] = Field(default_factory=dict)
    _folder: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any, /) -> None:
        """Keep the folder of the configuration file."""
        self._folder = Path((context or {}).get("folder", ""))

    @property
    def folder(self) -> Path:
        """The folder of the configuration file, where relative paths start."""
        return self._folder

    @property
    def problem(self) -> ChurnProblem:
        """What is predicted, for whom, in the project's time zone.

        Raises
        ------
        ConfigError
            What contradicts itself; a panel with [cohort] or [segments].
        """
        values = {**self.problem_settings.model_dump(), "timezone": self.project.timezone}
        if self.is_history:
            segments = Segments(**self.segments.model_dump())
            return ChurnProblem(**values, cohort=self.cohort.where, segments=segments)
        if self.cohort != CohortSettings() or self.segments != SegmentSettings():
            raise ConfigError(
                "[cohort] and [segments] are worked out from a history under [sources.*]; the rows and "
                "columns of a panel are given: choose them where it is made"
            )
        return ChurnProblem(**values)

    @property
    def catalogue(self) -> Catalogue:
        """The indicators of the project in order, and the user's own groups.

        Raises
        ------
        ConfigError
            All faults of the declarations, one a line.
        """
        labels = {
            group: {code: text for code, text in (("en", one.label_en), ("ja", one.label_ja)) if text}
            for group, one in self.groups.items()
        }
        if self.is_history:
            return Catalogue(catalogue_of(self.declarations.used).indicators, labels)
        self._refuse_declarations()
        plain = tuple(Indicator(name, **one.words()) for name, one in self.indicators.items())
        return Catalogue(plain, labels)

    @property
    def declarations(self) -> Declarations:
        """The built-in indicators and the user's own, of a project with a history."""
        extra = {name: tuple(one.extra) for name, one in self.sources.items()}
        return declarations(self.indicators, tuple(self.groups), self.catalogue_settings, extra)

    def _refuse_declarations(self) -> None:
        faults = [
            f"{dotted(['indicators', name])}: the indicators of a [panel] are its columns; to declare "
            "one, the project needs a history under [sources.*]"
            for name, one in self.indicators.items()
            if one.declares
        ]
        if self.catalogue_settings.model_fields_set:
            faults.append("catalogue: the indicators of a [panel] are chosen under [panel]")
        if faults:
            raise ConfigError("\n".join(faults))

    @property
    def is_history(self) -> bool:
        """Does the project have history tables, not a ready panel?"""
        return bool(self.sources)

    @property
    def history(self) -> History:
        """Where the history tables are, with the columns that the file names.

        `features.source_columns.present_columns` adds those that need no mapping.

        Raises
        ------
        ConfigError
            The project has a panel.
        """
        return built_history(self.sources, self.project.timezone)

    @property
    def panel(self) -> PanelSettings:
        """What the file says about the panel; ConfigError when the project has a history."""
        if self.panel_settings is None:
            raise ConfigError(
                "this project has a history under [sources.*], not a [panel]: this needs a panel"
            )
        return self.panel_settings

    @property
    def panel_columns(self) -> PanelColumns:
        """What the columns of the panel mean."""
        panel = self.panel
        return PanelColumns(
            customer_id=panel.customer_id,
            cutoff=panel.cutoff,
            label=panel.label,
            mrr=panel.mrr,
            currency=panel.currency,
            ignore=panel.ignore,
            indicators=panel.indicators,
        )

    @property
    def bands(self) -> HealthBands | None:
        """The bands that the file sets; None when they come from the base rate."""
        health = self.health
        if health.yellow is None or health.red is None:
            return None
        return HealthBands(yellow=health.yellow, red=health.red)

    @property
    def points(self) -> PointTable | None:
        """The points score made by hand under [points.<indicator>]; None: it is learned.

        Raises
        ------
        ConfigError
            All faults of the table, one a line.
        """
        return PointTable.from_dict(self.point_settings) if self.point_settings else None

    @property
    def panel_source(self) -> PanelSource:
        """Where the customers with labels are."""
        return PanelSource(self.panel.table, self.panel.file)

    @property
    def scoring_source(self) -> PanelSource:
        """Where the customers to be scored are."""
        scoring = PanelSource(self.scoring.table, self.scoring.file)
        return scoring if scoring != PanelSource(None, None) else self.panel_source


def load_settings(path: Path, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check churnhealth.toml.

    Parameters
    ----------
    path : Path
        The file; relative paths in it start at its folder.
    environ : mapping of str to str, optional
        Where "env:NAME" is looked up; None: the environment of the process.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigError
        No such file, no TOML (with the line), or ALL faults of its content in one message. A secret
        is never shown.
    """
    path = Path(path)
    values = _read_toml(path)
    context = {"folder": path.resolve().parent, "environ": os.environ if environ is None else environ}
    try:
        settings = Settings.model_validate(values, context=context)
    except ValidationError as error:
        # The cause holds the values as they were read, so it is not chained.
        raise _faulty(path, faults_in_words(error, Settings)) from None
    told = [fault for fault in map(_fault_of, _built_from(settings)) if fault]
    faults = [line for fault in told for line in fault.splitlines()]
    if faults:
        raise _faulty(path, faults)
    return settings


def _built_from(settings: Settings) -> list[Callable[[], object]]:
    return [
        lambda: settings.problem,
        lambda: settings.catalogue,
        lambda: settings.history if settings.is_history else settings.panel_columns,
        lambda: settings.bands,
        lambda: settings.points,
    ]


def _fault_of(build: Callable[[], object]) -> str | None:
    try:
        build()
    except ChurnHealthError as error:
        return str(error)
    return None


def _faulty(path: Path, faults: list[str]) -> ConfigError:
    head = f"{path}: {len(faults)} fault{'s' if len(faults) != 1 else ''}"
    return ConfigError("\n".join([head, *(f"  - {fault}" for fault in faults)]))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        others = [one.name for one in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise ConfigError(
            f"no configuration {path}{nearest(path.name, others)}; `churnhealth init PANEL_FILE` writes "
            "one, --config names another"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: the configuration cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected TOML in UTF-8: {error}") from error
