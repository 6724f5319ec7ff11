"""What a search asks, and what it tells on the way."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import Protocol

from churnhealth.domain.health import FloatArray
from churnhealth.model.columns import IntArray
from churnhealth.model.options import TrainingOptions


class Judge(Protocol):
    """Says what options lose on rows that they were not learned from."""

    @property
    def folds(self) -> Sized:
        """The folds."""

    def losses(self, options: TrainingOptions, at: int) -> FloatArray:
        """Return the log loss (nats) of each judged row of a fold."""

    def weight(self, at: int) -> FloatArray:
        """Return the weights of these rows."""

    def customers(self, at: int) -> IntArray:
        """Return the customers of these rows, as numbers."""


@dataclass(frozen=True)
class Told:
    """How far a search is.

    Parameters
    ----------
    trials : int
        Finished in this call and before.
    share : float
        Of the time (0-1).
    log_loss, default : float
        The lowest so far and that of the default options, nats per row; NaN before there is one.
    """

    trials: int
    share: float
    log_loss: float
    default: float
