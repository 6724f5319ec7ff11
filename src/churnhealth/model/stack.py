"""The stack: learners weighed on the log-odds, and corrections by segment.

`margin = intercept + sum_k weight_k * margin_k + sum_s correction_s`, weights not negative, and
together with the weight of the base rate exactly 1. So the stack can shrink to the base rate when
nothing can be learned, and stays a sum that can be explained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from scipy.special import logit

from churnhealth.model.columns import FloatArray
from churnhealth.model.target import TargetCode, with_target_codes


class Member(Protocol):
    """A learner of the stack, in log-odds; the explanation knows how to take each kind apart."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def leaves(self) -> int:
        """Leaves of its trees, which is what scoring and explaining pay for."""

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""

    def margins_without(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds of the same learner without each group, shape (n_customers, n_groups)."""


@dataclass(frozen=True)
class SegmentCorrection:
    """Log-odds that a segment's customers get on top.

    Parameters
    ----------
    column : int
        Position of the segment, a category, in the encoded matrix.
    log_odds : tuple of float
        Per level; a missing level gets 0.
    """

    column: int
    log_odds: tuple[float, ...]

    def of(self, matrix: FloatArray) -> FloatArray:
        """Return the correction of each customer, shape (n_customers,)."""
        levels = matrix[:, self.column]
        known = ~np.isnan(levels)
        out = np.zeros(len(levels))
        out[known] = np.asarray(self.log_odds)[levels[known].astype(np.int64)]
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"column": self.column, "log_odds": self.log_odds}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SegmentCorrection:
        """Rebuild from `to_dict`."""
        return cls(int(values["column"]), tuple(values["log_odds"]))


@dataclass(frozen=True)
class Stack:
    """Members and what each counts for.

    Parameters
    ----------
    members : tuple of Member
        Those with a weight; none when only the base rate is left.
    weights : tuple of float
        One per member, above 0; their sum is at most 1.
    intercept : float
        Log-odds of the base rate times the base rate's own weight.
    n_indicators : int
        Columns of the encoded matrix.
    target_codes : tuple of TargetCode
        Numbers that learners see in place of many-levelled categories.
    corrections : tuple of SegmentCorrection
        Added to the weighted members.
    """

    members: tuple[Member, ...]
    weights: tuple[float, ...]
    intercept: float
    n_indicators: int
    target_codes: tuple[TargetCode, ...] = ()
    corrections: tuple[SegmentCorrection, ...] = ()

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return the stack's log-odds before calibration, shape (n_customers,)."""
        seen = self.learner_matrix(matrix)
        margin = np.full(len(matrix), self.intercept)
        for weight, member in zip(self.weights, self.members, strict=True):
            margin += weight * member.margin(seen)
        for correction in self.corrections:
            margin += correction.of(matrix)
        return margin

    def margins_without(self, matrix: FloatArray) -> FloatArray:
        """Return the log-odds without each group of customers, shape (n_customers, n_groups).

        Without members there are no groups: shape (n_customers, 0).
        """
        if not self.members:
            return np.zeros((len(matrix), 0))
        seen = self.learner_matrix(matrix)
        parts = [
            weight * member.margins_without(seen)
            for weight, member in zip(self.weights, self.members, strict=True)
        ]
        common = self.intercept + sum(one.of(matrix) for one in self.corrections)
        return np.asarray(np.sum(parts, axis=0) + np.reshape(common, (-1, 1)))

    def learner_matrix(self, matrix: FloatArray) -> FloatArray:
        """Return the encoded matrix as the learners see it."""
        return with_target_codes(matrix, self.target_codes)

    def corrected(self, corrections: Sequence[SegmentCorrection]) -> Stack:
        """Return the same stack with corrections by segment."""
        return replace(self, corrections=tuple(corrections))

    @property
    def leaves(self) -> int:
        """Leaves of all trees."""
        return sum(member.leaves for member in self.members)


def build_stack(
    members: Sequence[Member],
    weights: FloatArray,
    base_rate: float,
    n_indicators: int,
    target_codes: Sequence[TargetCode] = (),
) -> Stack:
    """Keep the members that have a weight.

    Parameters
    ----------
    members : sequence of Member
        In the order of the weights.
    weights : ndarray
        From `stack_weights`: one per member and the base rate's last.
    base_rate : float
        Share of churners in the training rows (0-1, both excluded).
    n_indicators : int
        Columns of the encoded matrix.
    target_codes : sequence of TargetCode
        Of many-levelled categories.
    """
    kept = [
        (member, float(weight))
        for member, weight in zip(members, weights[:-1], strict=True)
        if weight > 0
    ]
    return Stack(
        tuple(member for member, _ in kept),
        tuple(weight for _, weight in kept),
        float(weights[-1] * logit(base_rate)),
        n_indicators,
        tuple(target_codes) if kept else (),
    )
