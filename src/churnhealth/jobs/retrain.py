"""The retraining job: learn, judge on past quarters, decide, and only then put in place."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from churnhealth.adapters.tracking import ModelVersion, TrainingRecord
from churnhealth.domain.promotion import Verdict, decide_promotion
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import Backtest
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.evaluate.side_by_side import healthy_against_churned
from churnhealth.features.panel import Panel
from churnhealth.jobs.fold_records import fold_records
from churnhealth.jobs.gate import gate_evidence
from churnhealth.jobs.judging import Judged, judge
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.model_card import model_card
from churnhealth.jobs.pictures import training_pictures
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.search import Search, champion_options, searched_options
from churnhealth.jobs.search_record import options_note, search_metrics, search_tables
from churnhealth.jobs.training_record import run_metrics, run_params, run_tables
from churnhealth.jobs.training_rows import panel_fingerprint, training_rows
from churnhealth.jobs.wiring import Workplace
from churnhealth.search.decision import SearchResult

STAGES = 4


@dataclass(frozen=True)
class RetrainResult:
    """What a retraining job did.

    Parameters
    ----------
    run_id : str, optional
        Row of `health_runs`; None after a dry run.
    verdict : Verdict
        "promoted" or "kept", with reasons and checks.
    version : ModelVersion, optional
        The new version: champion when promoted, else challenger; None after a dry run.
    report : EvaluationReport
        The new recipe on the newest rows, which it had not seen.
    split : str
        How rows were put aside, in words.
    notes : tuple of str
        What the reader should know about the panel.
    backtest : Backtest
        The new recipe and simpler models, window by window.
    """

    run_id: str | None
    verdict: Verdict
    version: ModelVersion | None
    report: EvaluationReport
    split: str
    notes: tuple[str, ...]
    backtest: Backtest

    @property
    def dry_run(self) -> bool:
        """Was nothing written?"""
        return self.version is None


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
    searched: SearchResult | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def retrain(
    workplace: Workplace,
    *,
    cutoff: dt.date | None = None,
    dry_run: bool = False,
    search: Search | None = None,
) -> RetrainResult:
    """Train on the panel, judge on past quarters, decide, and register.

    The recipe (indicators, learners, settings) is judged on rows whose labels were not known when it
    was trained, quarter by quarter; the champion's recipe is trained and judged on the newest of them.
    Then the new recipe is fitted on all labelled rows, and that model is registered: as champion when
    the verdict is "promoted", else as challenger.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, registry, clock.
    cutoff : date, optional
        Retrain as if today were this date: what was known later is not used. None: everything.
    dry_run : bool
        Do everything but write: no version, no alias, no row of the ledger. (What a search tried is
        kept all the same.)
    search : Search, optional
        Look for better options first. None: those of the champion, or the defaults.

    Raises
    ------
    ChurnHealthError
        Faults of the panel, too few customers or churners, a registry or warehouse that cannot be
        written. The champion stays as it is.
    """
    if dry_run:
        workplace.progress("reading the panel")
        panel = training_rows(workplace, cutoff)
        return _result(_learn(workplace, panel, panel_fingerprint(panel), search), None, None)
    with job_run(workplace, "retrain") as run:
        return _retrain(workplace, run, cutoff, search)


def _retrain(
    workplace: Workplace, run: JobRun, cutoff: dt.date | None, search: Search | None
) -> RetrainResult:
    workplace.progress("reading the panel")
    panel = training_rows(workplace, cutoff)
    fingerprint = panel_fingerprint(panel)
    today = None if cutoff is None else workplace.settings.problem.cutoff_instant(cutoff)
    record = run.begin(
        rows_read=panel.rows_read,
        cutoff=None if today is None else today.to_pydatetime(),
        input_fingerprint=fingerprint,
    )
    learned = _with_pictures(_learn(workplace, panel, fingerprint, search))
    workplace.progress("registering in MLflow")
    version = _register(workplace, run, learned)
    verdict = learned.verdict
    message = f"{verdict.decision}: {' '.join(verdict.reasons)}"
    workplace.warehouse.finish_run(
        record, workplace.clock(), message=message, model_version=version.model_version
    )
    return _result(learned, run.run_id, version)


def _learn(workplace: Workplace, panel: Panel, fingerprint: str, search: Search | None) -> Learned:
    options = champion_options(workplace)
    searched = None
    if search is not None:
        workplace.progress("searching options on rows known before the first window judged")
        searched = searched_options(workplace, panel, search, options)
        options = searched.options
    workplace.progress("training and judging on rows put aside, quarter by quarter")
    judged = judge(workplace, panel, options)
    workplace.progress("fitting on all customers")
    model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool), None, options)
    side_by_side = healthy_against_churned(
        np.asarray(panel.y), panel.X, customer_id=panel.customer_id, catalogue=workplace.catalogue
    )
    evidence, notes = gate_evidence(workplace, panel, judged, model, side_by_side)
    verdict = decide_promotion(evidence, workplace.settings.promotion.policy)
    told = (model.model_.summary["reason"], options_note(model, searched), *panel.notes, *notes)
    return Learned(panel, fingerprint, judged, model, side_by_side, verdict, told, searched)


def _with_pictures(learned: Learned) -> Learned:
    failed: list[str] = []
    pictures = training_pictures(learned.judged, failed.append)
    return replace(learned, pictures=pictures, notes=(*learned.notes, *failed))


def _result(learned: Learned, run_id: str | None, version: ModelVersion | None) -> RetrainResult:
    judged = learned.judged
    return RetrainResult(
        run_id,
        learned.verdict,
        version,
        judged.report,
        judged.split.description,
        learned.notes,
        judged.backtest,
    )


def _register(workplace: Workplace, run: JobRun, learned: Learned) -> ModelVersion:
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
        workplace.settings, panel, model, judged, verdict, learned.side_by_side, learned.searched
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
        tables=run_tables(judged, model, panel, learned.side_by_side, verdict)
        | search_tables(learned.searched),
        texts={
            "model_card.md": card,
            "churnhealth.toml": workplace.config.read_text(encoding="utf-8-sig"),
        },
        pictures=learned.pictures,
        input_example=panel.X.head(5),
        folds=fold_records(workplace, panel, judged),
    )
