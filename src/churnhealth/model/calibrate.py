"""The last step from the stack's margin to a probability: one strictly increasing map.

A calibrator maps log-odds to log-odds. It is chosen by cross-validated log loss, and the simpler
one is kept unless the other is better by more than one standard error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from churnhealth.errors import ArtifactError
from churnhealth.model.columns import BoolArray, FloatArray


@dataclass(frozen=True)
class Calibrator:
    """`calibrated log-odds = intercept + slope * margin`; slope 1 and intercept 0 change nothing.

    Parameters
    ----------
    name : {"none", "sigmoid"}
        "sigmoid" is Platt's (1999) map on the log-odds.
    slope : float
        Above 0, so that the order of customers never changes.
    intercept : float
        In log-odds.
    """

    name: str = "none"
    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and self.slope > 0.0 and np.isfinite(self.intercept)):
            raise ArtifactError(
                f"calibrator {self.name!r}: expected slope > 0 and a finite intercept, "
                f"got slope={self.slope!r}, intercept={self.intercept!r}"
            )

    def log_odds(self, margin: FloatArray) -> FloatArray:
        """Return calibrated log-odds of margins."""
        return self.intercept + self.slope * margin

    def probability(self, margin: FloatArray) -> FloatArray:
        """Return calibrated churn probabilities (0-1) of margins."""
        return np.asarray(expit(self.log_odds(margin)))

    def probability_slope(self, margin: FloatArray) -> FloatArray:
        """Return the derivative of `probability` with respect to the margin."""
        probability = self.probability(margin)
        return probability * (1.0 - probability) * self.slope

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"name": self.name, "slope": self.slope, "intercept": self.intercept}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibrator:
        """Rebuild from `to_dict`."""
        return cls(**values)


NO_CALIBRATOR = Calibrator()


def fit_sigmoid(margin: FloatArray, y: FloatArray, weight: FloatArray) -> Calibrator | None:
    """Fit slope and intercept by maximum likelihood; None when no increasing map fits.

    Parameters
    ----------
    margin : ndarray, shape (n_customers,)
        Out-of-fold margins.
    y : ndarray, shape (n_customers,)
        1 churned, 0 not.
    weight : ndarray, shape (n_customers,)
        Weights of the rows, 0 or more.

    Notes
    -----
    Platt's (1999) smoothed targets keep the slope finite when the classes are separated.
    """
    churners, others = float(weight[y == 1].sum()), float(weight[y == 0].sum())
    target = np.where(y == 1, (churners + 1.0) / (churners + 2.0), 1.0 / (others + 2.0))

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        log_odds = theta[0] * margin + theta[1]
        error = weight * (expit(log_odds) - target)
        value = float(np.sum(weight * (np.logaddexp(0.0, log_odds) - target * log_odds)))
        return value, np.array([error @ margin, error.sum()])

    fitted = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, None), (None, None)]
    )
    slope, intercept = (float(value) for value in fitted.x)
    return Calibrator("sigmoid", slope, intercept) if slope > 1e-3 else None


def choose_calibrator(
    margin: FloatArray, y: FloatArray, weight: FloatArray, folds: Sequence[BoolArray]
) -> Calibrator:
    """Choose between no map and the sigmoid by cross-validation over the given folds.

    Parameters
    ----------
    margin, y, weight : ndarray, shape (n_customers,)
        Out-of-fold margins, labels and weights.
    folds : sequence of boolean ndarray
        Membership of each test fold.
    """
    gain = np.zeros(len(y))
    for test in folds:
        fitted = fit_sigmoid(margin[~test], y[~test], weight[~test])
        if fitted is None:
            return NO_CALIBRATOR
        gain[test] = log_losses(margin[test], y[test]) - log_losses(
            fitted.log_odds(margin[test]), y[test]
        )
    gain = gain * weight
    standard_error = float(gain.std() / np.sqrt(len(gain)))
    if gain.mean() <= standard_error:
        return NO_CALIBRATOR
    return fit_sigmoid(margin, y, weight) or NO_CALIBRATOR


def log_losses(log_odds: FloatArray, y: FloatArray) -> FloatArray:
    """Return each customer's log loss, in nats, of a prediction given as log-odds."""
    return np.asarray(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds)))
