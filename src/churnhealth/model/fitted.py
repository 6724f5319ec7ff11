"""A fitted model: columns, stack and calibrator, learned from one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from churnhealth.domain.scorecard import PointTable
from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator
from churnhealth.model.calibrate_fit import choose_calibrator
from churnhealth.model.columns import ColumnSpec, FloatArray, IntArray, encode_table, learn_columns
from churnhealth.model.folds import MANY_FOLDS, customer_groups
from churnhealth.model.ladder import Rung, choose_rung, no_rung
from churnhealth.model.later import Level, follow_level, mean_level_error
from churnhealth.model.linear import fit_linear
from churnhealth.model.options import TrainingOptions
from churnhealth.model.points import PointMember, fit_points
from churnhealth.model.segments import learn_corrections
from churnhealth.model.stack import Member, Stack, build_stack
from churnhealth.model.summary import describe
from churnhealth.model.training import TrainingRows
from churnhealth.model.trees import fit_trees
from churnhealth.model.weights import OutOfFold, members_worth_keeping

LEAF_BUDGET = 60_000
# A member, and its out-of-fold margins of all rows.
Fitted = tuple[Member, FloatArray]
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
    options : TrainingOptions
        How bold the learners are.
    """

    seed: int = 0
    threads: int = 1
    leaf_budget: int = LEAF_BUDGET
    segments: tuple[str, ...] = ()
    monotone: Mapping[str, int] = field(default_factory=dict)
    points: PointTable | None = None
    options: TrainingOptions = field(default_factory=TrainingOptions)


