"""The stack: learners weighed on the log-odds by what they say about customers they never saw.

`margin = intercept + sum_k weight_k * margin_k`, weights not negative, and together with the weight
of the base rate exactly 1. So the stack can shrink to the base rate when nothing can be learned,
and stays a sum that can be explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import FloatArray

SMALLEST_WEIGHT = 0.01


class Member(Protocol):
    """A learner of the stack, in log-odds; the explanation knows how to take each kind apart."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""


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
    """

    members: tuple[Member, ...]
    weights: tuple[float, ...]
    intercept: float
    n_indicators: int

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return the stack's log-odds before calibration, shape (n_customers,)."""
        margin = np.full(len(matrix), self.intercept)
        for weight, member in zip(self.weights, self.members, strict=True):
            margin += weight * member.margin(matrix)
        return margin


def stack_weights(margins: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the convex weights with the lowest log loss; the base rate's own weight comes last.

    Parameters
    ----------
    margins : ndarray, shape (n_customers, n_members)
        Out-of-fold margins of the members.
    y, weight : ndarray, shape (n_customers,)
        Labels (0/1) and row weights.

    Notes
    -----
    The loss is convex in the weights, so the point that SLSQP finds is the best one. Weights below
    one percent go to the base rate: a member that earns nothing only costs time.
    """
    base = np.full(len(y), logit(np.average(y, weights=weight)))
    columns = np.column_stack([margins, base])
    count = columns.shape[1]
    total = weight.sum()

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        log_odds = columns @ weights
        error = weight * (expit(log_odds) - y)
        return float(weight @ log_losses(log_odds, y) / total), columns.T @ error / total

    found = minimize(
        loss,
        np.full(count, 1.0 / count),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1.0},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    weights = np.where(found.x < SMALLEST_WEIGHT, 0.0, found.x)
    weights[-1] += 1.0 - weights.sum()
    weights[-1] = max(weights[-1], 0.0)
    return np.asarray(weights / weights.sum())


def build_stack(
    members: Sequence[Member], weights: FloatArray, base_rate: float, n_indicators: int
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
    )
