"""A fitted model: columns, stack and calibrator, learned from one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from churnhealth.domain.scorecard import PointTable
from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator
from churnhealth.model.calibrate_fit import choose_calibrator
from churnhealth.model.columns import ColumnSpec, FloatArray, IntArray, encode_table, learn_columns
from churnhealth.model.folds import customer_groups
from churnhealth.model.ladder import choose_rung, no_rung
from churnhealth.model.later import Level, follow_level, mean_level_error
from churnhealth.model.linear import fit_linear
from churnhealth.model.points import fit_points
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
    level_error : float
        Standard error of the log-odds of everybody's level: of the base rate, and with cutoffs also of
        its moves from window to window.
    summary : dict
        What was learned, for people: rows, churners, rung, weights, out-of-fold log losses.
    point_table : PointTable
        That of the rung "point table", whatever rung was chosen: the one given, or the one learned;
        empty where nothing could be learned.
    """

    columns: tuple[ColumnSpec, ...]
    stack: Stack
    calibrator: Calibrator
    base_rate: float
    level_error: float = 0.0
    summary: dict[str, Any] = field(default_factory=dict)
    point_table: PointTable = field(default_factory=PointTable)


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
    points : PointTable, optional
        The rung "point table" made by hand; None: it is learned.
    """

    seed: int = 0
    threads: int = 1
    leaf_budget: int = LEAF_BUDGET
    segments: tuple[str, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)
    points: PointTable | None = None


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
        When each row was asked about, nanoseconds since 1970; the intercept follows the newest.
    recipe : Recipe, optional
        Seed, threads, leaf budget, segments.

    Notes
    -----
    Where a class has fewer than two customers nothing can be judged out of fold, and the model is
    the base rate.
    """
    recipe = recipe or Recipe()
    if recipe.points is not None:
        recipe.points.points(frame)  # tells its faults before anything is fitted
    columns = learn_columns(frame)
    matrix = encode_table(frame, columns).matrix
    weight = np.ones(len(y)) if weight is None else weight
    base_rate = float(np.average(y, weights=weight))
    groups = customer_groups(y, customers, seed=recipe.seed)
    if groups is None:
        rung = no_rung(_distinct(y, customers))
        stack = build_stack((), np.ones(1), base_rate, len(columns))
        summary = describe(y, customers, rung, stack, NO_CALIBRATOR)
        table = recipe.points or PointTable()
        level_error = mean_level_error(y, weight, customers)
        return FittedModel(columns, stack, NO_CALIBRATOR, base_rate, level_error, summary, table)
    monotone = tuple(recipe.monotone.get(column.name, 0) for column in columns)
    rows = TrainingRows(matrix, y, weight, columns, groups, customers, monotone)
    # BLAS threads spin for longer than these small problems take to solve.
    with threadpool_limits(1, user_api="blas"):
        return _fit_stack(rows, cutoff, recipe, base_rate)


def _fit_stack(
    rows: TrainingRows, cutoff: IntArray | None, recipe: Recipe, base_rate: float
) -> FittedModel:
    learners, margins = _fit_members(rows, recipe)
    points, margin_of_points = fit_points(rows, recipe.points)
    members: list[Member] = [*learners, points]
    margins = np.column_stack([margins, margin_of_points])
    told = OutOfFold(margins, rows.y, rows.weight, rows.groups, rows.customers)
    rungs = {
        "point table": [len(learners)],
        "logistic": [at for at, member in enumerate(learners) if not member.leaves],
        "stack": list(range(len(learners))),
    }
    rung, allowed = choose_rung(told, rungs, _distinct(rows.y, rows.customers))
    told = _of_members(told, allowed)
    kept = members_worth_keeping(told, [members[at].leaves for at in allowed], recipe.leaf_budget)
    told, members = _of_members(told, kept), [members[allowed[at]] for at in kept]
    weights = stack_weights(told.margins, told.y, told.weight)
    # A table of points names the levels themselves, not their churn rates.
    codes = () if points in members else rows.target_codes
    stack = build_stack(members, weights, base_rate, rows.matrix.shape[1], codes)
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
    level = Level(0.0, mean_level_error(rows.y, rows.weight, rows.customers), 0.0)
    if cutoff is not None:
        level = follow_level(calibrator.log_odds(margin), told, cutoff)
        calibrator = calibrator.shifted(level.shift)
    summary = describe(
        rows.y, rows.customers, rung, stack, calibrator,
        told=told, level=level, margin=margin, calibrator_losses=losses,
        segment_gains={rows.columns[at].name: gain for at, gain in gains.items()},
    )  # fmt: skip
    return FittedModel(rows.columns, stack, calibrator, base_rate, level.error, summary, points.table)


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
