"""A recipe, indicators and settings, fitted on some rows of a panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from churnhealth.domain.scorecard import PointTable
from churnhealth.estimator import HealthModel
from churnhealth.features.panel import Panel
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import BoolArray


def fit_rows(
    workplace: Workplace, panel: Panel, rows: BoolArray, indicators: Sequence[str] | None = None
) -> HealthModel:
    """Fit the recipe of the settings on some rows of a panel.

    Parameters
    ----------
    workplace : Workplace
        Settings and catalogue.
    panel : Panel
        With labels, none missing.
    rows : ndarray of bool, shape (n,)
        Rows to learn from.
    indicators : sequence of str, optional
        The recipe's indicators; None: all of the panel.
    """
    settings = workplace.settings
    table = panel.X[rows] if indicators is None else panel.X.loc[rows, list(indicators)]
    model = HealthModel(
        settings.problem,
        catalogue=workplace.catalogue,
        bands=settings.bands,
        segments=_corrected_segments(settings, panel, table),
        points=_points(settings, indicators),
        random_state=settings.model.random_state,
    )
    labels = np.asarray(panel.y)[rows].astype(bool)
    # The panel's labels are 1 and 0 by now, whatever they were called in the source.
    model.set_params(problem=settings.problem.with_plain_label())
    cutoff = panel.cutoff[rows]
    return model.fit(table, labels, cutoff=cutoff, customer_id=panel.customer_id[rows])


def _points(settings: Settings, indicators: Sequence[str] | None) -> PointTable | None:
    """Return the rules that the recipe can use; a recipe of all indicators must have all of them."""
    if settings.points is None or indicators is None:
        return settings.points
    kept = settings.points.among(indicators)
    return kept if kept.rules else None


def _corrected_segments(settings: Settings, panel: Panel, table: pd.DataFrame) -> list[str]:
    """Return the segments whose calibration may be corrected: the categories that the recipe has."""
    names = [name for name in segment_columns(settings, panel.X) if name in table]
    return [name for name in names if not pd.api.types.is_numeric_dtype(table[name])]
