"""The retraining job: learn, judge on customers put aside, decide, and only then put in place."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from churnhealth.adapters.tracking import ModelVersion, TrainingRecord
from churnhealth.domain.promotion import Verdict, decide_promotion
from churnhealth.errors import NotEnoughDataError
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.report import EvaluationReport, evaluate_model
from churnhealth.evaluate.side_by_side import healthy_against_churned
from churnhealth.features.fingerprint import frame_fingerprint
from churnhealth.features.panel import Panel, training_panel
from churnhealth.jobs.declarations_changed import recipe_fault
from churnhealth.jobs.history_panel import history_training_panel
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.model_card import model_card
from churnhealth.jobs.score import load_version
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.training_record import run_metrics, run_params, run_tables
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import HoldoutSplit, holdout_split

STAGES = 4


@dataclass(frozen=True)
class RetrainResult:
    """What a retraining job did.

    Parameters
    ----------
    run_id : str
        Row of `health_runs`.
    verdict : Verdict
        "promoted" or "kept", with reasons.
    version : ModelVersion
        The new version: champion when promoted, else challenger.
    report : EvaluationReport
        The new recipe on rows that it had not seen.
    split : str
        How rows were put aside, in words.
    notes : tuple of str
        What the reader should know about the panel.
    """

    run_id: str
    verdict: Verdict
    version: ModelVersion
    report: EvaluationReport
    split: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A recipe judged on rows put aside."""

    report: EvaluationReport
    champion_log_loss: float | None
    champion_fault: str | None


def retrain(workplace: Workplace) -> RetrainResult:
    """Train on the panel, judge on rows put aside, decide, and register.

    The recipe (indicators, learners, settings) is judged on rows that it was not trained on; the
    champion's recipe is trained and judged on the same rows. Then the new recipe is fitted on all
    labelled rows, and that model is registered: as champion when the verdict is "promoted", else as
    challenger.

    Raises
    ------
    ChurnHealthError
        Faults of the panel, too few customers or churners, a registry or warehouse that cannot be
        written. The champion stays as it is.
    """
    with job_run(workplace, "retrain") as run:
        return _retrain(workplace, run)


def _retrain(workplace: Workplace, run: JobRun) -> RetrainResult:
    settings = workplace.settings
    workplace.progress("reading the panel")
    panel = labelled(read_training_panel(workplace))
    require_enough(panel, settings.model.minimum_customers, settings.model.minimum_churners)
    fingerprint = panel_fingerprint(panel)
    record = run.begin(rows_read=panel.rows_read, input_fingerprint=fingerprint)
    split = holdout_split(
        panel.customer_id,
        panel.cutoff,
        settings.problem,
        settings.model.holdout_share,
        settings.model.random_state,
        panel.y,
    )
    workplace.progress("training and judging on customers put aside")
    judged = _judge(workplace, panel, split)
    verdict = decide_promotion(
        judged.report.metric("log_loss"),
        judged.report.metric("log_loss_base_rate"),
        judged.champion_log_loss,
        champion_fault=judged.champion_fault,
    )
    workplace.progress("fitting on all customers")
    model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool))
    workplace.progress("registering in MLflow")
    version = _register(workplace, run, panel, split, judged, verdict, model, fingerprint)
    message = f"{verdict.decision}: {' '.join(verdict.reasons)}"
    workplace.warehouse.finish_run(
        record, workplace.clock(), message=message, model_version=version.model_version
    )
    return RetrainResult(
        run.run_id,
        verdict,
        version,
        judged.report,
        split.description,
        (model.model_.summary["reason"], *panel.notes),
    )


def read_training_panel(workplace: Workplace) -> Panel:
    """Read the panel with its labels, through the same door as for scoring."""
    settings = workplace.settings
    if settings.is_history:
        return history_training_panel(workplace)
    frame = workplace.read(settings.panel_source)
    return training_panel(
        frame, settings.panel_columns, settings.problem, cutoff=settings.panel.cutoff_date
    )


def labelled(panel: Panel) -> Panel:
    """Return the panel without its censored rows; they are counted in its notes."""
    if panel.y is None or not np.isnan(panel.y).any():
        return panel
    known = ~np.isnan(panel.y)
    return Panel(
        panel.customer_id[known].reset_index(drop=True),
        panel.cutoff[known].reset_index(drop=True),
        panel.X[known].reset_index(drop=True),
        panel.y[known],
        None if panel.mrr is None else panel.mrr[known],
        panel.currency,
        panel.rejects,
        panel.notes,
        panel.rows_read,
    )


