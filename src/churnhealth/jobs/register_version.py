"""What a retraining learned, and how it is written to the registry."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from churnhealth.adapters.tracking import ModelVersion, TrainingRecord
from churnhealth.domain.promotion import Verdict
from churnhealth.estimator import HealthModel
from churnhealth.features.panel import Panel
from churnhealth.jobs.fold_records import fold_records
from churnhealth.jobs.judging import Judged
from churnhealth.jobs.ledger import JobRun
from churnhealth.jobs.model_card import model_card
from churnhealth.jobs.search_record import search_metrics, search_tables
from churnhealth.jobs.training_record import run_metrics, run_params, run_tables
from churnhealth.jobs.wiring import Workplace
from churnhealth.search.decision import SearchResult


@dataclass(frozen=True, eq=False)
class Learned:
    """Everything that is known before anything is written.

    Parameters
    ----------
    panel : Panel
        All labelled rows.
    fingerprint : str
        Of these rows.
    judged : Judged
        The recipes on rows put aside.
    model : HealthModel
        The new recipe, fitted on all labelled rows.
    side_by_side : DataFrame
        As made by `healthy_against_churned`.
    verdict : Verdict
    notes : tuple of str
    coverage : DataFrame
        As in `RetrainResult`.
    searched : SearchResult, optional
        What a search for options found.
    pictures : mapping of str to bytes
        By file name.
    """

    panel: Panel
    fingerprint: str
    judged: Judged
    model: HealthModel
    side_by_side: pd.DataFrame
    verdict: Verdict
    notes: tuple[str, ...]
    coverage: pd.DataFrame
    searched: SearchResult | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def register_version(workplace: Workplace, run: JobRun, learned: Learned) -> ModelVersion:
    """Write the artifact and its run to MLflow; the alias comes last, after everything is there."""
    with tempfile.TemporaryDirectory(prefix="churnhealth-") as folder:
        artifact = learned.model.save(Path(folder) / "model")
        version = workplace.registry.log_version(_record(workplace, run, learned, artifact))
    if learned.verdict.decision == "promoted":
        workplace.registry.set_champion(version.version)
    else:
        workplace.registry.set_challenger(version.version)
    return version


def _record(workplace: Workplace, run: JobRun, learned: Learned, artifact: Path) -> TrainingRecord:
    panel, judged, model, verdict = learned.panel, learned.judged, learned.model, learned.verdict
    card = model_card(
        workplace.settings,
        panel,
        model,
        judged,
        verdict,
        learned.side_by_side,
        learned.coverage,
        learned.searched,
    )
    return TrainingRecord(
        run_name=run.run_id,
        artifact_folder=artifact,
        artifact_hash=str(model.artifact_hash_),
        params=run_params(workplace, panel, judged.split, model),
        metrics=run_metrics(judged) | search_metrics(learned.searched),
        tags={
            "input_fingerprint": learned.fingerprint,
            "decision": verdict.decision,
            "ledger_run": run.run_id,
        },
        tables={
            **run_tables(judged, model, panel, learned.side_by_side, verdict),
            "coverage": learned.coverage,
            **search_tables(learned.searched),
        },
        texts={
            "model_card.md": card,
            "churnhealth.toml": workplace.config.read_text(encoding="utf-8-sig"),
        },
        pictures=learned.pictures,
        input_example=panel.X.head(5),
        folds=fold_records(workplace, panel, judged),
    )
