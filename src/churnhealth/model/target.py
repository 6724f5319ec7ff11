"""Categories with many levels as one number: how often customers of the level churned.

Each level's rate is pulled towards the base rate by so many customers as predicts best out of fold,
and every training row is coded without its own group of customers (Micci-Barreca, 2001). The code is
the difference to the base rate of the same customers: without a group of many churners that rate is
lower, so the rate itself would tell each training row its label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit

from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import BoolArray, ColumnSpec, FloatArray, IntArray

MOST_NATIVE_LEVELS = 24
# The last: the levels tell nothing, every code is 0.
STRENGTHS = (5.0, 20.0, 80.0, 320.0, 1280.0, np.inf)


@dataclass(frozen=True)
class TargetCode:
    """The code of every level of one column.

    Parameters
    ----------
    column : int
        Position in the encoded matrix.
    log_odds : tuple of float
        Per level, the log-odds of its churn rate, pulled towards the base rate, less those of the
        base rate.
    """

    column: int
    log_odds: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"column": self.column, "log_odds": self.log_odds}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TargetCode:
        """Rebuild from `to_dict`."""
        return cls(int(values["column"]), tuple(values["log_odds"]))


def with_target_codes(matrix: FloatArray, codes: Sequence[TargetCode]) -> FloatArray:
    """Return the matrix with levels replaced by their codes; missing stays missing."""
    if not codes:
        return matrix
    coded = matrix.copy()
    for one in codes:
        levels = matrix[:, one.column]
        known = ~np.isnan(levels)
        coded[known, one.column] = np.asarray(one.log_odds)[levels[known].astype(np.int64)]
    return coded


def learner_columns(columns: Sequence[ColumnSpec]) -> tuple[ColumnSpec, ...]:
    """Return the columns as learners see them: a target-coded category is a number."""
    coded = set(target_columns(columns))
    return tuple(
        ColumnSpec(one.name, "number", has_missing=one.has_missing) if at in coded else one
        for at, one in enumerate(columns)
    )


def target_columns(columns: Sequence[ColumnSpec]) -> tuple[int, ...]:
    """Return the positions of the categories with too many levels to be treated one by one."""
    return tuple(at for at, one in enumerate(columns) if len(one.levels) > MOST_NATIVE_LEVELS)


class TargetCoder:
    """Codes the many-levelled columns of training rows, each row without its own group.

    Parameters
    ----------
    matrix : ndarray, shape (n_rows, n_columns)
        As `encode_table` gives it.
    y, weight : ndarray, shape (n_rows,)
        Labels (0/1) and row weights.
    groups : ndarray of int, shape (n_rows,)
        Groups of customers.
    columns : sequence of ColumnSpec
        Of the matrix.
    """

    def __init__(
        self,
        matrix: FloatArray,
        y: FloatArray,
        weight: FloatArray,
        groups: IntArray,
        columns: Sequence[ColumnSpec],
    ) -> None:
        self._matrix, self._y, self._weight, self._groups = matrix, y, weight, groups
        self._levels = {at: len(columns[at].levels) for at in target_columns(columns)}
        self._strength = {at: self._best_strength(at) for at in self._levels}

    def train(self, rows: BoolArray) -> FloatArray:
        """Return the matrix of some rows, each coded from the others of `rows` outside its group."""
        coded = self._matrix[rows]
        for at in self._levels:
            coded[:, at] = self._crossed(at, rows, self._strength[at])[0]
        return coded

    def codes(self, rows: BoolArray) -> tuple[TargetCode, ...]:
        """Return the codes learned from some rows, for rows that are not among them."""
        return tuple(
            TargetCode(at, tuple(self._table(at, rows, self._strength[at]).tolist()))
            for at in self._levels
        )

    def _table(self, at: int, rows: BoolArray, strength: float) -> FloatArray:
        """Return the code of each level; NaN rows count for the base rate only."""
        if np.isinf(strength):
            return np.zeros(self._levels[at])
        y, weight = self._y[rows], self._weight[rows]
        base = self._base_rate(rows)
        levels = self._matrix[rows, at]
        known = ~np.isnan(levels)
        at_level = levels[known].astype(np.int64)
        size = np.bincount(at_level, weights=weight[known], minlength=self._levels[at])
        churned = np.bincount(at_level, weights=(weight * y)[known], minlength=self._levels[at])
        return np.asarray(logit((churned + strength * base) / (size + strength)) - logit(base))

    def _base_rate(self, rows: BoolArray) -> float:
        return float(np.clip(np.average(self._y[rows], weights=self._weight[rows]), 1e-6, 1 - 1e-6))

    def _crossed(self, at: int, rows: BoolArray, strength: float) -> tuple[FloatArray, FloatArray]:
        """Return each row's code, and the log-odds of the base rate, both without its own group."""
        code, base = np.full(int(rows.sum()), np.nan), np.zeros(int(rows.sum()))
        levels, groups = self._matrix[rows, at], self._groups[rows]
        for group in np.unique(groups):
            others = rows & (self._groups != group)
            if not others.any():
                others = rows
            inside = (groups == group) & ~np.isnan(levels)
            code[inside] = self._table(at, others, strength)[levels[inside].astype(np.int64)]
            base[inside] = logit(self._base_rate(others))
        return code, base

    def _best_strength(self, at: int) -> float:
        everyone = np.ones(len(self._y), dtype=bool)

        def loss(strength: float) -> float:
            code, base = self._crossed(at, everyone, strength)
            known = ~np.isnan(code)
            if not known.any():
                return 0.0
            losses = log_losses((code + base)[known], self._y[known])
            return float(np.average(losses, weights=self._weight[known]))

        return min(STRENGTHS, key=loss)