@dataclass(frozen=True, eq=False)
class PlainFits:
    """The members without trees, which do not depend on how bold trees are.

    Parameters
    ----------
    regressions : tuple of (Member, ndarray of shape (n_rows,))
        Each with its out-of-fold margins.
    points : tuple of PointMember and ndarray of shape (n_rows,)
        The point table, likewise.
    """

    regressions: tuple[Fitted, ...]
    points: tuple[PointMember, FloatArray]


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
        Seed, threads, leaf budget, segments, options.

    Notes
    -----
    Where a class has fewer than two customers nothing can be judged out of fold, and the model is
    the base rate.
    """
    recipe = recipe or Recipe()
    if recipe.points is not None:
        recipe.points.points(frame)  # tells its faults before anything is fitted
    weight = np.ones(len(y)) if weight is None else weight
    rows = rows_in_groups(frame, y, weight, customers, recipe)
    if rows is None:
        columns, base_rate = learn_columns(frame), float(np.average(y, weights=weight))
        rung = no_rung(_distinct(y, customers))
        stack = build_stack((), np.ones(1), base_rate, len(columns))
        summary = describe(y, customers, rung, stack, NO_CALIBRATOR)
        table = recipe.points or PointTable()
        level_error = mean_level_error(y, weight, customers)
        return FittedModel(columns, stack, NO_CALIBRATOR, base_rate, level_error, summary, table)
    # BLAS threads spin for longer than these small problems take to solve.
    with threadpool_limits(1, user_api="blas"):
        return fit_stack(rows, fit_plain(rows, recipe), cutoff, recipe)


def rows_in_groups(
    frame: pd.DataFrame,
    y: FloatArray,
    weight: FloatArray,
    customers: IntArray | None,
    recipe: Recipe,
    most: int = MANY_FOLDS,
) -> TrainingRows | None:
    """Encode a table and deal its customers into at most so many groups.

    None where a class has fewer than two customers: nothing can be judged out of fold.
    """
    columns = learn_columns(frame)
    groups = customer_groups(y, customers, seed=recipe.seed, most=most)
    if groups is None:
        return None
    matrix = encode_table(frame, columns).matrix
    monotone = tuple(recipe.monotone.get(column.name, 0) for column in columns)
    return TrainingRows(matrix, y, weight, columns, groups, customers, monotone)


def fit_plain(rows: TrainingRows, recipe: Recipe) -> PlainFits:
    """Fit the regressions and the point table, out of fold and on all rows."""
    bent = len(rows.columns) <= MOST_BENT_COLUMNS
    knots = recipe.options.spline_knots
    return PlainFits(
        (
            fit_linear(rows, splines=False),
            *([fit_linear(rows, splines=True, knots=knots)] if bent else []),
        ),
        fit_points(rows, recipe.points),
    )


def fit_stack(
    rows: TrainingRows, plain: PlainFits, cutoff: IntArray | None, recipe: Recipe
) -> FittedModel:
    """Fit the trees, weigh all members by what they say out of fold, and calibrate.

    Parameters
    ----------
    rows : TrainingRows
        With at least two folds.
    plain : PlainFits
        The other members, fitted on the same rows.
    cutoff : ndarray of int, shape (n_rows,), optional
        As for `fit_model`.
    recipe : Recipe
    """
    told, stack, weights, rung = _weighed(rows, plain, recipe)
    learned = told.margins.shape[1] > 0
    margin = told.stacked(weights)
    calibrator, losses = NO_CALIBRATOR, dict[str, float]()
    if learned:
        calibrator, losses = choose_calibrator(margin, told.y, told.weight, told.groups, told.customers)
    matrix = rows.matrix
    # Where everybody gets the base rate, everybody does.
    segments = _segment_columns(rows, recipe) if learned else []
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
    base_rate = float(np.average(rows.y, weights=rows.weight))
    return FittedModel(
        rows.columns, stack, calibrator, base_rate, level.error, summary, plain.points[0].table
    )


def _weighed(
    rows: TrainingRows, plain: PlainFits, recipe: Recipe
) -> tuple[OutOfFold, Stack, FloatArray, Rung]:
    """Return what the members that were kept said, the stack of them, their weights, and the rung."""
    learners = [*plain.regressions, *_fit_bags(rows, recipe)]
    points, margin_of_points = plain.points
    members: list[Member] = [*(member for member, _ in learners), points]
    margins = np.column_stack([*(margin for _, margin in learners), margin_of_points])
    price = recipe.options.even_price
    told = OutOfFold(margins, rows.y, rows.weight, rows.groups, rows.customers, price)
    rungs = {
        "point table": [len(learners)],
        "logistic": [at for at, (member, _) in enumerate(learners) if not member.leaves],
        "stack": list(range(len(learners))),
    }
    rung, allowed = choose_rung(told, rungs, _distinct(rows.y, rows.customers))
    told = told.among(allowed)
    kept = members_worth_keeping(told, [members[at].leaves for at in allowed], recipe.leaf_budget)
    told, members = told.among(kept), [members[allowed[at]] for at in kept]
    weights = told.weights()
    # A table of points names the levels themselves, not their churn rates.
    codes = () if points in members else rows.target_codes
    base_rate = float(np.average(rows.y, weights=rows.weight))
    stack = build_stack(members, weights, base_rate, rows.matrix.shape[1], codes)
    return told, stack, weights, rung


def _fit_bags(rows: TrainingRows, recipe: Recipe) -> list[Fitted]:
    options = {"small trees": recipe.options.small_trees, "deep trees": recipe.options.deep_trees}
    return [
        fit_trees(rows, one, name=name, seed=recipe.seed, threads=recipe.threads)
        for name, one in options.items()
    ]


def _segment_columns(rows: TrainingRows, recipe: Recipe) -> list[tuple[int, int]]:
    names = [column.name for column in rows.columns]
    places = [names.index(name) for name in recipe.segments]
    return [(at, len(rows.columns[at].levels)) for at in places]


def _distinct(y: FloatArray, customers: IntArray | None) -> int:
    """Return the number of customers that churned at least once."""
    return int((y == 1).sum() if customers is None else len(np.unique(customers[y == 1])))
