import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from churnhealth.evaluate.logistic import fit_logistic, standard_errors


def _data(seed=0, k=60, d=3):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(k), rng.normal(size=(k, d - 1))])
    total = rng.integers(1, 9, k).astype(float)
    churned = rng.binomial(total.astype(int), expit(design @ rng.normal(size=d))).astype(float)
    return design, churned, total - churned, rng.normal(size=k)


def _independent(design, churned, stayed, offset, ridge):
    def loss(b):
        eta = offset + design @ b
        return churned @ np.logaddexp(0, -eta) + stayed @ np.logaddexp(0, eta) + np.sum(ridge * b**2) / 2

    return minimize(loss, np.zeros(design.shape[1]), method="BFGS", options={"gtol": 1e-7}).x


@pytest.mark.parametrize("ridge", [0.0, 1.5])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_agrees_with_a_general_optimiser(seed, ridge):
    design, churned, stayed, offset = _data(seed)
    ours = fit_logistic(design, churned, stayed, offset=offset, ridge=ridge)
    assert ours == pytest.approx(_independent(design, churned, stayed, offset, ridge), abs=1e-5)


# One cell, 30 of 40 churned: the only coefficient is log(30 / 10).
def test_a_constant_is_the_log_odds_of_the_share():
    b = fit_logistic(np.ones((1, 1)), np.array([30.0]), np.array([10.0]), offset=np.zeros(1))
    assert b == pytest.approx([np.log(3.0)], abs=1e-12)


def test_the_start_does_not_matter():
    design, churned, stayed, offset = _data(3)
    near = fit_logistic(design, churned, stayed, offset=offset)
    far = fit_logistic(design, churned, stayed, offset=offset, start=np.array([30.0, -30.0, 30.0]))
    assert far == pytest.approx(near, abs=1e-9)


def test_separated_classes_give_nan():
    design = np.array([[1.0, -1.0], [1.0, 1.0]])
    b = fit_logistic(design, np.array([0.0, 5.0]), np.array([5.0, 0.0]), offset=np.zeros(2))
    assert np.isnan(b).all()


def test_a_ridge_keeps_separated_classes_finite():
    design = np.array([[1.0, -1.0], [1.0, 1.0]])
    b = fit_logistic(design, np.array([0.0, 5.0]), np.array([5.0, 0.0]), offset=np.zeros(2), ridge=0.1)
    # By symmetry the constant is 0; the slope solves 10 expit(-b) = 0.1 b.
    assert b[0] == pytest.approx(0.0, abs=1e-9)
    assert 10 * expit(-b[1]) == pytest.approx(0.1 * b[1])


def test_columns_that_repeat_each_other_give_nan():
    design = np.ones((2, 2))
    b = fit_logistic(design, np.array([1.0, 2.0]), np.array([2.0, 1.0]), offset=np.zeros(2))
    assert np.isnan(b).all()


# Information of a constant: n p (1 - p) = 100 x 0.25 x 0.75 = 18.75.
def test_the_standard_error_of_a_constant():
    log_odds = np.full(1, np.log(1 / 3))
    error = standard_errors(np.ones((1, 1)), np.array([100.0]), log_odds)
    assert error == pytest.approx([1 / np.sqrt(18.75)])


# Two cells of 40 at x = 0 and x = 1, both with p = 1/2: each log-odds has variance 1 / 10; the
# slope is their difference, variance 2 / 10; the constant is the first.
def test_the_standard_errors_of_a_line():
    design = np.array([[1.0, 0.0], [1.0, 1.0]])
    errors = standard_errors(design, np.array([40.0, 40.0]), np.zeros(2))
    assert errors == pytest.approx([np.sqrt(0.1), np.sqrt(0.2)])


def test_no_information_gives_no_finite_standard_error():
    errors = standard_errors(np.ones((2, 2)), np.ones(2), np.zeros(2))
    assert np.isnan(errors).all()
