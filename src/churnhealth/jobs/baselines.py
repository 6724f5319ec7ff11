"""The simpler models that a recipe must beat, trained and judged on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from churnhealth.domain.health import FloatArray
from churnhealth.features.panel import Panel
from churnhealth.labels.holdout import BoolArray
from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.folds import customer_groups
from churnhealth.model.linear import fit_linear
from churnhealth.model.target import with_target_codes
from churnhealth.model.training import TrainingRows

BASE_RATE, LOGISTIC = "base rate", "logistic regression"


def baselines(
    panel: Panel, train: BoolArray, test: BoolArray, random_state: int = 0
) -> dict[str, FloatArray]:
    """Return the churn probabilities of the simpler models for some rows.

    Parameters
    ----------
    panel : Panel
        With labels, none missing.
    train, test : ndarray of bool, shape (n,)
        Rows to learn from, with both classes, and rows to predict.
    random_state : int
        Seed of the folds that choose the penalty.

    Returns
    -------
    dict of ndarray of shape (rows of `test`,)
        "base rate": the share of churners among the training rows; "logistic regression": penalised,
        straight lines, its strength chosen out of fold. The base rate again where a class has too few
        customers for folds.
    """
    y = np.asarray(panel.y)
    level = np.full(int(test.sum()), float(y[train].mean()))
    return {BASE_RATE: level, LOGISTIC: _logistic(panel, train, test, random_state, level)}


def _logistic(
    panel: Panel, train: BoolArray, test: BoolArray, random_state: int, level: FloatArray
) -> FloatArray:
    y = np.asarray(panel.y)[train]
    customers = np.asarray(pd.factorize(panel.customer_id[train])[0], dtype=np.int64)
    groups = customer_groups(y, customers, seed=random_state)
    if groups is None:
        return level
    columns = learn_columns(panel.X[train])
    matrix = encode_table(panel.X[train], columns).matrix
    rows = TrainingRows(matrix, y, np.ones(len(y)), columns, groups, customers)
    member, _ = fit_linear(rows, splines=False)
    judged = with_target_codes(encode_table(panel.X[test], columns).matrix, rows.target_codes)
    return np.asarray(expit(member.margin(judged)), dtype=np.float64)
