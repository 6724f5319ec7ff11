from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.model.basis import basis_matrix, learn_basis
from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.folds import customer_folds
from churnhealth.model.linear import LinearMember, fit_linear


def encoded(frame: pd.DataFrame) -> tuple[np.ndarray, tuple]:
    specs = learn_columns(frame)
    return encode_table(frame, specs).matrix, specs


def test_basis_columns_of_training_rows_have_mean_0_and_variance_1() -> None:
    rng = np.random.default_rng(0)
    matrix, specs = encoded(pd.DataFrame({"x": rng.normal(size=300), "c": rng.choice(["a", "b"], 300)}))
    columns = basis_matrix(matrix, learn_basis(matrix, specs, splines=True))
    assert np.allclose(columns.mean(axis=0), 0.0, atol=1e-12)
    assert np.allclose(columns.std(axis=0), 1.0)


def test_a_missing_value_has_only_its_flag() -> None:
    matrix, specs = encoded(pd.DataFrame({"x": [1.0, 2.0, 3.0, None]}))
    (part,) = learn_basis(matrix, specs, splines=False)
    assert part.columns(np.array([np.nan])).tolist() == [[0.0, 1.0]]
    assert part.columns(np.array([2.0])).tolist() == [[0.0, 0.0]]  # 2 is the mean


def test_constant_and_empty_columns_have_no_basis() -> None:
    matrix, specs = encoded(pd.DataFrame({"one": [5.0] * 4, "none": [None] * 4, "level": ["a"] * 4}))
    assert learn_basis(matrix, specs, splines=True) == ()


def test_a_constant_with_gaps_keeps_its_flag() -> None:
    matrix, specs = encoded(pd.DataFrame({"x": [5.0, None, 5.0]}))
    (part,) = learn_basis(matrix, specs, splines=True)
    assert part.columns(matrix[:, 0]).tolist() == [[0.0], [1.0], [0.0]]


@given(st.floats(-1e9, 1e9))
def test_beyond_the_training_range_a_curve_keeps_its_last_value(value: float) -> None:
    matrix, specs = encoded(pd.DataFrame({"x": np.arange(100.0)}))
    (part,) = learn_basis(matrix, specs, splines=True)
    inside = float(np.clip(value, 0.0, 99.0))
    assert np.array_equal(part.columns(np.array([value])), part.columns(np.array([inside])))


@pytest.fixture(scope="module")
def member() -> tuple[LinearMember, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=2000)
    y = (rng.random(2000) < 1.0 / (1.0 + np.exp(-1.5 * x + 1.0))).astype(float)
    matrix, specs = encoded(pd.DataFrame({"x": x, "noise": rng.normal(size=2000)}))
    folds = customer_folds(y, None, seed=0)
    fitted, margin = fit_linear(matrix, y, np.ones(2000), specs, folds)
    return fitted, matrix, margin


def test_a_known_log_odds_line_is_found(member: tuple[LinearMember, np.ndarray, np.ndarray]) -> None:
    fitted, matrix, _ = member
    truth = 1.5 * matrix[:, 0] - 1.0
    middle = np.abs(matrix[:, 0]) < 1.5
    # Within about three standard errors of a logistic fit to 2,000 rows.
    assert np.abs(fitted.margin(matrix) - truth)[middle].mean() < 0.2


def test_contributions_add_up_to_the_margin(member: tuple[LinearMember, np.ndarray, np.ndarray]) -> None:
    fitted, matrix, _ = member
    assert np.allclose(fitted.contributions(matrix).sum(axis=1), fitted.margin(matrix), atol=1e-12)


def test_a_member_survives_json(member: tuple[LinearMember, np.ndarray, np.ndarray]) -> None:
    fitted, matrix, _ = member
    back = LinearMember.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert np.array_equal(back.margin(matrix), fitted.margin(matrix))


def test_pure_noise_gets_the_strongest_penalty() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(400) < 0.2).astype(float)
    matrix, specs = encoded(pd.DataFrame({f"x{at}": rng.normal(size=400) for at in range(20)}))
    fitted, _ = fit_linear(matrix, y, np.ones(400), specs, customer_folds(y, None, seed=0))
    assert fitted.strength <= 1e-2
    assert fitted.margin(matrix).std() < 0.5  # without a penalty: above 3
