"""The last step from the stack's margin to a probability: one strictly increasing map.

A calibrator maps log-odds to log-odds: an intercept, and increasing functions with positive
coefficients. So the order of customers never changes, and every contribution can be carried through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit

from churnhealth.errors import ArtifactError, listed
from churnhealth.model.columns import FloatArray

NAMES = ("none", "sigmoid", "beta", "spline")


@dataclass(frozen=True)
class Calibrator:
    """`calibrated log-odds = intercept + sum_j coefficient_j * function_j(margin)`.

    Parameters
    ----------
    name : {"none", "sigmoid", "beta", "spline"}
        "sigmoid" is Platt's (1999) map on the log-odds, one line. "beta" is Kull's, Silva Filho's and
        Flach's (2017): `a log p - b log(1 - p) + c` of the margin's probability p. "spline" has a slope
        at each knot, straight lines between the slopes, and the outer slopes beyond.
    coefficients : tuple of float
        Above 0: one slope, (b, a) of the beta map, or one slope per knot.
    intercept : float
        In log-odds.
    knots : tuple of float
        Margins at which the spline's slopes stand, rising; empty for the others.

    Examples
    --------
    >>> Calibrator("sigmoid", (0.5,), -1.0).log_odds(np.array([0.0, 2.0])).tolist()
    [-1.0, 0.0]
    """

    name: str = "none"
    coefficients: tuple[float, ...] = (1.0,)
    intercept: float = 0.0
    knots: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ArtifactError(f"calibrator: expected one of {listed(NAMES)}, got {self.name!r}")
        slopes = np.asarray(self.coefficients)
        wanted = {"beta": 2, "spline": len(self.knots)}.get(self.name, 1)
        rising = len(self.knots) != 1 and bool((np.diff(self.knots) > 0).all())
        if len(slopes) != wanted or not rising:
            raise ArtifactError(
                f"calibrator {self.name!r}: expected {wanted} coefficients and knots that rise, got "
                f"{len(slopes)} and {self.knots!r}"
            )
        if not (np.isfinite(slopes).all() and (slopes > 0).all() and np.isfinite(self.intercept)):
            raise ArtifactError(
                f"calibrator {self.name!r}: expected slopes above 0 and a finite intercept, "
                f"got {self.coefficients!r} and {self.intercept!r}"
            )

    def log_odds(self, margin: FloatArray) -> FloatArray:
        """Return calibrated log-odds of margins."""
        functions = increasing_functions(self.name, self.knots, margin)
        return np.asarray(self.intercept + functions @ np.asarray(self.coefficients))

    def probability(self, margin: FloatArray) -> FloatArray:
        """Return calibrated churn probabilities (0-1) of margins."""
        return np.asarray(expit(self.log_odds(margin)))

    def probability_slope(self, margin: FloatArray) -> FloatArray:
        """Return the derivative of `probability` with respect to the margin."""
        probability = self.probability(margin)
        slopes = _slopes(self.name, self.knots, margin) @ np.asarray(self.coefficients)
        return np.asarray(probability * (1.0 - probability) * slopes)

    def shifted(self, log_odds: float) -> Calibrator:
        """Return the same map with all log-odds higher by a number."""
        return replace(self, intercept=self.intercept + log_odds)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibrator:
        """Rebuild from `to_dict`."""
        lists = {name: tuple(values[name]) for name in ("coefficients", "knots")}
        return cls(**{**values, **lists})


NO_CALIBRATOR = Calibrator()


def increasing_functions(name: str, knots: tuple[float, ...], margin: FloatArray) -> FloatArray:
    """Return the functions whose positive sum is the map, shape (n_customers, n_coefficients)."""
    if name == "beta":
        return np.column_stack([np.logaddexp(0.0, margin), -np.logaddexp(0.0, -margin)])
    if name == "spline":
        return np.column_stack([_risen(margin, knots, at) for at in range(len(knots))])
    return np.asarray(margin)[:, None]


def log_losses(log_odds: FloatArray, y: FloatArray) -> FloatArray:
    """Return each customer's log loss, in nats, of a prediction given as log-odds."""
    return np.asarray(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds)))


def _risen(margin: FloatArray, knots: tuple[float, ...], at: int) -> FloatArray:
    """Integral of the tent over one knot: 1 there, 0 at its neighbours, level beyond the outer knots."""
    risen = np.zeros(len(margin))
    if at == 0:
        risen += np.minimum(margin, knots[0])
    else:
        low, high = knots[at - 1], knots[at]
        inside = np.clip(margin, low, high) - low
        risen += inside**2 / (2.0 * (high - low))
    if at == len(knots) - 1:
        return risen + np.maximum(margin - knots[-1], 0.0)
    low, high = knots[at], knots[at + 1]
    inside = np.clip(margin, low, high) - low
    return np.asarray(risen + inside - inside**2 / (2.0 * (high - low)))


def _slopes(name: str, knots: tuple[float, ...], margin: FloatArray) -> FloatArray:
    """Return the derivatives of `increasing_functions`."""
    if name == "beta":
        return np.column_stack([expit(margin), expit(-margin)])
    if name == "spline":
        tents = np.eye(len(knots))
        return np.column_stack([np.interp(margin, knots, tent) for tent in tents])
    return np.ones((len(margin), 1))
