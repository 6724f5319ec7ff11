"""What indicators and score looked like at fit: the reference that drift is told against.

Cells are chosen once, from the training rows, and kept in the artifact: a later table is only counted
into them. Every value has a cell: beyond the training range, a level never seen, and missing are cells
of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from churnhealth.domain.health import health_from_probability
from churnhealth.model.columns import POOLED_LEVEL, ColumnSpec, EncodedTable, FloatArray, IntArray

BINS = 10
MOST_LEVELS = 20
SCORE = "(health score)"


@dataclass(frozen=True)
class IndicatorReference:
    """How the training rows spread over the cells of one indicator, or of the score.

    Cells of a number or boolean: below `edges[0]`; `[edges[0], edges[1]]`; `(edges[i], edges[i + 1]]`
    for the others; above the last edge; missing. Cells of a category: each of `levels`; all other
    levels of the model together; levels never seen at fit; missing.

    Parameters
    ----------
    name : str
        The indicator, or `SCORE`, whose values are health scores (0-100).
    kind : {"number", "boolean", "category"}
        As in `ColumnSpec`.
    counts : tuple of int
        Training rows in each cell.
    edges : tuple of float
        Smallest training value first, then the upper ends of the bins; empty when all were missing.
    levels : tuple of str
        Levels with a cell of their own, the commonest first.
    """

    name: str
    kind: str
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def outside(self) -> tuple[int, ...]:
        """Numbers of the cells that lie beyond what was seen at fit."""
        last = len(self.counts) - 2
        return (last,) if self.kind == "category" else (0, last)

    def count(self, values: FloatArray, column: ColumnSpec | None = None, unseen: int = 0) -> IntArray:
        """Count values into the cells.

        Parameters
        ----------
        values : ndarray, shape (n,)
            As in the matrix of `encode_table`; NaN where missing.
        column : ColumnSpec, optional
            Needed for categories, whose values are codes.
        unseen : int
            How many of the values are levels never seen, as `encode_table` tells.

        Returns
        -------
        ndarray of int64, shape (n_cells,)

        Examples
        --------
        >>> logins = IndicatorReference("logins", "number", (0, 5, 5, 0, 0), edges=(0.0, 2.0, 9.0))
        >>> logins.count(np.array([-1.0, 0.0, 2.0, 2.5, 10.0, np.nan])).tolist()
        [1, 2, 1, 1, 1]
        """
        if column is not None and self.kind == "category":
            return _count_levels(values, column, self.levels, unseen)
        return _count_numbers(values, self.edges)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> IndicatorReference:
        """Rebuild from plain values."""
        lists = {name: tuple(values[name]) for name in ("counts", "edges", "levels")}
        return cls(**{**values, **lists})


@dataclass(frozen=True)
class DriftReference:
    """The training rows, counted into cells.

    Parameters
    ----------
    indicators : tuple of IndicatorReference
        In the order of the model's columns.
    score : IndicatorReference
        Health scores of the training rows by the fitted model.
    rows, customers : int
        Training rows, and how many different customers they are of.
    """

    indicators: tuple[IndicatorReference, ...]
    score: IndicatorReference
    rows: int
    customers: int

    @property
    def missing(self) -> dict[str, float]:
        """Share (0-1) of training rows without a value, by indicator."""
        return {one.name: one.counts[-1] / self.rows for one in self.indicators}

    def count(
        self, encoded: EncodedTable, columns: Sequence[ColumnSpec], churn_probability: FloatArray
    ) -> dict[str, IntArray]:
        """Count a table into the cells, by name of the indicator, the score last.

        Counts of several tables can be added up.

        Parameters
        ----------
        encoded : EncodedTable
            As `encode_table` gives it for the model's columns.
        columns : sequence of ColumnSpec
            The model's.
        churn_probability : ndarray, shape (n_customers,)
            Of the same rows, 0-1.
        """
        pairs = zip(self.indicators, columns, encoded.matrix.T, strict=True)
        counted = {
            one.name: one.count(values, column, encoded.unseen.get(one.name, 0))
            for one, column, values in pairs
        }
        return {**counted, SCORE: self.score.count(health_from_probability(churn_probability))}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DriftReference:
        """Rebuild from `to_dict`."""
        return cls(
            tuple(IndicatorReference.from_dict(one) for one in values["indicators"]),
            IndicatorReference.from_dict(values["score"]),
            int(values["rows"]),
            int(values["customers"]),
        )


def learn_drift_reference(
    encoded: EncodedTable,
    columns: Sequence[ColumnSpec],
    churn_probability: FloatArray,
    customers: int | None = None,
) -> DriftReference:
    """Choose the cells from the training rows, and count them.

    Parameters
    ----------
    encoded : EncodedTable
        The training rows.
    columns : sequence of ColumnSpec
        The model's.
    churn_probability : ndarray, shape (n_rows,)
        By the fitted model, 0-1.
    customers : int, optional
        Different customers among the rows; None: every row is one.
    """
    learned = [
        _learn(column, values, encoded.unseen.get(column.name, 0))
        for column, values in zip(columns, encoded.matrix.T, strict=True)
    ]
    score = _learn(ColumnSpec(SCORE, "number"), health_from_probability(churn_probability), 0)
    rows = len(encoded.matrix)
    return DriftReference(tuple(learned), score, rows, rows if customers is None else customers)


def number_edges(values: Iterable[float], bins: int = BINS) -> tuple[float, ...]:
    """Return the smallest value and the upper ends of bins of about equal mass.

    A value that holds a bin's share of the rows or more has a bin of its own, so that many zeros, or
    many customers at a maximum, are told from the rest. Every bin holds at least one of the values.

    Parameters
    ----------
    values : iterable of float
        Without missing ones.
    bins : int
        So many when no value repeats.

    Examples
    --------
    Nine zeros of twelve are a bin; 5 and 7 share what is left of the tenths.

    >>> number_edges([0.0] * 9 + [3.0, 5.0, 7.0], bins=4)
    (0.0, 0.0, 7.0)
    >>> number_edges(range(8), bins=4)
    (0.0, 1.0, 3.0, 5.0, 7.0)
    """
    ordered = np.sort(np.fromiter(values, dtype=np.float64))
    if not ordered.size:
        return ()
    places = np.ceil(np.arange(1, bins + 1) * ordered.size / bins).astype(np.int64) - 1
    distinct, rows = np.unique(ordered, return_counts=True)
    common = np.flatnonzero(rows * bins >= ordered.size)
    apart = distinct[common], distinct[common[common > 0] - 1]
    cuts = np.unique(np.concatenate([ordered[places], *apart]))
    return (float(ordered[0]), *map(float, cuts))


def _learn(column: ColumnSpec, values: FloatArray, unseen: int) -> IndicatorReference:
    if column.kind == "category":
        codes = values[~np.isnan(values)].astype(np.int64)
        rows = np.bincount(codes, minlength=len(column.levels))
        commonest = np.argsort(-rows, kind="stable")[:MOST_LEVELS]
        levels = tuple(column.levels[code] for code in commonest if column.levels[code] != POOLED_LEVEL)
        counts = _count_levels(values, column, levels, unseen)
        return IndicatorReference(column.name, column.kind, _plain(counts), levels=levels)
    edges = number_edges(values[~np.isnan(values)])
    return IndicatorReference(column.name, column.kind, _plain(_count_numbers(values, edges)), edges)


def _count_numbers(values: FloatArray, edges: Sequence[float]) -> IntArray:
    cuts = np.asarray(edges[1:], dtype=np.float64)
    known = values[~np.isnan(values)]
    cell = 1 + np.searchsorted(cuts, known, side="left")
    if len(edges):
        cell[known < edges[0]] = 0
    counts = np.bincount(cell, minlength=cuts.size + 3)
    counts[-1] = values.size - known.size
    return counts.astype(np.int64)


def _count_levels(
    values: FloatArray, column: ColumnSpec, levels: Sequence[str], unseen: int
) -> IntArray:
    known = values[~np.isnan(values)].astype(np.int64)
    rows = np.bincount(known, minlength=len(column.levels))
    own = [int(rows[column.levels.index(level)]) for level in levels]
    others, missing = known.size - sum(own), values.size - known.size
    # A level never seen has the pooled level's code where there is one, else none.
    if POOLED_LEVEL in column.levels:
        others -= unseen
    else:
        missing -= unseen
    return np.array([*own, others, unseen, missing], dtype=np.int64)


def _plain(counts: IntArray) -> tuple[int, ...]:
    return tuple(int(one) for one in counts)
