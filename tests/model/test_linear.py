from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.model.basis import SMALLEST_CURVE_SCALE, basis_matrix, learn_basis
from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import ColumnSpec, encode_table, learn_columns
from churnhealth.model.linear import MOST_NEWTON_COLUMNS, LinearMember, fit_linear
from churnhealth.model.training import TrainingRows


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
def member(rows_of: Callable[..., TrainingRows]) -> tuple[LinearMember, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=2000)
    y = (rng.random(2000) < 1.0 / (1.0 + np.exp(-1.5 * x + 1.0))).astype(float)
    rows = rows_of(pd.DataFrame({"x": x, "noise": rng.normal(size=2000)}), y)
    fitted, margin = fit_linear(rows, splines=True)
    return fitted, rows.matrix, margin


def test_a_value_in_a_gap_of_the_training_values_is_no_outlier() -> None:
    # All values lie at the ends: the columns in between are 0 up to a millionth there.
    values = np.concatenate([np.linspace(0.0, 1e-6, 50), np.linspace(1.0 - 1e-6, 1.0, 50)])
    (part,) = learn_basis(values[:, None], (ColumnSpec("x", "number"),), splines=True)
    assert np.abs(part.columns(np.linspace(0.0, 1.0, 101))).max() <= 1.0 / SMALLEST_CURVE_SCALE


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


def test_pure_noise_gets_the_strongest_penalty(rows_of: Callable[..., TrainingRows]) -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(400) < 0.2).astype(float)
    rows = rows_of(pd.DataFrame({f"x{at}": rng.normal(size=400) for at in range(20)}), y)
    fitted, _ = fit_linear(rows, splines=True)
    assert fitted.strength <= 1e-2
    assert fitted.margin(rows.matrix).std() < 0.5  # without a penalty: above 3


def test_the_fits_without_a_group_are_those_of_the_folds(
    member: tuple[LinearMember, np.ndarray, np.ndarray],
) -> None:
    fitted, matrix, margin = member
    without = fitted.margins_without(matrix)
    assert without.shape == (2000, 10)
    # Each row's out-of-fold margin is one of its ten margins: that without its own group.
    assert np.allclose(np.abs(without - margin[:, None]).min(axis=1), 0.0, atol=1e-9)


def test_a_bent_curve_needs_splines(rows_of: Callable[..., TrainingRows]) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=4000)
    y = (rng.random(4000) < np.where(np.abs(x) > 1.0, 0.6, 0.1)).astype(float)
    rows = rows_of(pd.DataFrame({"x": x}), y)
    losses = [np.mean(log_losses(fit_linear(rows, splines=splines)[1], y)) for splines in (False, True)]
    # The true entropy is 0.317 * 0.673 + 0.683 * 0.325 = 0.435; a line is no better than the base rate.
    assert losses[0] > 0.55
    assert losses[1] < 0.485


@pytest.mark.parametrize("direction", [1, -1])
def test_a_direction_is_kept_even_against_the_data(
    rows_of: Callable[..., TrainingRows], direction: int
) -> None:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"x": rng.normal(size=600), "z": rng.normal(size=600)})
    y = (rng.random(600) < 1.0 / (1.0 + np.exp(-frame["x"] - frame["z"]))).astype(float)
    rows = rows_of(frame, y, monotone=(direction, 0))
    fitted, _ = fit_linear(rows, splines=True)
    grid = np.column_stack([np.linspace(-3.0, 3.0, 50), np.zeros(50)])
    steps = np.diff(fitted.margin(grid))
    assert (steps * direction >= 0.0).all()
    assert (steps > 0.0).all() if direction == 1 else np.allclose(steps, 0.0)


def test_more_columns_than_newton_can_take_are_learned_as_well(
    rows_of: Callable[..., TrainingRows],
) -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(120, MOST_NEWTON_COLUMNS + 1))).add_prefix("x")
    y = (frame["x0"] + 0.3 * rng.normal(size=120) > 0.0).to_numpy(np.float64)
    fitted, margin = fit_linear(rows_of(frame, y), splines=False)
    assert len(fitted.coefficients) == MOST_NEWTON_COLUMNS + 1
    assert int(np.argmax(fitted.coefficients)) == 0
    assert np.isfinite(margin).all()


def test_a_column_that_stands_twice_shares_its_coefficient(
    rows_of: Callable[..., TrainingRows],
) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=500)
    y = (rng.random(500) < 1.0 / (1.0 + np.exp(-x))).astype(float)
    fitted, _ = fit_linear(rows_of(pd.DataFrame({"a": x, "b": x}), y), splines=False)
    assert fitted.coefficients[0] == pytest.approx(fitted.coefficients[1], abs=1e-6)
