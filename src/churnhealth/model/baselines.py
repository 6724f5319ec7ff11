"""What a model must beat: the base rate, a point table, and a logistic regression, on the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from churnhealth.domain.scorecard import PointTable
from churnhealth.model.columns import FloatArray, IntArray, encode_table, learn_columns
from churnhealth.model.folds import customer_groups
from churnhealth.model.linear import fit_linear
from churnhealth.model.points import fit_points
from churnhealth.model.stack import Member, Stack, build_stack
from churnhealth.model.target import TargetCode
from churnhealth.model.training import TrainingRows
from churnhealth.model.weights import stack_weights

BASELINES = ("base rate", "point table", "logistic regression")


def baseline_probabilities(
    train: pd.DataFrame,
    y: FloatArray,
    test: pd.DataFrame,
    *,
    weight: FloatArray | None = None,
    customers: IntArray | None = None,
    points: PointTable | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Learn three plain models from some rows and ask them about others.

    Parameters
    ----------
    train, test : DataFrame, shape (n_rows, n_indicators)
        Indicators of the rows to learn from, and of the rows to be judged; the same columns.
    y : ndarray, shape (n_train_rows,)
        1 churned, 0 not; both occur.
    weight : ndarray, shape (n_train_rows,), optional
        Row weights, 0 or more.
    customers : ndarray of int, shape (n_train_rows,), optional
        Customer codes of the rows to learn from.
    points : PointTable, optional
        The point table made by hand; None: it is learned from `train`.
    seed : int
        Seed of the folds.

    Returns
    -------
    DataFrame, shape (n_test_rows, 3)
        Churn probabilities (0-1) in the columns "base rate", "point table" and "logistic regression";
        the index of `test`.

    Raises
    ------
    SchemaError
        All faults of the columns, or of the point table on them.

    Notes
    -----
    The logistic regression is straight (no splines), L2-penalised by out-of-fold log loss. Each model is
    weighed with the base rate by out-of-fold log loss, as on the ladder of `HealthModel`, and not
    calibrated further. Where a class has fewer than two customers all three are the base rate.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rows = pd.DataFrame({"logins": rng.poisson(8, 500).astype(float)})
    >>> churned = (rng.random(500) < 1.0 / (1.0 + rows["logins"])).to_numpy(np.float64)
    >>> told = baseline_probabilities(rows, churned, pd.DataFrame({"logins": [2.0, 8.0, 14.0]}))
    >>> bool((told["base rate"] == churned.mean()).all())
    True
    >>> bool(told["point table"].is_monotonic_decreasing)
    True
    """
    if points is not None:
        points.points(train)
    columns = learn_columns(train)
    matrix, asked = encode_table(train, columns).matrix, encode_table(test, columns).matrix
    weight = np.ones(len(y)) if weight is None else weight
    base_rate = float(np.average(y, weights=weight))
    told = pd.DataFrame(base_rate, index=test.index, columns=list(BASELINES))
    groups = customer_groups(y, customers, seed=seed)
    if groups is None:
        return told
    rows = TrainingRows(matrix, y, weight, columns, groups, customers)
    with threadpool_limits(1, user_api="blas"):
        table = _weighed(*fit_points(rows, points), rows)
        regression = _weighed(*fit_linear(rows, splines=False), rows, rows.target_codes)
    told["point table"] = expit(table.margin(asked))
    told["logistic regression"] = expit(regression.margin(asked))
    return told


def _weighed(
    member: Member, margin: FloatArray, rows: TrainingRows, codes: tuple[TargetCode, ...] = ()
) -> Stack:
    """Return the member and the base rate with the weights that predict best out of fold."""
    weights = stack_weights(margin[:, None], rows.y, rows.weight)
    base_rate = float(np.average(rows.y, weights=rows.weight))
    return build_stack([member], weights, base_rate, rows.matrix.shape[1], codes)
