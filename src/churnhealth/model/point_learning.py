"""A point table as a practitioner would make it: few indicators, a few bins, small whole points.

The points of a bin are its shrunken weight of evidence: how much lower the log-odds of churning are
there than the indicators before it already say (Good, 1950; for scorecards Siddiqi, 2006). Only the
first indicator is told in full; one that repeats another earns little and is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit, logit
from sklearn.isotonic import isotonic_regression

from churnhealth.domain.point_rule import PointBin, PointRule, level_text
from churnhealth.domain.scorecard import PointTable
from churnhealth.model.columns import POOLED_LEVEL, BoolArray, ColumnSpec, FloatArray, IntArray
from churnhealth.model.target import MOST_NATIVE_LEVELS

MOST_INDICATORS = 8
BINS = 4
# So few different values are bins' first values themselves.
FEW_VALUES = 10
# Two points halve the odds of churning.
POINT = math.log(2.0) / 2.0
# So many customers who churn as expected are added to each bin.
PULL = 20.0
# What each bin beyond the first must earn, about a chi-squared: chance alone earns one.
PRICE = 2.0


@dataclass(frozen=True, eq=False)
class _Candidate:
    """An indicator cut into bins: the place of each row, the last one for missing values."""

    column: ColumnSpec
    edges: tuple[float, ...]
    places: IntArray
    size: FloatArray
    churned: FloatArray
    direction: int

    @property
    def used(self) -> BoolArray:
        return np.asarray(self.size > 0)

    def evidence(self, chances: FloatArray) -> tuple[FloatArray, float]:
        """Return the evidence for health of each place, in log-odds, and what all of it earns.

        `chances` are the weights of the rows times the churn probabilities told so far.
        """
        expected = np.bincount(self.places, chances, minlength=len(self.size))
        base = float(expected.sum() / self.size.sum())
        seen = (self.churned + PULL * base) / (self.size + PULL)
        told = (expected + PULL * base) / (self.size + PULL)
        evidence = np.asarray(logit(told) - logit(seen))
        if self.direction:
            evidence[:-1] = isotonic_regression(
                evidence[:-1], sample_weight=self.size[:-1] + 1e-9, increasing=self.direction < 0
            )
        earned = float((expected - self.churned) @ evidence)
        return evidence, earned - PRICE * (int(self.used.sum()) - 1)


def learn_point_table(
    matrix: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    columns: Sequence[ColumnSpec],
    monotone: Sequence[int] = (),
) -> PointTable:
    """Learn the points of the most telling indicators.

    Parameters
    ----------
    matrix : ndarray, shape (n_rows, n_columns)
        As `encode_table` gives it.
    y, weight : ndarray, shape (n_rows,)
        Labels (0/1, both occur) and row weights.
    columns : sequence of ColumnSpec
        Of the matrix. Left out are categories with more than 24 levels (nobody keeps such a table)
        and those whose levels a table cannot tell apart, such as "true" and "TRUE".
    monotone : sequence of {-1, 0, 1}
        Per column, whether churn may only rise (1) or only fall (-1) with it; empty: no rule.

    Returns
    -------
    PointTable
        At most eight indicators, in the order in which they were taken; none where none tells
        anything. The lowest bin of each is worth 0 points, and two points halve the odds of churning.
        A value that did not occur is worth what an average customer is.
    """
    directions = monotone or [0] * len(columns)
    cut = (_cut(matrix[:, at], y, weight, column, directions[at]) for at, column in enumerate(columns))
    left = [one for one in cut if one is not None and int(one.used.sum()) > 1]
    margin = np.full(len(y), logit(np.average(y, weights=weight)))
    rules: list[PointRule] = []
    while left and len(rules) < MOST_INDICATORS:
        chances = weight * expit(margin)
        told = [one.evidence(chances) for one in left]
        best = max(range(len(left)), key=lambda at: told[at][1])
        evidence, earned = told[best]
        if earned <= 0.0:
            break
        chosen = left.pop(best)
        points, average = _whole_points(evidence, chosen)
        if np.ptp(points[chosen.used]) > 0:
            rules.append(_rule(chosen, points, average))
            margin = margin - POINT * (points - average)[chosen.places]
    return PointTable(tuple(rules))


def _cut(
    values: FloatArray, y: FloatArray, weight: FloatArray, column: ColumnSpec, direction: int
) -> _Candidate | None:
    known = ~np.isnan(values)
    words = {level_text(level) for level in column.levels}
    if not known.any() or not len(words) == len(column.levels) <= MOST_NATIVE_LEVELS:
        return None
    if column.kind == "category":
        edges = tuple(float(code) for code in range(1, len(column.levels)))
    else:
        edges = bin_edges(values[known])
    missing = len(edges) + 1
    places = np.where(known, np.searchsorted(edges, values, side="right"), missing)
    size, churned = (
        np.bincount(places, counted, minlength=missing + 1).astype(np.float64)
        for counted in (weight, weight * y)
    )
    return _Candidate(column, edges, places, size, churned, direction)


def bin_edges(known: FloatArray) -> tuple[float, ...]:
    """Return where the bins after the first begin: quartiles, rounded as people would.

    Examples
    --------
    >>> bin_edges(np.arange(1.0, 1001.0))  # quartiles 250.75, 500.5, 750.25
    (250.0, 500.0, 750.0)
    >>> bin_edges(np.array([0.0, 0.0, 0.0, 0.0, 3.0, 7.0]))  # the lowest value is a bin by itself
    (3.0,)
    """
    values = np.unique(known)
    if len(values) < 2:
        return ()
    shares = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
    low, *cuts, high = np.quantile(known, [0.05, *shares, 0.95])
    if len(values) <= FEW_VALUES:
        edges = values[np.searchsorted(values, cuts)]
    elif 1e-12 < high - low < 1e300:
        edges = np.round(cuts, 1 - math.floor(math.log10(high - low))) + 0.0
    else:
        edges = np.asarray(cuts)
    edges = np.unique(np.where(edges <= values[0], values[1], edges))
    return tuple(
        float(edge)
        for edge, end in pairwise((*edges, math.inf))
        if ((values >= edge) & (values < end)).any()
    )


def _whole_points(evidence: FloatArray, chosen: _Candidate) -> tuple[FloatArray, float]:
    """Return whole points from 0 on, and those of somebody of whom nothing is known."""
    lowest = float(evidence[chosen.used].min())
    average = max(float(np.round(-lowest / POINT)), 0.0)
    points = np.round((evidence - lowest) / POINT)
    return np.where(chosen.used, points, average), average


def _rule(chosen: _Candidate, points: FloatArray, average: float) -> PointRule:
    name, levels, missing = chosen.column.name, chosen.column.levels, float(points[-1])
    if chosen.column.kind == "boolean":
        levels = ("false", "true") if len(points) == 3 else ()
    if levels:
        by_level = {level: float(one) for level, one in zip(levels, points, strict=False)}
        other = by_level.pop(POOLED_LEVEL, average)
        return PointRule(name, levels=by_level, missing=missing, other=other)
    steps = np.flatnonzero(np.diff(points[:-1]))
    ends = pairwise((-math.inf, *(chosen.edges[at] for at in steps), math.inf))
    earned = points[[0, *(steps + 1)]]
    bins = tuple(PointBin(low, high, float(one)) for (low, high), one in zip(ends, earned, strict=True))
    return PointRule(name, bins, missing=missing)
