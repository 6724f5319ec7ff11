"""Options judged on inner folds: later time, or other customers, of the training rows alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import LeakageError, NotEnoughDataError
from churnhealth.labels.rolling_windows import rolling_windows
from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import FloatArray, IntArray, encode_table
from churnhealth.model.fitted import PlainFits, Recipe, fit_plain, fit_stack, rows_in_groups
from churnhealth.model.folds import Fold, customer_groups, group_folds
from churnhealth.model.options import TrainingOptions
from churnhealth.model.training import TrainingRows

MOST_FOLDS, MOST_WINDOWS = 5, 4
# Groups that a fold's own training rows are dealt into: a full fit takes ten and three times as long.
GROUPS_WITHIN = 4
FEWEST_CHURNERS = 20


@dataclass(frozen=True, eq=False)
class InnerFolds:
    """How training rows are put aside for judging options.

    Parameters
    ----------
    kind : {"time", "customers"}
        By later time, each window by the labels known then, or by customer.
    folds : tuple of Fold
        None where nothing can be judged.
    """

    kind: Literal["time", "customers"]
    folds: tuple[Fold, ...]

    def __len__(self) -> int:
        return len(self.folds)


def inner_folds(
    y: FloatArray,
    customers: IntArray | None,
    cutoff: IntArray | None,
    problem: ChurnProblem,
    *,
    seed: int = 0,
) -> InnerFolds:
    """Put training rows aside: by later time where there are two windows or more, else by customer.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        1 churned, 0 not; none missing.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes; None: every row is a customer.
    cutoff : ndarray of int, shape (n_rows,), optional
        Nanoseconds since 1970.
    problem : ChurnProblem
        Says when a label is known.
    seed : int
        Of the deal of customers.
    """
    codes = np.arange(len(y)) if customers is None else customers
    windows = [] if cutoff is None else _windows(y, codes, cutoff, problem)
    if len(windows) > 1:
        return InnerFolds("time", tuple(windows))
    return InnerFolds(
        "customers", group_folds(customer_groups(y, customers, seed=seed, most=MOST_FOLDS))
    )


def _windows(y: FloatArray, codes: IntArray, cutoff: IntArray, problem: ChurnProblem) -> list[Fold]:
    moments = pd.Series(pd.to_datetime(cutoff, utc=True))
    if moments.nunique() < 3:
        return []
    try:
        _, windows = rolling_windows(
            codes, moments, problem, y, most=MOST_WINDOWS, least_churners=FEWEST_CHURNERS
        )
    except (LeakageError, NotEnoughDataError):
        return []
    return [Fold(one.train, one.test) for one in windows]


class OptionJudge:
    """Says how well options predict the rows of each inner fold, from the rows that it may learn from.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_indicators)
        Indicators.
    y, weight : ndarray, shape (n_rows,)
        1 churned, 0 not; row weights.
    customers, cutoff : ndarray of int, shape (n_rows,), optional
        As for `fit_model`.
    folds : InnerFolds
        Of these rows.
    recipe : Recipe
        Everything but the options.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        y: FloatArray,
        weight: FloatArray,
        customers: IntArray | None,
        cutoff: IntArray | None,
        folds: InnerFolds,
        recipe: Recipe,
    ) -> None:
        self.folds, self._recipe = folds, recipe
        self._frame, self._y, self._weight = frame, y, weight
        self._customers, self._cutoff = customers, cutoff
        self._rows: dict[int, TrainingRows | None] = {}
        self._plain: dict[tuple[int, int], PlainFits] = {}

    def losses(self, options: TrainingOptions, at: int) -> FloatArray:
        """Return the log loss (nats) of each row that a fold puts aside, shape (n_test,).

        What does not depend on the options is learned once; regressions, once per number of knots.
        """
        fold, recipe = self.folds.folds[at], replace(self._recipe, options=options)
        y = self._y[fold.test]
        rows = self._learnable(at)
        if rows is None:
            rate = np.average(self._y[fold.train], weights=self._weight[fold.train])
            return log_losses(np.full(len(y), np.log(rate / (1.0 - rate))), y)
        cutoff = None if self._cutoff is None else self._cutoff[fold.train]
        with threadpool_limits(1, user_api="blas"):
            key = at, options.spline_knots
            if key not in self._plain:
                self._plain[key] = fit_plain(rows, recipe)
            model = fit_stack(rows, self._plain[key], cutoff, recipe)
        asked = encode_table(self._frame[fold.test], model.columns).matrix
        return log_losses(model.calibrator.log_odds(model.stack.margin(asked)), y)

    def weight(self, at: int) -> FloatArray:
        """Return the weights of these rows."""
        return self._weight[self.folds.folds[at].test]

    def customers(self, at: int) -> IntArray:
        """Return the customers of these rows, as numbers."""
        test = self.folds.folds[at].test
        return np.flatnonzero(test) if self._customers is None else self._customers[test]

    def _learnable(self, at: int) -> TrainingRows | None:
        if at not in self._rows:
            train = self.folds.folds[at].train
            customers = None if self._customers is None else self._customers[train]
            self._rows[at] = rows_in_groups(
                self._frame[train],
                self._y[train],
                self._weight[train],
                customers,
                self._recipe,
                GROUPS_WITHIN,
            )
        return self._rows[at]
