"""What each member of the stack counts for, by what it says about customers it never saw.

With few churners the best weights are mostly luck, so they pay for leaving an even share; with many
that price no longer matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import BoolArray, FloatArray, IntArray
from churnhealth.model.noise import standard_error
from churnhealth.model.options import EVEN_PRICE

SMALLEST_WEIGHT = 0.01
BASE_RATE_SHARE = 0.2
WORTH = 0.5


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What the members said about rows they did not learn from.

    Parameters
    ----------
    margins : ndarray, shape (n_rows, n_members)
        Out-of-fold margins.
    y, weight : ndarray, shape (n_rows,)
        Labels (0/1) and row weights.
    groups : ndarray of int, shape (n_rows,)
        Groups of customers.
    customers : ndarray of int, shape (n_rows,), or None
        Customer codes.
    price : float
        Nats that the weights pay for leaving even shares.
    """

    margins: FloatArray
    y: FloatArray
    weight: FloatArray
    groups: IntArray
    customers: IntArray | None = None
    price: float = EVEN_PRICE

    def among(self, members: Sequence[int]) -> OutOfFold:
        """Return what some of the members said, by their positions."""
        return replace(self, margins=self.margins[:, list(members)])

    @property
    def base(self) -> float:
        """Log-odds of the base rate."""
        return float(logit(np.average(self.y, weights=self.weight)))

    def stacked(self, weights: FloatArray) -> FloatArray:
        """Return the stack's margins; the base rate's weight comes last."""
        return np.asarray(self.margins @ weights[:-1] + weights[-1] * self.base)

    def weights(self, rows: BoolArray | None = None) -> FloatArray:
        """Return the convex weights learned from all rows or some; the base rate's own comes last."""
        taken = slice(None) if rows is None else rows
        return stack_weights(self.margins[taken], self.y[taken], self.weight[taken], price=self.price)

    def loss(self, margin: FloatArray) -> float:
        """Return the mean log loss of margins."""
        return float(np.average(log_losses(margin, self.y), weights=self.weight))


def stack_weights(
    margins: FloatArray, y: FloatArray, weight: FloatArray, *, price: float = EVEN_PRICE
) -> FloatArray:
    """Return the convex weights with the lowest log loss; the base rate's own weight comes last.

    Parameters
    ----------
    margins : ndarray, shape (n_rows, n_members)
        Out-of-fold margins of the members.
    y, weight : ndarray, shape (n_rows,)
        Labels (0/1) and row weights.
    price : float
        Nats that leaving even shares costs; 0: nothing.

    Notes
    -----
    The loss is convex in the weights, so the point that SLSQP finds is the best one. Weights below
    one percent go to the base rate: a member that earns nothing only costs time.
    """
    base = np.full(len(y), logit(np.average(y, weights=weight)))
    columns = np.column_stack([margins, base])
    count = columns.shape[1]
    if count == 1:
        return np.ones(1)
    total = float(weight.sum())
    even = np.append(np.full(count - 1, (1.0 - BASE_RATE_SHARE) / (count - 1)), BASE_RATE_SHARE)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        log_odds = columns @ weights
        error = weight * (expit(log_odds) - y)
        apart = weights - even
        value = float(weight @ log_losses(log_odds, y)) + price * float(np.sum(apart**2 / even))
        return value / total, (columns.T @ error + 2.0 * price * apart / even) / total

    found = minimize(
        loss,
        even,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1.0},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    weights = np.where(found.x < SMALLEST_WEIGHT, 0.0, found.x)
    weights[-1] = max(weights[-1] + 1.0 - weights.sum(), 0.0)
    return np.asarray(weights / weights.sum())


def honest_margin(told: OutOfFold) -> FloatArray:
    """Return the stack's margins with weights learned from the other groups, shape (n_rows,)."""
    margin = np.zeros(len(told.y))
    for group in np.unique(told.groups):
        test = told.groups == group
        weights = told.weights(~test)
        margin[test] = told.margins[test] @ weights[:-1] + weights[-1] * told.base
    return margin


def members_worth_keeping(told: OutOfFold, leaves: list[int], leaf_budget: int) -> list[int]:
    """Leave out trees that earn nothing, those with most leaves first, and keep within the budget.

    Parameters
    ----------
    told : OutOfFold
        Of all members.
    leaves : list of int
        Leaves of each member's trees; 0 for members without trees, which always stay.
    leaf_budget : int
        Most leaves of all that are kept. The most useful trees stay even when they alone are above it.

    Returns
    -------
    list of int
        Positions of the members to keep, rising. A member earns nothing when the loss without it rises
        by less than half of that rise's standard error; where several could go, the one that costs
        scoring most goes first. Beyond the budget the least useful goes.
    """
    kept = list(range(len(leaves)))
    losses = cache(lambda members: _losses(told, members))
    while True:
        trees = [at for at in kept if leaves[at]]
        if not trees or len(kept) == 1:
            return kept
        without = {at: [one for one in kept if one != at] for at in trees}
        gains = {at: losses(tuple(without[at])) - losses(tuple(kept)) for at in trees}
        idle = [at for at in trees if not _is_worth(gains[at], told)]
        if idle:
            leaving = max(idle, key=lambda at: leaves[at])
        elif sum(leaves[at] for at in kept) > leaf_budget and len(trees) > 1:
            leaving = min(trees, key=lambda at: float(np.average(gains[at], weights=told.weight)))
        else:
            return kept
        kept = without[leaving]


def _losses(told: OutOfFold, members: Sequence[int]) -> FloatArray:
    """Return each row's loss when these members are weighed anew."""
    part = told.among(members)
    return log_losses(part.stacked(part.weights()), told.y)


def _is_worth(gain: FloatArray, told: OutOfFold) -> bool:
    noise = standard_error(gain, told.weight, told.customers)
    return bool(np.average(gain, weights=told.weight) > WORTH * noise)
