"""A fitted model: columns, stack and calibrator, learned from one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator, choose_calibrator, log_losses
from churnhealth.model.columns import BoolArray, ColumnSpec, FloatArray, encode_table, learn_columns
from churnhealth.model.folds import customer_folds
from churnhealth.model.linear import fit_linear
from churnhealth.model.stack import Member, Stack, build_stack, stack_weights
from churnhealth.model.trees import fit_trees


@dataclass(frozen=True)
class FittedModel:
    """Everything that turns a table into calibrated probabilities.

    Parameters
    ----------
    columns : tuple of ColumnSpec
        Indicators in the order of the matrix.
    stack : Stack
        From the matrix to a margin.
    calibrator : Calibrator
        From the margin to a probability.
    base_rate : float
        Share of churners among the training rows.
    summary : dict
        What was learned, for people: rows, churners, folds, weights, out-of-fold log losses.
    """

    columns: tuple[ColumnSpec, ...]
    stack: Stack
    calibrator: Calibrator
    base_rate: float
    summary: dict[str, Any] = field(default_factory=dict)


def fit_model(
    frame: pd.DataFrame,
    y: FloatArray,
    *,
    weight: FloatArray | None = None,
    customers: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> FittedModel:
    """Fit learners out of fold, weigh them, and calibrate the stack.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_indicators)
        Indicators.
    y : ndarray, shape (n_rows,)
        1 churned, 0 not; both occur.
    weight : ndarray, shape (n_rows,), optional
        Row weights, 0 or more.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes; rows of one customer stay in one fold.
    seed : int
        Seed of folds and trees: the same seed gives the same model.
    threads : int
        Threads for LightGBM.

    Notes
    -----
    Where a class has fewer than two customers nothing can be judged out of fold, and the model is
    the base rate.
    """
    columns = learn_columns(frame)
    matrix = encode_table(frame, columns).matrix
    weight = np.ones(len(y)) if weight is None else weight
    base_rate = float(np.average(y, weights=weight))
    folds = customer_folds(y, customers, seed=seed)
    # BLAS threads spin for longer than these small problems take to solve.
    with threadpool_limits(1, user_api="blas"):
        stack, calibrator, summary = _fit_stack(
            matrix, y, weight, columns, folds, seed, threads, base_rate
        )
    return FittedModel(columns, stack, calibrator, base_rate, summary)


def _fit_stack(
    matrix: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    columns: Sequence[ColumnSpec],
    folds: Sequence[BoolArray],
    seed: int,
    threads: int,
    base_rate: float,
) -> tuple[Stack, Calibrator, dict[str, Any]]:
    members: list[Member] = []
    margins = np.zeros((len(y), 0))
    calibrator = NO_CALIBRATOR
    if folds:
        linear, linear_margin = fit_linear(matrix, y, weight, columns, folds)
        trees, trees_margin = fit_trees(matrix, y, weight, columns, folds, seed=seed, threads=threads)
        members = [linear, trees]
        margins = np.column_stack([linear_margin, trees_margin])
    weights = stack_weights(margins, y, weight) if members else np.ones(1)
    stack = build_stack(members, weights, base_rate, matrix.shape[1])
    if folds:
        margin = margins @ weights[:-1] + stack.intercept
        calibrator = choose_calibrator(margin, y, weight, folds)
    summary = _summary(members, margins, weights, y, weight, len(folds), calibrator)
    return stack, calibrator, summary


def _summary(
    members: Sequence[Member],
    margins: FloatArray,
    weights: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    folds: int,
    calibrator: Calibrator,
) -> dict[str, Any]:
    base_rate = np.average(y, weights=weight)
    losses = {
        member.name: float(np.average(log_losses(margins[:, at], y), weights=weight))
        for at, member in enumerate(members)
    }
    base = np.full(len(y), np.log(base_rate / (1.0 - base_rate)))
    stacked = (margins @ weights[:-1] + weights[-1] * base) if members else base
    return {
        "rows": len(y),
        "churners": int((y == 1).sum()),
        "folds": folds,
        "weights": {
            **{member.name: float(one) for member, one in zip(members, weights, strict=False)},
            "base_rate": float(weights[-1]),
        },
        "calibrator": calibrator.name,
        "out_of_fold_log_loss": {
            **losses,
            "base_rate": float(np.average(log_losses(base, y), weights=weight)),
            "stack": float(np.average(log_losses(stacked, y), weights=weight)),
        },
    }
