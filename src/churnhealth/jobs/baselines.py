"""The simpler models that a recipe must beat, trained and judged on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.domain.scorecard import PointTable
from churnhealth.features.panel import Panel
from churnhealth.labels.holdout import BoolArray
from churnhealth.model.baselines import BASELINES, baseline_probabilities

BASE_RATE, POINTS, LOGISTIC = BASELINES


def baselines(
    panel: Panel,
    train: BoolArray,
    test: BoolArray,
    *,
    points: PointTable | None = None,
    random_state: int = 0,
) -> dict[str, FloatArray]:
    """Return the churn probabilities of the simpler models for some rows.

    Parameters
    ----------
    panel : Panel
        With labels, none missing.
    train, test : ndarray of bool, shape (n,)
        Rows to learn from, with both classes, and rows to predict.
    points : PointTable, optional
        The point table made by hand; None: it is learned.
    random_state : int
        Seed of the folds that choose the penalty.

    Returns
    -------
    dict of ndarray of shape (rows of `test`,)
        "base rate", "point table" and "logistic regression", as `baseline_probabilities` has them.
    """
    customers = np.asarray(pd.factorize(panel.customer_id[train])[0], dtype=np.int64)
    found = baseline_probabilities(
        panel.X[train],
        np.asarray(panel.y, dtype=np.float64)[train],
        panel.X[test],
        customers=customers,
        points=points,
        seed=random_state,
    )
    return {name: found[name].to_numpy() for name in BASELINES}
