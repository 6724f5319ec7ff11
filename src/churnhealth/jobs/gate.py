"""From judged recipes and fitted models to the evidence that the promotion gate decides by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.promotion_evidence import Bounded, Calibration, GateEvidence, LossDifference
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import Backtest
from churnhealth.evaluate.compare import paired_difference
from churnhealth.evaluate.judged_rows import OWN_BASE_RATE
from churnhealth.evaluate.model_change import (
    band_changes,
    flipped_drivers,
    importance_shares,
    lone_aucs,
)
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.explain.explanation import source_of
from churnhealth.features.panel import Panel
from churnhealth.jobs.baselines import BASE_RATE
from churnhealth.jobs.judging import Judged, JudgedChampion
from churnhealth.jobs.wiring import Workplace

# Contributions of so many customers tell signs and shares well enough.
MOST_EXPLAINED = 2000


@dataclass(frozen=True)
class ModelChange:
    """What the new artifact changes for the customers of the newest window.

    Parameters
    ----------
    customers, bands : int
        Customers scored by both artifacts, and how many change their band.
    flipped : tuple of str
        Indicators whose effect has the opposite sign.
    note : str, optional
        Why the two could not be compared.
    """

    customers: int = 0
    bands: int = 0
    flipped: tuple[str, ...] = ()
    note: str | None = None


def gate_evidence(
    workplace: Workplace,
    panel: Panel,
    judged: Judged,
    model: HealthModel,
    side_by_side: pd.DataFrame,
) -> tuple[GateEvidence, tuple[str, ...]]:
    """Gather the evidence, and what the reader should know about it.

    Parameters
    ----------
    workplace : Workplace
        Settings.
    panel : Panel
        All labelled rows.
    judged : Judged
        The recipes on rows put aside.
    model : HealthModel
        The new artifact, fitted on all labelled rows.
    side_by_side : DataFrame
        As made by `healthy_against_churned`.
    """
    table, report, champion = judged.backtest, judged.report, judged.champion
    here = panel.X[judged.split.test]
    points = _points(model, here)
    change = _change(model, points, here, champion)
    found = _differences(table, table.overall)
    newest = _differences(table, str(table.windows["window"].iloc[-1]))
    challenger = table.models[0]
    evidence = GateEvidence(
        challenger=report.metric("log_loss"),
        base_rate=report.metric("log_loss_base_rate"),
        windows=len(table.windows),
        against_base_rate=found[challenger, OWN_BASE_RATE],
        calibration=_calibration(report),
        newest_against_base_rate=newest[challenger, OWN_BASE_RATE],
        champion=judged.champion_log_loss,
        against_champion=_against_champion(workplace, panel, judged),
        champion_calibration=_calibration(champion.report) if champion and champion.report else None,
        champion_fault=champion.fault if champion else None,
        against_baselines={
            than: gap
            for (model_name, than), gap in found.items()
            if model_name == challenger and than not in (OWN_BASE_RATE, BASE_RATE)
        },
        baselines_against_base_rate={
            name: gap
            for (name, than), gap in found.items()
            if than == OWN_BASE_RATE and name not in (challenger, BASE_RATE)
        },
        customers_compared=change.customers,
        band_changes=change.bands,
        flipped_drivers=change.flipped,
        lone_aucs=lone_aucs(side_by_side),
        importance=importance_shares(points),
        training_skill=_training_skill(judged.trained),
        judged_skill=_bounded(report, "log_loss_skill"),
    )
    return evidence, (change.note,) if change.note else ()


def _differences(table: Backtest, window: str) -> dict[tuple[str, str], LossDifference]:
    rows = table.differences[table.differences["window"] == window]
    figures = rows[["difference", "low", "high", "standard_error"]].astype(np.float64)
    pairs = zip(map(str, rows["model"]), map(str, rows["than"]), strict=True)
    differences = (LossDifference(*one) for one in figures.itertuples(index=False, name=None))
    return dict(zip(pairs, differences, strict=True))


def _against_champion(workplace: Workplace, panel: Panel, judged: Judged) -> LossDifference | None:
    champion = judged.champion
    if champion is None or champion.predicted is None:
        return None
    gap = paired_difference(
        np.asarray(panel.y)[judged.split.test],
        judged.predicted,
        champion.predicted,
        customer_id=panel.customer_id[judged.split.test],
        level=workplace.settings.promotion.level,
        random_state=workplace.settings.model.random_state,
    )
    return LossDifference(gap.difference, gap.low, gap.high, gap.standard_error)


def _calibration(report: EvaluationReport) -> Calibration:
    return Calibration(
        _bounded(report, "calibration_in_the_large"),
        _bounded(report, "calibration_slope"),
        report.metric("ici"),
        report.metric("ici_floor_95"),
    )


def _bounded(report: EvaluationReport, metric: str) -> Bounded:
    line = report.metrics.loc[report.metrics["metric"] == metric, ["value", "low", "high"]]
    return Bounded(*map(float, line.to_numpy(np.float64)[0]))


def _training_skill(model: HealthModel) -> float:
    losses: Mapping[str, Any] = model.model_.summary["out_of_fold_log_loss"]
    if "calibrated" not in losses or not losses.get("base rate"):
        return float("nan")
    return 1.0 - float(losses["calibrated"]) / float(losses["base rate"])


def _points(model: HealthModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Return contributions by indicator, those of missing values and segments included."""
    points = model.explain(rows.iloc[:MOST_EXPLAINED]).points
    return points.T.groupby([source_of(str(name)) for name in points.columns], sort=False).sum().T


def _change(
    model: HealthModel, points: pd.DataFrame, rows: pd.DataFrame, champion: JudgedChampion | None
) -> ModelChange:
    if champion is None or champion.fault is not None:
        return ModelChange()
    known = rows[list(champion.artifact.catalogue_)]
    try:
        before = _points(champion.artifact, known)
        bands = band_changes(champion.artifact.health_band(known), model.health_band(rows))
    except SchemaError as error:
        return ModelChange(note=f"bands and drivers are not compared with the champion's: {error}")
    return ModelChange(len(rows), bands, tuple(flipped_drivers(before, points)))
