"""The logistic learner: L2-penalised, on splines and levels, its strength chosen out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from churnhealth.model.basis import IndicatorBasis, basis_matrix, learn_basis
from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import BoolArray, ColumnSpec, FloatArray

# Inverse penalties, from nearly the base rate to nearly no penalty.
STRENGTHS = tuple(float(strength) for strength in np.logspace(-4.0, 1.5, 12))


@dataclass(frozen=True)
class LinearMember:
    """A fitted logistic regression over a basis.

    Parameters
    ----------
    basis : tuple of IndicatorBasis
        From encoded columns to basis columns.
    coefficients : tuple of float
        One per basis column, in log-odds.
    intercept : float
        In log-odds.
    n_indicators : int
        Columns of the encoded matrix.
    strength : float
        scikit-learn's C that was chosen.
    """

    basis: tuple[IndicatorBasis, ...]
    coefficients: tuple[float, ...]
    intercept: float
    n_indicators: int
    strength: float
    name = "logistic"

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""
        return np.asarray(
            basis_matrix(matrix, self.basis) @ np.asarray(self.coefficients) + self.intercept
        )

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds by indicator, shape (n_customers, n_indicators + 1), the intercept last."""
        out = np.zeros((len(matrix), self.n_indicators + 1))
        out[:, -1] = self.intercept
        start = 0
        for part in self.basis:
            weights = np.asarray(self.coefficients[start : start + part.width])
            out[:, part.column] = part.columns(matrix[:, part.column]) @ weights
            start += part.width
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "basis": [part.to_dict() for part in self.basis],
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "n_indicators": self.n_indicators,
            "strength": self.strength,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LinearMember:
        """Rebuild from `to_dict`."""
        basis = tuple(IndicatorBasis.from_dict(part) for part in values["basis"])
        return cls(**{**values, "basis": basis, "coefficients": tuple(values["coefficients"])})


def fit_linear(
    matrix: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    specs: Sequence[ColumnSpec],
    folds: Sequence[BoolArray],
) -> tuple[LinearMember, FloatArray]:
    """Fit the learner; choose its strength by pooled out-of-fold log loss.

    Returns
    -------
    member : LinearMember
        Fitted on all rows with the chosen strength.
    margin : ndarray, shape (n_customers,)
        Out-of-fold margins with that strength.
    """
    basis = learn_basis(matrix, specs, splines=True)
    columns = basis_matrix(matrix, basis)
    out_of_fold = np.zeros((len(STRENGTHS), len(y)))
    for test in folds:
        for at, (coefficients, intercept) in enumerate(_path(columns[~test], y[~test], weight[~test])):
            out_of_fold[at, test] = columns[test] @ coefficients + intercept
    losses = [float(np.average(log_losses(margin, y), weights=weight)) for margin in out_of_fold]
    best = int(np.argmin(losses))
    coefficients, intercept = _path(columns, y, weight)[best]
    member = LinearMember(
        basis, tuple(coefficients.tolist()), intercept, matrix.shape[1], STRENGTHS[best]
    )
    return member, out_of_fold[best]


def _path(columns: FloatArray, y: FloatArray, weight: FloatArray) -> list[tuple[FloatArray, float]]:
    """Fit every strength, each starting from the one before; (coefficients, intercept) pairs."""
    if columns.shape[1] == 0:
        rate = float(np.average(y, weights=weight))
        return [(np.zeros(0), float(np.log(rate / (1.0 - rate))))] * len(STRENGTHS)
    model = LogisticRegression(solver="newton-cholesky", max_iter=100, warm_start=True)
    fitted: list[tuple[FloatArray, float]] = []
    for strength in STRENGTHS:
        model.set_params(C=strength).fit(columns, y, sample_weight=weight)
        fitted.append((model.coef_[0].copy(), float(model.intercept_[0])))
    return fitted
