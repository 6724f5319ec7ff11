"""What was learned, in plain values for cards, logs and people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from churnhealth.model.calibrate import Calibrator
from churnhealth.model.columns import FloatArray, IntArray
from churnhealth.model.ladder import Rung
from churnhealth.model.later import Level
from churnhealth.model.stack import Stack
from churnhealth.model.weights import OutOfFold


def describe(
    y: FloatArray,
    customers: IntArray | None,
    rung: Rung,
    stack: Stack,
    calibrator: Calibrator,
    *,
    told: OutOfFold | None = None,
    margin: FloatArray | None = None,
    calibrator_losses: Mapping[str, float] | None = None,
    segment_gains: Mapping[str, float] | None = None,
    level: Level | None = None,
) -> dict[str, Any]:
    """Return the summary of a fit as plain JSON values.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        Labels of all training rows.
    customers : ndarray of int, shape (n_rows,), or None
        Customer codes.
    rung : Rung
        Which learner was chosen, and why.
    stack : Stack
        With its weights and leaves.
    calibrator : Calibrator
        The one chosen.
    told : OutOfFold, optional
        Of the members that were kept.
    margin : ndarray, optional
        The stack's own out-of-fold margins.
    calibrator_losses, segment_gains : mapping, optional
        Cross-validated losses and gains (nats), by name.
    level : Level, optional
        What the windows say about the next one.
    """
    names = [member.name for member in stack.members]
    losses = dict(rung.losses)
    if told is not None and margin is not None:
        losses["calibrated"] = told.loss(calibrator.log_odds(margin))
    return {
        "rows": len(y),
        "churners": int((y == 1).sum()),
        "customers": len(y) if customers is None else len(np.unique(customers)),
        "rung": rung.name,
        "reason": rung.reason,
        "weights": {
            **dict(zip(names, stack.weights, strict=True)),
            "base_rate": 1.0 - float(sum(stack.weights)),
        },
        "leaves": {member.name: member.leaves for member in stack.members},
        "calibrator": calibrator.name,
        "calibrator_log_loss": dict(calibrator_losses or {}),
        "segment_gain": dict(segment_gains or {}),
        "corrected_segments": len(stack.corrections),
        "out_of_fold_log_loss": losses,
        "level": {} if level is None else dataclasses.asdict(level),
    }