def require_enough(panel: Panel, customers: int, churners: int) -> None:
    """Refuse panels from which nothing honest can be learned.

    Raises
    ------
    NotEnoughDataError
        With the numbers needed, the numbers found, and why.
    """
    labels = np.asarray(panel.y)
    found, left = panel.customer_id.nunique(), panel.customer_id[labels == 1].nunique()
    if found >= customers and left >= churners:
        return
    raise NotEnoughDataError(
        f"expected at least {customers} customers with a label, {churners} of them churners, got "
        f"{found} and {left}. With fewer, the score would be little more than the base rate and its "
        "error could not be measured. Take more cutoffs or a longer horizon, or lower "
        "minimum_customers and minimum_churners under [model] in churnhealth.toml."
    )


def panel_fingerprint(panel: Panel) -> str:
    """Hash customers, cutoffs, indicators and labels."""
    keys = {
        (0, "customer_id"): panel.customer_id.to_numpy(),
        (0, "cutoff"): panel.cutoff.to_numpy(),
        (0, "label"): panel.y,
    }
    return frame_fingerprint(pd.concat([panel.X, pd.DataFrame(keys, index=panel.X.index)], axis=1))


def fit_rows(
    workplace: Workplace, panel: Panel, rows: np.ndarray, indicators: list[str] | None = None
) -> HealthModel:
    """Fit the recipe of the settings on some rows of a panel."""
    settings = workplace.settings
    table = panel.X[rows] if indicators is None else panel.X.loc[rows, indicators]
    model = HealthModel(
        settings.problem,
        catalogue=workplace.catalogue,
        bands=settings.bands,
        segments=_corrected_segments(settings, panel, table),
        random_state=settings.model.random_state,
    )
    labels = np.asarray(panel.y)[rows].astype(bool)
    # The panel's labels are 1 and 0 by now, whatever they were called in the source.
    model.set_params(problem=settings.problem.with_plain_label())
    cutoff = panel.cutoff[rows]
    return model.fit(table, labels, cutoff=cutoff, customer_id=panel.customer_id[rows])


def _corrected_segments(settings: Settings, panel: Panel, table: pd.DataFrame) -> list[str]:
    """Return the segments whose calibration may be corrected: the categories that the recipe has."""
    names = [name for name in segment_columns(settings, panel.X) if name in table]
    return [name for name in names if not pd.api.types.is_numeric_dtype(table[name])]


def _judge(workplace: Workplace, panel: Panel, split: HoldoutSplit) -> Judged:
    model = fit_rows(workplace, panel, split.train)
    names = list(panel.X.columns)
    report = evaluate_model(
        np.asarray(panel.y)[split.test],
        model.churn_probability(panel.X[split.test]),
        customer_id=panel.customer_id[split.test],
        mrr=None if panel.mrr is None else panel.mrr[split.test],
        segments=panel.X.loc[split.test, segment_columns(workplace.settings, panel.X)],
        indicators=panel.X[split.test],
        score=model.churn_probability,
        catalogue=workplace.catalogue,
        random_state=workplace.settings.model.random_state,
    )
    champion = workplace.registry.champion()
    if champion is None:
        return Judged(report, None, None)
    known = load_version(workplace.registry, champion).catalogue_
    wanted = list(known)
    fault = recipe_fault(workplace.settings, known, names)
    if fault or set(wanted) == set(names):
        return Judged(report, None if fault else report.metric("log_loss"), fault)
    rival = fit_rows(workplace, panel, split.train, wanted)
    predicted = rival.churn_probability(panel.X.loc[split.test, wanted])
    judged = evaluate_model(np.asarray(panel.y)[split.test], predicted, n_boot=0, n_sim=1)
    return Judged(report, judged.metric("log_loss"), None)


def _register(
    workplace: Workplace,
    run: JobRun,
    panel: Panel,
    split: HoldoutSplit,
    judged: Judged,
    verdict: Verdict,
    model: HealthModel,
    fingerprint: str,
) -> ModelVersion:
    side_by_side = healthy_against_churned(
        np.asarray(panel.y), panel.X, customer_id=panel.customer_id, catalogue=workplace.catalogue
    )
    with tempfile.TemporaryDirectory(prefix="churnhealth-") as folder:
        artifact = model.save(Path(folder) / "model")
        record = TrainingRecord(
            run_name=run.run_id,
            artifact_folder=artifact,
            artifact_hash=str(model.artifact_hash_),
            params=run_params(workplace, panel, split, model),
            metrics=run_metrics(judged.report, judged.champion_log_loss),
            tags={
                "input_fingerprint": fingerprint,
                "decision": verdict.decision,
                "ledger_run": run.run_id,
            },
            tables=run_tables(judged.report, model, panel, side_by_side),
            texts={
                "model_card.md": model_card(
                    workplace.settings, model, judged.report, verdict, split, side_by_side
                ),
                "churnhealth.toml": workplace.config.read_text(encoding="utf-8-sig"),
            },
            input_example=panel.X.head(5),
        )
        version = workplace.registry.log_version(record)
    if verdict.decision == "promoted":
        workplace.registry.set_champion(version.version)
    else:
        workplace.registry.set_challenger(version.version)
    return version
