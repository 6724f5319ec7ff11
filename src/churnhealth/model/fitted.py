"""A fitted model: columns, stack and calibrator, learned from one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator
from churnhealth.model.calibrate_fit import choose_calibrator
from churnhealth.model.columns import ColumnSpec, FloatArray, IntArray, encode_table, learn_columns
from churnhealth.model.folds import customer_groups
from churnhealth.model.ladder import choose_rung, no_rung
from churnhealth.model.later import newest_shift
from churnhealth.model.linear import fit_linear
from churnhealth.model.noise import standard_error
from churnhealth.model.segments import learn_corrections
from churnhealth.model.stack import Member, Stack, build_stack
from churnhealth.model.summary import describe
from churnhealth.model.training import TrainingRows
from churnhealth.model.trees import DEEP_TREES, SMALL_TREES, fit_trees
from churnhealth.model.weights import OutOfFold, members_worth_keeping, stack_weights

LEAF_BUDGET = 60_000
# Splines make some eight columns of each: beyond this there are more coefficients than they are worth.
MOST_BENT_COLUMNS = 500


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
    base_rate_error : float
        Standard error of the base rate's log-odds.
    summary : dict
        What was learned, for people: rows, churners, rung, weights, out-of-fold log losses.
    """

    columns: tuple[ColumnSpec, ...]
    stack: Stack
    calibrator: Calibrator
    base_rate: float
    base_rate_error: float = 0.0
    summary: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How a model is fitted.

    Parameters
    ----------
    seed : int
        Seed of folds and trees: the same seed gives the same model.
    threads : int
        Threads for LightGBM.
    leaf_budget : int
        Most leaves of all trees: what scoring and explaining may cost.
    segments : tuple of str
        Names of category columns within which calibration is corrected where it helps.
    monotone : mapping of str to {1, -1}
        Number columns whose rise never lowers (1) or never raises (-1) the margin.
    """

    seed: int = 0
    threads: int = 1
    leaf_budget: int = LEAF_BUDGET
    segments: tuple[str, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)


def fit_model(
    frame: pd.DataFrame,
    y: FloatArray,
    *,
    weight: FloatArray | None = None,
    customers: IntArray | None = None,
    cutoff: IntArray | None = None,
    recipe: Recipe | None = None,
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
    cutoff : ndarray of int, shape (n_rows,), optional
        When each row was asked about, on any rising scale; the intercept follows the newest.
    recipe : Recipe, optional
        Seed, threads, leaf budget, segments.

    Notes
    -----
    Where a class has fewer than two customers nothing can be judged out of fold, and the model is
    the base rate.
    """
    recipe = recipe or Recipe()
    columns = learn_columns(frame)
    matrix = encode_table(frame, columns).matrix
    weight = np.ones(len(y)) if weight is None else weight
    base_rate = float(np.average(y, weights=weight))
    base_error = standard_error(y, weight, customers) / (base_rate * (1.0 - base_rate))
    groups = customer_groups(y, customers, seed=recipe.seed)
    if groups is None:
        rung = no_rung(_distinct(y, customers))
        stack = build_stack((), np.ones(1), base_rate, len(columns))
        summary = describe(y, customers, rung, stack, NO_CALIBRATOR)
        return FittedModel(columns, stack, NO_CALIBRATOR, base_rate, base_error, summary)
    monotone = tuple(recipe.monotone.get(column.name, 0) for column in columns)
    rows = TrainingRows(matrix, y, weight, columns, groups, customers, monotone)
    # BLAS threads spin for longer than these small problems take to solve.
    with threadpool_limits(1, user_api="blas"):
        stack, calibrator, summary = _fit_stack(rows, cutoff, recipe, base_rate)
    return FittedModel(columns, stack, calibrator, base_rate, base_error, summary)


def _fit_stack(
    rows: TrainingRows, cutoff: IntArray | None, recipe: Recipe, base_rate: float
) -> tuple[Stack, Calibrator, dict[str, Any]]:
    members, margins = _fit_members(rows, recipe)
    told = OutOfFold(margins, rows.y, rows.weight, rows.groups, rows.customers)
    linear = [at for at, member in enumerate(members) if not member.leaves]
    rung, allowed = choose_rung(told, linear, _distinct(rows.y, rows.customers))
    told = _of_members(told, allowed)
    kept = members_worth_keeping(told, [members[at].leaves for at in allowed], recipe.leaf_budget)
    told, members = _of_members(told, kept), [members[allowed[at]] for at in kept]
    weights = stack_weights(told.margins, told.y, told.weight)
    stack = build_stack(members, weights, base_rate, rows.matrix.shape[1], rows.target_codes)
    margin = told.stacked(weights)
    calibrator, losses = NO_CALIBRATOR, dict[str, float]()
    if members:
        calibrator, losses = choose_calibrator(margin, told.y, told.weight, told.groups, told.customers)
    matrix = rows.matrix
    # Where everybody gets the base rate, everybody does.
    segments = _segment_columns(rows, recipe) if members else []
    corrections, gains = learn_corrections(margin, calibrator, matrix, told, segments)
    stack = stack.corrected(corrections)
    for correction in corrections:
        margin = margin + correction.of(matrix)
    if cutoff is not None and members:
        shift = newest_shift(calibrator.log_odds(margin), told, cutoff)
        calibrator = calibrator.shifted(shift)
    summary = describe(
        rows.y, rows.customers, rung, stack, calibrator,
        told=told, margin=margin, calibrator_losses=losses,
        segment_gains={rows.columns[at].name: gain for at, gain in gains.items()},
    )  # fmt: skip
    return stack, calibrator, summary


def _fit_members(rows: TrainingRows, recipe: Recipe) -> tuple[list[Member], FloatArray]:
    fitted: list[tuple[Member, FloatArray]] = [
        fit_linear(rows, splines=False),
        *([fit_linear(rows, splines=True)] if len(rows.columns) <= MOST_BENT_COLUMNS else []),
        fit_trees(rows, SMALL_TREES, seed=recipe.seed, threads=recipe.threads),
        fit_trees(rows, DEEP_TREES, seed=recipe.seed, threads=recipe.threads),
    ]
    return [member for member, _ in fitted], np.column_stack([margin for _, margin in fitted])


def _of_members(told: OutOfFold, members: Sequence[int]) -> OutOfFold:
    return OutOfFold(told.margins[:, list(members)], told.y, told.weight, told.groups, told.customers)


def _segment_columns(rows: TrainingRows, recipe: Recipe) -> list[tuple[int, int]]:
    names = [column.name for column in rows.columns]
    places = [names.index(name) for name in recipe.segments]
    return [(at, len(rows.columns[at].levels)) for at in places]


def _distinct(y: FloatArray, customers: IntArray | None) -> int:
    """Return the number of customers that churned at least once."""
    return int((y == 1).sum() if customers is None else len(np.unique(customers[y == 1])))
