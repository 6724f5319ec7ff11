"""What the report says of the model: where it comes from, its calibration, its card, its data."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from churnhealth.adapters.tracking import MANIFEST, ModelVersion
from churnhealth.errors import ChurnHealthError
from churnhealth.jobs.kpi_tables import plain_records
from churnhealth.jobs.report_slice import ScoredSlice
from churnhealth.jobs.wiring import Workplace

Document = dict[str, Any]
METRICS = (
    "log_loss",
    "log_loss_base_rate",
    "log_loss_skill",
    "roc_auc",
    "lift_at_10pct",
    "calibration_slope",
    "observed_minus_expected",
)
CALIBRATION = ("mean_predicted", "observed", "band_low", "band_high", "customers", "inside")


def model_document(workplace: Workplace, scored: ScoredSlice) -> tuple[Document, str, list[str]]:
    """Read what is kept of the model that made the newest scores.

    Returns
    -------
    facts : dict
        model_version, trained_at, label_known_through, bands, problem, metrics, calibration; what is
        not known is None, or empty.
    card : str
        The model card, Markdown; empty when there is none.
    problems : list of str
        Why something is not known.
    """
    empty: Document = {
        "model_version": None if scored.slice is None else scored.slice[1],
        "trained_at": None,
        "label_known_through": None,
        "bands": None,
        "horizon_days": workplace.settings.problem.horizon_days,
        "gap_days": workplace.settings.problem.gap_days,
        "metrics": [],
        "calibration": [],
    }
    try:
        version = _version(workplace, empty["model_version"])
        if version is None:
            return empty, "", []
        return _told(workplace, version, empty)
    except ChurnHealthError as error:
        return empty, "", [str(error)]


def _version(workplace: Workplace, model_version: str | None) -> ModelVersion | None:
    """Return the version that scored; before anything is scored, the champion."""
    if model_version is None:
        return workplace.registry.champion()
    found = [one for one in workplace.registry.versions() if one.model_version == model_version]
    return found[0] if found else None


def _told(
    workplace: Workplace, version: ModelVersion, empty: Document
) -> tuple[Document, str, list[str]]:
    registry = workplace.registry
    with tempfile.TemporaryDirectory(prefix="churnhealth-") as folder:
        copied = registry.download(version.version, Path(folder) / "artifact")
        manifest = json.loads((copied / MANIFEST).read_text(encoding="utf-8"))
    known, problem = version.label_known_through, manifest.get("problem", {})
    facts = {
        **empty,
        "model_version": version.model_version,
        "trained_at": version.created_at.isoformat(),
        "label_known_through": None if known is None else known.isoformat(),
        "bands": manifest.get("bands"),
        "horizon_days": problem.get("horizon_days"),
        "gap_days": problem.get("gap_days", 0),
        "metrics": [_metric(version, name) for name in METRICS if name in version.metrics],
        "calibration": _calibration(registry.logged_text(version.version, "tables/reliability.csv")),
    }
    return facts, registry.logged_text(version.version, "model_card.md") or "", []


def _metric(version: ModelVersion, name: str) -> list[Any]:
    return [name, *(version.metrics.get(name + end) for end in ("", "_low", "_high"))]


def _calibration(csv: str | None) -> list[Document]:
    if csv is None:
        return []
    table = pd.read_csv(io.StringIO(csv))
    return plain_records(table[[name for name in CALIBRATION if name in table]])


def coverage_document(scored: ScoredSlice) -> list[list[Any]]:
    """Count, per indicator, the customers with a value: [name, en, ja, group en, group ja, share].

    The worst covered first.
    """
    rows, catalogue = scored.indicators, scored.catalogue
    lines = []
    for name in map(str, rows.columns):
        known = catalogue[name]
        groups = (catalogue.group_label(known.group, lang) for lang in ("en", "ja"))
        share = round(float(rows[name].notna().mean()), 4)
        lines.append([name, known.label("en"), known.label("ja"), *groups, share])
    return sorted(lines, key=lambda line: (line[-1], line[0]))
