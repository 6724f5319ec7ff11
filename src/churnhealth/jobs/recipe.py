"""A recipe, indicators and settings, fitted on some rows of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnhealth.domain.scorecard import PointTable
from churnhealth.estimator import HealthModel
from churnhealth.features.panel import Panel
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.holdout import BoolArray
from churnhealth.model.options import TrainingOptions


def fit_rows(
    workplace: Workplace,
    panel: Panel,
    rows: BoolArray,
    indicators: Sequence[str] | None = None,
    options: TrainingOptions | None = None,
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
    options : TrainingOptions, optional
        How bold its learners are; None: the defaults.
    """
    model, given = unfitted(workplace, panel, rows, indicators, options)
    return model.fit(given.table, given.label, cutoff=given.cutoff, customer_id=given.customer_id)


@dataclass(frozen=True, eq=False)
class FitRows:
    """What a model is fitted on.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_indicators)
    label : ndarray of bool, shape (n_rows,)
        Churned or not.
    cutoff, customer_id : Series of n_rows
    """

    table: pd.DataFrame
    label: BoolArray
    cutoff: pd.Series
    customer_id: pd.Series


def unfitted(
    workplace: Workplace,
    panel: Panel,
    rows: BoolArray,
    indicators: Sequence[str] | None = None,
    options: TrainingOptions | None = None,
) -> tuple[HealthModel, FitRows]:
    """Return the recipe as a model that is not fitted yet, and what to fit it on; as for `fit_rows`."""
    settings = workplace.settings
    table = panel.X[rows] if indicators is None else panel.X.loc[rows, list(indicators)]
    model = HealthModel(
        settings.problem,
        catalogue=workplace.catalogue,
        bands=settings.bands,
        segments=_corrected_segments(settings, panel, table),
        points=_points(settings, indicators),
        options=options,
        random_state=settings.model.random_state,
    )
    labels = np.asarray(panel.y)[rows].astype(bool)
    # The panel's labels are 1 and 0 by now, whatever they were called in the source.
    model.set_params(problem=settings.problem.with_plain_label())
    return model, FitRows(table, labels, panel.cutoff[rows], panel.customer_id[rows])


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
