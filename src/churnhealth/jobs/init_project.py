"""Write a first churnhealth.toml for a panel file, with everything that was inferred laid open."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from churnhealth.adapters.panel_files import read_panel_file
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError
from churnhealth.features.panel import PanelColumns, training_panel
from churnhealth.jobs.infer_columns import infer_columns, infer_people
from churnhealth.jobs.settings import PanelSource
from churnhealth.jobs.settings_file import settings_toml


@dataclass(frozen=True)
class InitResult:
    """What was written.

    Parameters
    ----------
    config : Path
        The new file.
    columns : PanelColumns
        What the columns were taken for.
    catalogue : Catalogue
        The inferred indicators.
    notes : tuple of str
        What the reader should know about the panel.
    """

    config: Path
    columns: PanelColumns
    catalogue: Catalogue
    notes: tuple[str, ...]


def init_project(
    panel: Path,
    config: Path,
    *,
    customer_id: str | None = None,
    label: str | None = None,
    cutoff: str | None = None,
    cutoff_date: dt.date | None = None,
    timezone: str = "UTC",
    language: str = "en",
    positive_label: str | None = None,
    horizon_days: int | None = None,
    ignore: Sequence[str] = (),
    force: bool = False,
) -> InitResult:
    """Read a panel file, check it as training would, and write a configuration for it.

    Parameters
    ----------
    panel : Path
        CSV, TSV or Parquet with one row per customer (and cutoff) and a label.
    config : Path
        Where to write; an existing file is kept unless `force`.
    customer_id, label, cutoff : str, optional
        Columns; guessed from usual names when not given.
    cutoff_date : date, optional
        The one cutoff of a panel without a cutoff column.
    timezone, language, positive_label, horizon_days
        As in churnhealth.toml.
    ignore : sequence of str
        Columns that are no indicators, in addition to those that cannot be one.
    force : bool
        Replace an existing configuration.

    Raises
    ------
    ConfigError
        The configuration exists, or a column cannot be told.
    SchemaError
        With all faults of the panel.
    """
    if config.exists() and not force:
        raise ConfigError(f"{config} exists already; --force replaces it, --config writes elsewhere")
    header = read_panel_file(panel)
    columns = infer_columns(header, customer_id, label, cutoff)
    columns = replace(columns, ignore=tuple(dict.fromkeys([*columns.ignore, *ignore])))
    if columns.cutoff is None and cutoff_date is None:
        raise ConfigError(
            "the panel has no cutoff column: say at which date it was taken, --cutoff-date 2026-04-01, "
            "or name the column, --cutoff COLUMN"
        )
    problem = ChurnProblem(
        timezone=timezone,
        positive_label=_typed(positive_label, header, columns.label),
        horizon_days=horizon_days,
    )
    frame = read_panel_file(panel, text_columns=(columns.customer_id,))
    checked = training_panel(frame, columns, problem, cutoff=cutoff_date)
    catalogue = Catalogue().for_columns(checked.X.columns)
    source = PanelSource(None, Path(os.path.relpath(panel.resolve(), config.resolve().parent)))
    text = settings_toml(
        panel.name.partition(".")[0],
        source,
        columns,
        problem,
        catalogue,
        language=language,
        cutoff_date=cutoff_date,
        people=infer_people(header),
    )
    write_text(config, text)
    return InitResult(config, columns, catalogue, tuple(checked.notes))


def write_text(path: Path, text: str) -> None:
    """Write a text file whole; ConfigError when the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error


def _typed(positive_label: str | None, frame: pd.DataFrame, label: str | None) -> str | float | None:
    """Read the label given on the command line as a number where the column holds numbers."""
    if positive_label is None or not pd.api.types.is_numeric_dtype(frame[label]):
        return positive_label
    return int(positive_label) if positive_label.lstrip("-").isdigit() else float(positive_label)
