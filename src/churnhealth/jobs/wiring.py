"""From settings to the things that jobs work with; the only place that reads the clock."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.panel_files import read_panel_file
from churnhealth.adapters.tracking import ModelRegistry
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import ConfigError
from churnhealth.jobs.settings import PanelSource, Settings, load_settings

Progress = Callable[[str], None]


def silent(stage: str) -> None:
    """Tell nobody about a stage."""


@dataclass(frozen=True)
class Workplace:
    """Everything that a job needs from outside.

    Parameters
    ----------
    settings : Settings
        The checked configuration.
    config : Path
        The file that it came from; kept with every training run.
    warehouse : Warehouse
        Where customers are read and scores are written.
    registry : ModelRegistry
        Where runs and models are kept.
    clock : callable
        Returns the present instant, in UTC.
    progress : callable
        Told the name of each stage as it begins.
    """

    settings: Settings
    config: Path
    warehouse: Warehouse
    registry: ModelRegistry
    clock: Callable[[], datetime]
    progress: Progress = silent

    @property
    def catalogue(self) -> Catalogue:
        """What the configuration declares; for a history also the built-in indicators and segments."""
        declared, segments = self.settings.catalogue, self.settings.problem.segments
        if segments is None:
            return declared
        derived = (one.indicator for one in segments.declared if one.name not in declared)
        return Catalogue((*declared.indicators, *derived), declared.group_labels)

    def read(self, source: PanelSource) -> pd.DataFrame:
        """Read a panel from the warehouse or from its file."""
        if source.table is not None:
            return self.warehouse.read_table(source.table)
        if source.file is None:
            raise ConfigError("panel: expected a table or a file, got neither")
        return read_panel_file(source.file, text_columns=(self.settings.panel.customer_id,))

    def new_run_id(self, job: str) -> str:
        """Return a name for a run that no other run has."""
        return f"{job}-{self.clock():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def open_workplace(config: Path, progress: Progress = silent) -> Workplace:
    """Read a configuration and reach for what it names; nothing is created yet.

    Raises
    ------
    ConfigError
        When the configuration is missing or has faults.
    """
    settings = load_settings(config)
    warehouse = open_warehouse(
        settings.warehouse.path.value,
        prefix=settings.warehouse.prefix,
        wait_seconds=settings.warehouse.wait_seconds,
        expansion_prefix=settings.warehouse.expansion_prefix,
    )
    tracking = settings.tracking
    registry = MlflowRegistry(
        tracking.uri.value, experiment=tracking.experiment, model_name=tracking.model_name
    )
    return Workplace(settings, config, warehouse, registry, utc_now, progress)
