"""The rolling-origin backtest of a project's recipe: which windows, which models, on which rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from churnhealth.domain.health import FloatArray
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.backtest import Backtest, rolling_backtest
from churnhealth.features.panel import Panel
from churnhealth.jobs.baselines import baselines
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import HoldoutSplit
from churnhealth.labels.rolling_windows import RollingWindow, require_unseen, rolling_windows

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


def backtest(
    workplace: Workplace, panel: Panel, windows: Sequence[RollingWindow]
) -> tuple[Backtest, HealthModel]:
    """Judge the recipe of the settings and the baselines on every window; one fit each.

    Returns
    -------
    table : Backtest
        Models "challenger", then the baselines.
    model : HealthModel
        The recipe as it was fitted for the newest window.

    Raises
    ------
    LeakageError
        A fit that knows labels from a window on which it would be judged.
    """
    settings, newest = workplace.settings, dict[str, HealthModel]()

    def predict(window: RollingWindow) -> dict[str, FloatArray]:
        model = fit_rows(workplace, panel, window.train)
        require_unseen(model.label_known_through_, window)
        newest["model"] = model
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

    table = rolling_backtest(
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
    return table, newest["model"]
