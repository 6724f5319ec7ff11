"""The retraining job: learn, judge on past quarters, decide, and only then put in place."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from churnhealth.adapters.tracking import ModelVersion, TrainingRecord
from churnhealth.domain.promotion import Verdict, decide_promotion
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import Backtest
from churnhealth.evaluate.missing import coverage_line, coverage_warnings
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.evaluate.said import Said
from churnhealth.evaluate.side_by_side import healthy_against_churned
from churnhealth.features.panel import Panel
from churnhealth.jobs.gate import gate_evidence
from churnhealth.jobs.judging import Judged, judge
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.model_card import model_card
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.stages import Stages
from churnhealth.jobs.training_coverage import training_coverage
from churnhealth.jobs.training_record import run_metrics, run_params, run_tables
from churnhealth.jobs.training_rows import panel_fingerprint, training_rows
from churnhealth.jobs.wiring import Workplace

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
    coverage : DataFrame
        How much is known in the training rows, and was known when the champion was trained; as
        `evaluate.missing.missing_by_group` makes it.
    """

    run_id: str | None
    verdict: Verdict
    version: ModelVersion | None
    report: EvaluationReport
    split: str
    notes: tuple[str, ...]
    backtest: Backtest
    coverage: pd.DataFrame

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
    coverage : DataFrame
        As in `RetrainResult`.
    """

    panel: Panel
    fingerprint: str
    judged: Judged
    model: HealthModel
    side_by_side: pd.DataFrame
    verdict: Verdict
    notes: tuple[str, ...]
    coverage: pd.DataFrame


def retrain(
    workplace: Workplace, *, cutoff: dt.date | None = None, dry_run: bool = False
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
        Do everything but write: no version, no alias, no row of the ledger.

    Raises
    ------
    ChurnHealthError
        Faults of the panel, too few customers or churners, a registry or warehouse that cannot be
        written. The champion stays as it is.
    """
    if dry_run:
        stages = Stages(workplace, "retrain")
        with stages.stage("reading the panel"):
            panel = training_rows(workplace, cutoff)
            stages.tell(rows_read=panel.rows_read)
        return _result(_learn(workplace, stages, panel, panel_fingerprint(panel)), None, None)
    with job_run(workplace, "retrain") as run:
        return _retrain(workplace, run, cutoff)


def _retrain(workplace: Workplace, run: JobRun, cutoff: dt.date | None) -> RetrainResult:
    stages = run.stages
    with stages.stage("reading the panel"):
        panel = training_rows(workplace, cutoff)
        fingerprint = panel_fingerprint(panel)
        today = None if cutoff is None else workplace.settings.problem.cutoff_instant(cutoff)
        record = run.begin(
            rows_read=panel.rows_read,
            cutoff=None if today is None else today.to_pydatetime(),
            input_fingerprint=fingerprint,
        )
        stages.tell(rows_read=panel.rows_read, rows_trained=len(panel.X))
    learned = _learn(workplace, stages, panel, fingerprint)
    with stages.stage("registering in MLflow"):
        version = _register(workplace, run, learned)
        workplace.warehouse.finish_run(
            record, workplace.clock(), message=_message(learned), model_version=version.model_version
        )
        stages.tell(model_version=version.model_version, result=learned.verdict.decision)
    return _result(learned, run.run_id, version)


def _message(learned: Learned) -> str:
    """Say what the ledger should remember of a training run."""
    verdict = learned.verdict
    told = [f"{verdict.decision}: {' '.join(verdict.reasons)}", *_coverage_warnings(learned.coverage)]
    return "; ".join([*told, coverage_line(learned.coverage)])


def _coverage_warnings(coverage: pd.DataFrame) -> tuple[str, ...]:
    then = Said("when the champion was trained", "現行モデルの学習時")
    return tuple(one.en for one in coverage_warnings(coverage, then))


def _learn(workplace: Workplace, stages: Stages, panel: Panel, fingerprint: str) -> Learned:
    with stages.stage("training and judging on rows put aside, quarter by quarter"):
        judged = judge(workplace, panel)
    with stages.stage("fitting on all customers"):
        model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool))
        side_by_side = healthy_against_churned(
            np.asarray(panel.y), panel.X, customer_id=panel.customer_id, catalogue=workplace.catalogue
        )
        evidence, notes = gate_evidence(workplace, panel, judged, model, side_by_side)
        verdict = decide_promotion(evidence, workplace.settings.promotion.policy)
        coverage = training_coverage(panel, model, judged, workplace.settings.drift.policy)
    told = (
        model.model_.summary["reason"],
        *panel.notes,
        *notes,
        *_coverage_warnings(coverage),
    )
    return Learned(panel, fingerprint, judged, model, side_by_side, verdict, told, coverage)


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
        learned.coverage,
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
        workplace.settings, panel, model, judged, verdict, learned.side_by_side, learned.coverage
    )
    return TrainingRecord(
        run_name=run.run_id,
        artifact_folder=artifact,
        artifact_hash=str(model.artifact_hash_),
        params=run_params(workplace, panel, judged.split, model),
        metrics=run_metrics(judged),
        tags={
            "input_fingerprint": learned.fingerprint,
            "decision": verdict.decision,
            "ledger_run": run.run_id,
        },
        tables={
            **run_tables(judged, model, panel, learned.side_by_side, verdict),
            "coverage": learned.coverage,
        },
        texts={
            "model_card.md": card,
            "churnhealth.toml": workplace.config.read_text(encoding="utf-8-sig"),
        },
        input_example=panel.X.head(5),
    )
