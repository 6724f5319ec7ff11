"""The retraining job: learn, judge on past quarters, decide, and only then put in place."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from churnhealth.adapters.tracking import ModelVersion
from churnhealth.domain.promotion import Verdict, decide_promotion
from churnhealth.evaluate.backtest import Backtest
from churnhealth.evaluate.missing import coverage_line, coverage_warnings
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.evaluate.said import Said
from churnhealth.evaluate.side_by_side import healthy_against_churned
from churnhealth.features.panel import Panel
from churnhealth.jobs.gate import gate_evidence
from churnhealth.jobs.judging import judge
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.pictures import training_pictures
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.register_version import Learned, register_version
from churnhealth.jobs.search import Search, champion_options, searched_options
from churnhealth.jobs.search_record import options_note
from churnhealth.jobs.stages import Stages
from churnhealth.jobs.training_coverage import training_coverage
from churnhealth.jobs.training_rows import panel_fingerprint, training_rows
from churnhealth.jobs.wiring import Workplace
from churnhealth.model.options import TrainingOptions
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
        stages = Stages(workplace, "retrain")
        with stages.stage("reading the panel"):
            panel = training_rows(workplace, cutoff)
            stages.tell(rows_read=panel.rows_read)
        learned = _learn(workplace, stages, panel, panel_fingerprint(panel), search)
        return _result(learned, None, None)
    with job_run(workplace, "retrain") as run:
        return _retrain(workplace, run, cutoff, search)


def _retrain(
    workplace: Workplace, run: JobRun, cutoff: dt.date | None, search: Search | None
) -> RetrainResult:
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
    learned = _with_pictures(_learn(workplace, stages, panel, fingerprint, search))
    with stages.stage("registering in MLflow"):
        version = register_version(workplace, run, learned)
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


def _learn(
    workplace: Workplace, stages: Stages, panel: Panel, fingerprint: str, search: Search | None
) -> Learned:
    options, searched = _options(workplace, stages, panel, search)
    with stages.stage("training and judging on rows put aside, quarter by quarter"):
        judged = judge(workplace, panel, options)
    with stages.stage("fitting on all customers"):
        model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool), None, options)
        side_by_side = healthy_against_churned(
            np.asarray(panel.y), panel.X, customer_id=panel.customer_id, catalogue=workplace.catalogue
        )
        evidence, notes = gate_evidence(workplace, panel, judged, model, side_by_side)
        verdict = decide_promotion(evidence, workplace.settings.promotion.policy)
        coverage = training_coverage(panel, model, judged, workplace.settings.drift.policy)
    told = (
        model.model_.summary["reason"],
        options_note(model, searched),
        *panel.notes,
        *notes,
        *_coverage_warnings(coverage),
    )
    return Learned(panel, fingerprint, judged, model, side_by_side, verdict, told, coverage, searched)


def _options(
    workplace: Workplace, stages: Stages, panel: Panel, search: Search | None
) -> tuple[TrainingOptions | None, SearchResult | None]:
    """Return the options of the learners: the champion's, or what a search finds beside them."""
    options = champion_options(workplace)
    if search is None:
        return options, None
    with stages.stage("searching options on rows known before the first window judged"):
        searched = searched_options(workplace, panel, search, options)
    return searched.options, searched


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
        learned.coverage,
    )
