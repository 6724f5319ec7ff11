"""Which learner for how much data: a ladder, and the reason for the rung in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churnhealth.model.calibrate import log_losses
from churnhealth.model.noise import standard_error
from churnhealth.model.weights import OutOfFold, honest_margin

# Standard errors of its gain by which a model must beat the base rate.
BEYOND_CHANCE = 0.75


@dataclass(frozen=True)
class Rung:
    """The rung that was chosen.

    Parameters
    ----------
    name : {"base rate", "point table", "logistic", "stack"}
        What scores.
    losses : dict of str to float
        Out-of-fold log loss (nats) of each rung that was tried; lower is better.
    reason : str
        One sentence.
    """

    name: str
    losses: dict[str, float]
    reason: str


def no_rung(churners: int) -> Rung:
    """Return the lowest rung, where nothing could be tried."""
    return Rung(
        "base rate",
        {},
        f"With {_churners(churners)} nothing can be judged out of fold: everybody gets the base rate.",
    )


def choose_rung(
    told: OutOfFold, rungs: Mapping[str, Sequence[int]], churners: int
) -> tuple[Rung, list[int]]:
    """Take the rung with the lowest out-of-fold log loss, the simpler one where two are equal.

    The base rate is left only for a gain of more than 3/4 of its standard error: a whole one would
    refuse models that are better on average where churners are few. Between the other rungs the loss
    alone decides.

    Parameters
    ----------
    told : OutOfFold
        Of all members.
    rungs : mapping of str to sequence of int
        Positions of the members that each rung above the base rate may use, the simplest first.
    churners : int
        Customers that churned among the training rows.

    Returns
    -------
    rung : Rung
        What was chosen and why.
    members : list of int
        Positions of the members that the rung may use.
    """
    rows = {"base rate": log_losses(np.full(len(told.y), told.base), told.y)}
    for name, members in rungs.items():
        rows[name] = log_losses(honest_margin(told.among(members)), told.y)
    losses = {name: float(np.average(one, weights=told.weight)) for name, one in rows.items()}
    best = min(rungs, key=lambda name: losses[name])
    gain = rows["base rate"] - rows[best]
    if losses["base rate"] - losses[best] <= BEYOND_CHANCE * standard_error(
        gain, told.weight, told.customers
    ):
        best = "base rate"
    return Rung(best, losses, _reason(best, losses, churners)), list(rungs.get(best, ()))


def _churners(count: int) -> str:
    return f"{count} churner{'' if count == 1 else 's'}"


def _reason(best: str, losses: dict[str, float], churners: int) -> str:
    told = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    said = {
        "base rate": "no model clearly beats the base rate on unseen customers, so everybody gets it",
        "point table": "the total of the point table predicts best, the other models add nothing to it",
        "logistic": "the logistic regression is enough, trees add nothing to it",
        "stack": "logistic regressions and trees together predict best",
    }[best]
    return f"{_churners(churners)}: {said} (out-of-fold log loss: {told})."
