"""What the learners learn from: rows, folds, and the matrices that each fold may see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from churnhealth.model.columns import BoolArray, ColumnSpec, FloatArray, IntArray
from churnhealth.model.folds import Fold, group_folds
from churnhealth.model.target import TargetCode, TargetCoder, learner_columns, with_target_codes


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Training rows in folds; what depends on labels is learned inside each fold.

    Parameters
    ----------
    matrix : ndarray, shape (n_rows, n_columns)
        As `encode_table` gives it.
    y, weight : ndarray, shape (n_rows,)
        Labels (0/1) and row weights.
    columns : tuple of ColumnSpec
        Of the matrix.
    groups : ndarray of int, shape (n_rows,)
        Groups of customers, from `customer_groups`.
    customers : ndarray of int, shape (n_rows,), or None
        Customer codes; None: every row is a customer.
    monotone : tuple of {-1, 0, 1}
        Per column, whether the margin may only rise (1) or only fall (-1) with it; empty: no rule.
    """

    matrix: FloatArray
    y: FloatArray
    weight: FloatArray
    columns: tuple[ColumnSpec, ...]
    groups: IntArray
    customers: IntArray | None = None
    monotone: tuple[int, ...] = ()

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """How out-of-fold margins are made: each group of customers is put aside once."""
        return group_folds(self.groups)

    @cached_property
    def learner_columns(self) -> tuple[ColumnSpec, ...]:
        """The columns as learners see them."""
        return learner_columns(self.columns)

    @property
    def is_monotone(self) -> bool:
        """Has any column a direction that it must keep?"""
        return any(self.monotone)

    @cached_property
    def target_codes(self) -> tuple[TargetCode, ...]:
        """The codes of many-levelled categories, learned from all rows."""
        return self._coder.codes(self._everyone)

    @cached_property
    def whole(self) -> FloatArray:
        """All rows as learners see them in training."""
        return self._coder.train(self._everyone)

    def train_matrix(self, fold: Fold) -> FloatArray:
        """Return the rows that a fold learns from."""
        return self._coder.train(fold.train)

    def test_matrix(self, fold: Fold) -> FloatArray:
        """Return the rows that a fold predicts, coded by what it learned."""
        return with_target_codes(self.matrix[fold.test], self._coder.codes(fold.train))

    @cached_property
    def _coder(self) -> TargetCoder:
        return TargetCoder(self.matrix, self.y, self.weight, self.groups, self.columns)

    @property
    def _everyone(self) -> BoolArray:
        return np.ones(len(self.y), dtype=bool)
