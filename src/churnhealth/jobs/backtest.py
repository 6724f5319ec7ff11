"""The rolling-origin backtest of a project's recipe: which windows, which models, on which rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import Backtest, Predict, rolling_backtest
from churnhealth.features.panel import Panel
from churnhealth.jobs.baselines import baselines
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import HoldoutSplit
from churnhealth.labels.rolling_windows import RollingWindow, require_unseen, rolling_windows
from churnhealth.model.options import TrainingOptions

CHALLENGER = "challenger"


def judged_windows(workplace: Workplace, panel: Panel) -> tuple[HoldoutSplit, list[RollingWindow]]:
    """Return how the newest rows are put aside, and the windows to judge, oldest first."""
    settings = workplace.settings
    return rolling_windows(
        panel.customer_id,
        panel.cutoff,
        settings.problem,
        np.asarray(panel.y),
        most=settings.model.backtest_windows,
        least_churners=settings.model.minimum_churners,
        share=settings.model.holdout_share,
        random_state=settings.model.random_state,
    )


@dataclass(frozen=True, eq=False)
class JudgedWindow:
    """One window on which recipes were judged.

    Parameters
    ----------
    window : RollingWindow
        Its rows.
    label_known_through : Timestamp, optional
        Instant at which the newest label was certain that the challenger's fit for it learned from;
        None without cutoffs.
    """

    window: RollingWindow
    label_known_through: pd.Timestamp | None


def backtest(
    workplace: Workplace,
    panel: Panel,
    windows: Sequence[RollingWindow],
    options: TrainingOptions | None = None,
) -> tuple[Backtest, HealthModel, tuple[JudgedWindow, ...]]:
    """Judge the recipe of the settings, with options, and the baselines on every window; one fit each.

    Returns
    -------
    table : Backtest
        Models "challenger", then the baselines.
    model : HealthModel
        The recipe as it was fitted for the newest window.
    judged : tuple of JudgedWindow
        The windows, in the same order.

    Raises
    ------
    LeakageError
        A fit that knows labels from a window on which it would be judged.
    """
    settings = workplace.settings
    fitted, judged = list[HealthModel](), list[JudgedWindow]()

    def predict(window: RollingWindow) -> dict[str, FloatArray]:
        model = fit_rows(workplace, panel, window.train, None, options)
        require_unseen(model.label_known_through_, window)
        fitted[:] = [model]
        judged.append(JudgedWindow(window, model.label_known_through_))
        return {
            CHALLENGER: model.churn_probability(panel.X[window.test]),
            **baselines(
                panel,
                window.train,
                window.test,
                points=settings.points,
                random_state=settings.model.random_state,
            ),
        }

    table = _table(workplace, panel, windows, predict)
    return table, fitted[0], tuple(judged)


def judged_again(
    workplace: Workplace, panel: Panel, window: RollingWindow, predicted: Mapping[str, FloatArray]
) -> Backtest:
    """Judge probabilities that are known already, by the same measures as `backtest`.

    Parameters
    ----------
    workplace, panel
        As for `backtest`.
    window : RollingWindow
        Its `test` rows are judged.
    predicted : mapping of str to ndarray, shape (n_test,)
        Churn probabilities (0-1) of these rows, by model.
    """
    return _table(workplace, panel, [window], lambda _: predicted)


def _table(
    workplace: Workplace, panel: Panel, windows: Sequence[RollingWindow], predict: Predict
) -> Backtest:
    settings = workplace.settings
    return rolling_backtest(
        np.asarray(panel.y),
        windows,
        predict,
        customer_id=panel.customer_id,
        mrr=panel.mrr,
        segments=panel.X[segment_columns(settings, panel.X)],
        capacity=settings.health.capacity,
        level=settings.promotion.level,
        random_state=settings.model.random_state,
    )
