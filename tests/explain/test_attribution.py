from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from churnhealth.explain.attribution import health_points, with_missing_columns
from churnhealth.model.columns import ColumnSpec


def health(margin: np.ndarray) -> np.ndarray:
    return 100.0 * (1.0 - expit(margin))


def slope(margin: np.ndarray) -> np.ndarray:
    return -100.0 * expit(margin) * (1.0 - expit(margin))


def test_even_odds_from_an_even_base_by_hand() -> None:
    # m0 = 0, phi = (log 3, 0): health goes from 50 to 25, all of it by the first indicator.
    points = health_points(np.array([[np.log(3.0), 0.0]]), 0.0, health, slope)
    assert points == pytest.approx(np.array([[-25.0, 0.0]]))


def test_contributions_that_cancel_keep_their_sizes_at_the_base_slope() -> None:
    # m = m0 = 0: the slope is -25 points per unit of log-odds.
    points = health_points(np.array([[0.4, -0.4]]), 0.0, health, slope)
    assert points == pytest.approx(np.array([[-10.0, 10.0]]))


@given(
    arrays(np.float64, (4, 3), elements=st.floats(-6, 6)),
    st.floats(-4, 4),
)
def test_points_add_up_and_never_disagree_in_sign_or_order(phi: np.ndarray, base: float) -> None:
    points = health_points(phi, base, health, slope)
    total = health(base + phi.sum(axis=1)) - health(np.full(4, base))
    assert np.allclose(points.sum(axis=1), total, atol=1e-9)
    assert (np.sign(points) == -np.sign(phi)).all() or np.abs(
        phi[np.sign(points) != -np.sign(phi)]
    ).max() < 1e-300
    order = np.argsort(np.abs(phi), axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(np.abs(points), order, axis=1), axis=1) >= -1e-12).all()


@pytest.mark.parametrize("step", [1e-3, 1.1e-4, 0.9e-4, 1e-6, 1e-12, 0.0])
def test_the_two_branches_agree_where_they_meet(step: float) -> None:
    phi = np.array([[2.0 + step, -2.0]])
    points = health_points(phi, -1.0, health, slope)
    # 2.0 + step - 2.0 keeps about 1e-16 of the step, so the ratio is known to about 1e-7 at 1e-9.
    assert points[0, 1] == pytest.approx(-2.0 * slope(np.array([-1.0 + step / 2.0]))[0], rel=1e-7)


def test_a_missing_value_contributes_in_a_column_of_its_own() -> None:
    columns = [ColumnSpec("nps", "number", has_missing=True), ColumnSpec("logins", "number")]
    matrix = np.array([[np.nan, 1.0], [9.0, np.nan]])
    table = with_missing_columns(
        np.array([[-3.0, 1.0], [2.0, 1.5]]), matrix, columns, pd.Index(["a", "b"])
    )
    assert table.columns.tolist() == ["nps", "nps:missing", "logins"]
    assert table.loc["a"].tolist() == [0.0, -3.0, 1.0]
    assert table.loc["b"].tolist() == [2.0, 0.0, 1.5]
