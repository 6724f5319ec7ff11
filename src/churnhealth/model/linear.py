"""The logistic learner: L2-penalised, on splines and levels, its strength chosen out of fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from scipy.optimize import Bounds, minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from churnhealth.model.basis import IndicatorBasis, basis_matrix, learn_basis
from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import FloatArray
from churnhealth.model.folds import Fold
from churnhealth.model.options import SPLINE_KNOTS
from churnhealth.model.training import TrainingRows

# Inverse penalties, from nearly the base rate to nearly no penalty.
STRENGTHS = tuple(float(strength) for strength in np.logspace(-4.0, 1.5, 12))


MOST_NEWTON_COLUMNS = 1_500


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
    name : str
        What reports call it.
    without : tuple of tuple of float
        For each group of customers, the coefficients and last the intercept of the same fit without
        the group.
    """

    basis: tuple[IndicatorBasis, ...]
    coefficients: tuple[float, ...]
    intercept: float
    n_indicators: int
    strength: float
    name: str = "logistic"
    without: tuple[tuple[float, ...], ...] = ()

    @property
    def leaves(self) -> int:
        """Leaves of trees: none."""
        return 0

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""
        return np.asarray(
            basis_matrix(matrix, self.basis) @ np.asarray(self.coefficients) + self.intercept
        )

    def margins_without(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds without each group of customers, shape (n_customers, n_groups)."""
        fits = np.asarray(self.without)
        return np.asarray(basis_matrix(matrix, self.basis) @ fits[:, :-1].T + fits[:, -1])

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
            "name": self.name,
            "without": self.without,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LinearMember:
        """Rebuild from `to_dict`."""
        basis = tuple(IndicatorBasis.from_dict(part) for part in values["basis"])
        lists = {
            "coefficients": tuple(values["coefficients"]),
            "without": tuple(tuple(fit) for fit in values["without"]),
        }
        return cls(**{**values, **lists, "basis": basis})


def fit_linear(
    rows: TrainingRows, *, splines: bool, knots: int = SPLINE_KNOTS
) -> tuple[LinearMember, FloatArray]:
    """Fit the learner; choose its strength by pooled out-of-fold log loss.

    Parameters
    ----------
    rows : TrainingRows
        With at least one fold.
    splines : bool
        Bend numbers by cubic B-splines; False: straight lines.
    knots : int
        Knots of a spline inside the range of its number.

    Returns
    -------
    member : LinearMember
        Fitted on all rows with the chosen strength.
    margin : ndarray, shape (n_rows,)
        Out-of-fold margins with that strength.
    """
    directed = [at for at, direction in enumerate(rows.monotone) if direction]
    basis = learn_basis(
        rows.whole, rows.learner_columns, splines=splines, straight=directed, interior_knots=knots
    )
    columns = _Columns(rows, basis)
    bounds = _bounds(columns.basis, rows.monotone) if directed else None
    out_of_fold = np.zeros((len(STRENGTHS), len(rows.y)))
    paths = []
    for fold in rows.folds:
        paths.append(_path(columns.train(fold), rows.y[fold.train], rows.weight[fold.train], bounds))
        test = columns.test(fold)
        for at, fit in enumerate(paths[-1]):
            out_of_fold[at, fold.test] = test @ fit[:-1] + fit[-1]
    losses = [np.average(log_losses(one, rows.y), weights=rows.weight) for one in out_of_fold]
    best = int(np.argmin(losses))
    without = [path[best] for path in paths]
    fit = _path(columns.whole, rows.y, rows.weight, bounds, best)[best]
    member = LinearMember(
        columns.basis,
        tuple(fit[:-1].tolist()),
        float(fit[-1]),
        rows.matrix.shape[1],
        STRENGTHS[best],
        "spline logistic" if splines else "logistic",
        tuple(tuple(one.tolist()) for one in without),
    )
    return member, out_of_fold[best]


class _Columns:
    """Basis columns of the rows; worked out once, unless folds see different codes."""

    def __init__(self, rows: TrainingRows, basis: tuple[IndicatorBasis, ...]) -> None:
        self._rows, self.basis = rows, basis
        self.whole = basis_matrix(rows.whole, basis)

    def train(self, fold: Fold) -> FloatArray:
        if not self._rows.target_codes:
            return self.whole[fold.train]
        return basis_matrix(self._rows.train_matrix(fold), self.basis)

    def test(self, fold: Fold) -> FloatArray:
        if not self._rows.target_codes:
            return self.whole[fold.test]
        return basis_matrix(self._rows.test_matrix(fold), self.basis)


def _path(
    columns: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    bounds: Bounds | None = None,
    last: int = len(STRENGTHS) - 1,
) -> list[FloatArray]:
    """Fit every strength up to the last, each starting from the one before.

    Returns coefficients with the intercept at the end, one array per strength.
    """
    if columns.shape[1] == 0:
        rate = float(np.average(y, weights=weight))
        return [np.array([np.log(rate / (1.0 - rate))])] * (last + 1)
    if bounds is not None:
        return _bounded_path(columns, y, weight, bounds, last)
    # Newton's method needs a square matrix of all columns.
    solver = "newton-cholesky" if columns.shape[1] <= MOST_NEWTON_COLUMNS else "lbfgs"
    model = LogisticRegression(solver=solver, max_iter=200, warm_start=True)
    fitted: list[FloatArray] = []
    # Checking the same small matrix at every strength takes longer than solving.
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        for strength in STRENGTHS[: last + 1]:
            model.set_params(C=strength).fit(columns, y, sample_weight=weight)
            fitted.append(np.append(model.coef_[0], model.intercept_[0]))
    return fitted


def _bounded_path(
    columns: FloatArray, y: FloatArray, weight: FloatArray, bounds: Bounds, last: int
) -> list[FloatArray]:
    """Do the same with bounds on the coefficients, by L-BFGS-B."""
    fit = np.zeros(columns.shape[1] + 1)
    fitted: list[FloatArray] = []
    for strength in STRENGTHS[: last + 1]:

        def loss(theta: FloatArray, price: float = 0.5 / strength) -> tuple[float, FloatArray]:
            log_odds = columns @ theta[:-1] + theta[-1]
            error = weight * (expit(log_odds) - y)
            value = float(weight @ log_losses(log_odds, y)) + price * float(theta[:-1] @ theta[:-1])
            slope = columns.T @ error + 2.0 * price * theta[:-1]
            return value, np.append(slope, error.sum())

        fit = minimize(
            loss, fit, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000}
        ).x
        fitted.append(fit.copy())
    return fitted


def _bounds(basis: tuple[IndicatorBasis, ...], monotone: tuple[int, ...]) -> Bounds:
    """Return the bounds of coefficients that keep the directions; flags of missing values are free."""
    limits = {1: (0.0, np.inf), -1: (-np.inf, 0.0), 0: (-np.inf, np.inf)}
    pairs = []
    for part in basis:
        pairs += [limits[monotone[part.column]]] * len(part.mean)
        pairs += [limits[0]] * int(part.flag_missing)
    low, high = zip(*pairs, limits[0], strict=True)
    return Bounds(low, high)
