"""The point table as a learner: the total of the points, and a line from it to log-odds.

The line falls: more points, less churn. Where they say the opposite it is level, at the base rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from churnhealth.domain.scorecard import PointTable
from churnhealth.model.calibrate_fit import fit_calibrator
from churnhealth.model.columns import BoolArray, ColumnSpec, FloatArray
from churnhealth.model.point_learning import learn_point_table
from churnhealth.model.training import TrainingRows


@dataclass(frozen=True)
class PointLine:
    """A point table and its line: `log-odds = intercept + slope * total`.

    Parameters
    ----------
    table : PointTable
        What a customer's values are worth.
    slope : float
        Log-odds per point, 0 or less.
    intercept : float
        Log-odds of a total of 0.
    """

    table: PointTable
    slope: float
    intercept: float

    def margin(self, matrix: FloatArray, columns: Sequence[ColumnSpec]) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""
        points = points_of(self.table, matrix, columns)
        return np.asarray(self.intercept + self.slope * points.sum(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "table": self.table.to_dict(), "slope": self.slope, "intercept": self.intercept,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PointLine:
        """Rebuild from `to_dict`."""
        return cls(PointTable.from_dict(values["table"]), values["slope"], values["intercept"])


@dataclass(frozen=True)
class PointMember:
    """A fitted point table.

    Parameters
    ----------
    columns : tuple of ColumnSpec
        Of the encoded matrix, whose categories are not coded by their churn rates.
    line : PointLine
        Table and line of all rows.
    without : tuple of PointLine
        For each group of customers, those of the same fit without the group.
    name : str
        What reports call it.
    """

    columns: tuple[ColumnSpec, ...]
    line: PointLine
    without: tuple[PointLine, ...] = ()
    name: str = "point table"

    @property
    def leaves(self) -> int:
        """Leaves of trees: none."""
        return 0

    @property
    def table(self) -> PointTable:
        """What a customer's values are worth."""
        return self.line.table

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""
        return self.line.margin(matrix, self.columns)

    def margins_without(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds without each group of customers, shape (n_customers, n_groups)."""
        return np.column_stack([one.margin(matrix, self.columns) for one in self.without])

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds by indicator, shape (n_customers, n_indicators + 1), the intercept last."""
        out = np.zeros((len(matrix), len(self.columns) + 1))
        out[:, -1] = self.line.intercept
        places = [column.name for column in self.columns]
        points = points_of(self.table, matrix, self.columns)
        for at, name in enumerate(self.table.indicators):
            out[:, places.index(name)] = self.line.slope * points[:, at]
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the columns are those of the model."""
        return {
            "line": self.line.to_dict(),
            "without": [one.to_dict() for one in self.without],
            "name": self.name,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], columns: Sequence[ColumnSpec]) -> PointMember:
        """Rebuild from `to_dict` and the columns of the model."""
        without = tuple(PointLine.from_dict(one) for one in values["without"])
        return cls(tuple(columns), PointLine.from_dict(values["line"]), without, values["name"])


def fit_points(rows: TrainingRows, table: PointTable | None = None) -> tuple[PointMember, FloatArray]:
    """Fit the learner.

    Parameters
    ----------
    rows : TrainingRows
        With at least one fold.
    table : PointTable, optional
        Made by hand: only its line is fitted. None: points are learned too, in each fold anew.

    Returns
    -------
    member : PointMember
        Fitted on all rows.
    margin : ndarray, shape (n_rows,)
        Out-of-fold margins.

    Raises
    ------
    SchemaError
        The table names indicators that are no columns, or has bins for a category.
    """
    margin = np.zeros(len(rows.y))
    without = []
    for fold in rows.folds:
        line = _line(rows, fold.train, table)
        margin[fold.test] = line.margin(rows.matrix[fold.test], rows.columns)
        without.append(line)
    everyone = np.ones(len(rows.y), dtype=bool)
    return PointMember(rows.columns, _line(rows, everyone, table), tuple(without)), margin


def points_of(table: PointTable, matrix: FloatArray, columns: Sequence[ColumnSpec]) -> FloatArray:
    """Return the points of each indicator of the table, shape (n_customers, n_rules).

    A level that was too rare at fit to stand alone counts as one that the table does not name.
    """
    return table.points(_decoded(matrix, columns, table.indicators)).to_numpy(np.float64)


def _decoded(matrix: FloatArray, columns: Sequence[ColumnSpec], names: Iterable[str]) -> pd.DataFrame:
    """Return some columns of the table that a matrix stands for."""
    places = {column.name: at for at, column in enumerate(columns)}
    found = {}
    for at in (places[name] for name in names if name in places):
        found[columns[at].name] = _values(matrix[:, at], columns[at])
    return pd.DataFrame(found, index=range(len(matrix)))


def _values(codes: FloatArray, column: ColumnSpec) -> np.ndarray:
    if column.kind != "category":
        return codes
    levels = np.asarray([*column.levels, None], dtype=object)
    return np.asarray(levels[np.where(np.isnan(codes), len(column.levels), codes).astype(np.int64)])


def _line(rows: TrainingRows, chosen: BoolArray, table: PointTable | None) -> PointLine:
    matrix, y, weight = rows.matrix[chosen], rows.y[chosen], rows.weight[chosen]
    if table is None:
        table = learn_point_table(matrix, y, weight, rows.columns, rows.monotone)
    total = points_of(table, matrix, rows.columns).sum(axis=1)
    middle, spread = float(total.mean()), float(total.std())
    falling = None
    if spread > 0.0:
        falling = fit_calibrator("sigmoid", (middle - total) / spread, y, weight)
    if falling is None:
        return PointLine(table, 0.0, float(logit(np.average(y, weights=weight))))
    slope = -falling.coefficients[0] / spread
    return PointLine(table, slope, falling.intercept - slope * middle)
