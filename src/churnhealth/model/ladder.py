"""Which learner for how much data: a ladder, and the reason for the rung in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnhealth.model.columns import FloatArray
from churnhealth.model.weights import OutOfFold, honest_margin

RUNGS = ("base rate", "logistic", "stack")


@dataclass(frozen=True)
class Rung:
    """The rung that was chosen.

    Parameters
    ----------
    name : {"base rate", "logistic", "stack"}
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
        f"With {churners} churners nothing can be judged out of fold: everybody gets the base rate.",
    )


def choose_rung(told: OutOfFold, linear: list[int], churners: int) -> tuple[Rung, list[int]]:
    """Take the rung with the lowest out-of-fold log loss, and of equals the lower one.

    Parameters
    ----------
    told : OutOfFold
        Of all members.
    linear : list of int
        Positions of the logistic members.
    churners : int
        Customers that churned among the training rows.

    Returns
    -------
    rung : Rung
        What was chosen and why.
    members : list of int
        Positions of the members that the rung may use.
    """
    everyone = list(range(told.margins.shape[1]))
    allowed = {"base rate": [], "logistic": linear, "stack": everyone}
    losses = {"base rate": told.loss(_even(told))}
    for name in ("logistic", "stack"):
        part = OutOfFold(
            told.margins[:, allowed[name]], told.y, told.weight, told.groups, told.customers
        )
        losses[name] = told.loss(honest_margin(part))
    best = min(RUNGS, key=lambda name: losses[name])
    return Rung(best, losses, _reason(best, losses, churners)), allowed[best]


def _even(told: OutOfFold) -> FloatArray:
    return np.full(len(told.y), told.base)


def _reason(best: str, losses: dict[str, float], churners: int) -> str:
    told = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    said = {
        "base rate": "no model beats the base rate on unseen customers, so everybody gets it",
        "logistic": "the logistic regression is enough, trees add nothing to it",
        "stack": "logistic regressions and trees together predict best",
    }[best]
    return f"{churners} churners: {said} (out-of-fold log loss: {told})."
