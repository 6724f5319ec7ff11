"""Recipes judged on rows put aside: the challenger's window by window, the champion's on the newest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnhealth.domain.health import FloatArray
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import Backtest
from churnhealth.evaluate.report import EvaluationReport, evaluate_model
from churnhealth.features.panel import Panel
from churnhealth.jobs.backtest import JudgedWindow, backtest, judged_again, judged_windows
from churnhealth.jobs.declarations_changed import recipe_fault
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.score import load_version
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import HoldoutSplit
from churnhealth.labels.rolling_windows import RollingWindow, require_unseen
from churnhealth.model.options import TrainingOptions

CHAMPION = "champion"


@dataclass(frozen=True, eq=False)
class JudgedChampion:
    """The champion's recipe on the newest window.

    Parameters
    ----------
    artifact : HealthModel
        What scores today. It is not judged: it may know labels of the window.
    fault : str, optional
        Why its recipe could not be trained and judged.
    predicted : ndarray, shape (n_test,), optional
        Churn probabilities of its recipe, trained on the same rows as the challenger's.
    report : EvaluationReport, optional
        Of these probabilities.
    table : Backtest, optional
        The same measures as the challenger's, under the name "champion".
    """

    artifact: HealthModel
    fault: str | None
    predicted: FloatArray | None = None
    report: EvaluationReport | None = None
    table: Backtest | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """What was found about challenger and champion.

    Parameters
    ----------
    split : HoldoutSplit
        How the newest rows were put aside.
    backtest : Backtest
        The challenger's recipe and the baselines, window by window.
    trained : HealthModel
        The challenger's recipe, fitted for the newest window.
    predicted : ndarray, shape (n_test,)
        Its churn probabilities there.
    report : EvaluationReport
        Of these probabilities.
    champion : JudgedChampion, optional
        None: there is no champion.
    windows : tuple of JudgedWindow
        Where the challenger's recipe was judged, the oldest first.
    """

    split: HoldoutSplit
    backtest: Backtest
    trained: HealthModel
    predicted: FloatArray
    report: EvaluationReport
    champion: JudgedChampion | None
    windows: tuple[JudgedWindow, ...] = ()

    @property
    def champion_log_loss(self) -> float | None:
        """Log loss of the champion's recipe on the newest window; None where it was not judged."""
        report = self.champion.report if self.champion else None
        return report.metric("log_loss") if report else None


def judge(workplace: Workplace, panel: Panel, options: TrainingOptions | None = None) -> Judged:
    """Judge the recipe of the settings, with options, on every window, and the champion's on the newest.

    Both are trained on the rows whose labels were known at the window; no artifact is judged, for it
    may have been trained on the window itself.
    """
    split, windows = judged_windows(workplace, panel)
    table, model, judged = backtest(workplace, panel, windows, options)
    newest = windows[-1]
    predicted = model.churn_probability(panel.X[newest.test])
    report = evaluate_model(
        np.asarray(panel.y)[newest.test],
        predicted,
        customer_id=panel.customer_id[newest.test],
        mrr=None if panel.mrr is None else panel.mrr[newest.test],
        segments=panel.X.loc[newest.test, segment_columns(workplace.settings, panel.X)],
        indicators=panel.X[newest.test],
        score=model.churn_probability,
        catalogue=workplace.catalogue,
        random_state=workplace.settings.model.random_state,
    )
    champion = _champion(workplace, panel, newest, model, predicted, report)
    return Judged(split, table, model, predicted, report, champion, judged)


def _champion(
    workplace: Workplace,
    panel: Panel,
    window: RollingWindow,
    challenger: HealthModel,
    predicted: FloatArray,
    report: EvaluationReport,
) -> JudgedChampion | None:
    version = workplace.registry.champion()
    if version is None:
        return None
    artifact = load_version(workplace.registry, version)
    wanted, names = list(artifact.catalogue_), list(panel.X.columns)
    fault = recipe_fault(workplace.settings, artifact.catalogue_, names)
    if fault is not None:
        return JudgedChampion(artifact, fault)
    if set(wanted) == set(names) and artifact.options_ == challenger.options_:
        table = judged_again(workplace, panel, window, {CHAMPION: predicted})
        return JudgedChampion(artifact, None, predicted, report, table)
    rival = fit_rows(workplace, panel, window.train, wanted, artifact.options_)
    require_unseen(rival.label_known_through_, window)
    theirs = rival.churn_probability(panel.X.loc[window.test, wanted])
    judged = evaluate_model(
        np.asarray(panel.y)[window.test],
        theirs,
        customer_id=panel.customer_id[window.test],
        random_state=workplace.settings.model.random_state,
    )
    table = judged_again(workplace, panel, window, {CHAMPION: theirs})
    return JudgedChampion(artifact, None, theirs, judged, table)
