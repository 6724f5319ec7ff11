from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import ArtifactError
from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator, log_losses

SLOPES = st.floats(1e-2, 10)


@st.composite
def calibrators(draw: st.DrawFn) -> Calibrator:
    name = draw(st.sampled_from(["none", "sigmoid", "beta", "spline"]))
    intercept = draw(st.floats(-5, 5))
    if name == "none":
        return NO_CALIBRATOR
    if name == "spline":
        steps = draw(st.lists(st.floats(0.1, 3), min_size=1, max_size=6))
        knots = tuple(np.cumsum([draw(st.floats(-5, 5)), *steps]).tolist())
        slopes = tuple(draw(st.lists(SLOPES, min_size=len(knots), max_size=len(knots))))
        return Calibrator(name, slopes, intercept, knots)
    count = 2 if name == "beta" else 1
    return Calibrator(name, tuple(draw(st.lists(SLOPES, min_size=count, max_size=count))), intercept)


def test_log_loss_of_even_odds_is_log_2() -> None:
    assert log_losses(np.zeros(2), np.array([0.0, 1.0])) == pytest.approx([np.log(2.0)] * 2)


@given(calibrators(), st.floats(-30, 29), st.floats(1e-3, 1))
def test_every_map_is_strictly_increasing(calibrator: Calibrator, low: float, step: float) -> None:
    log_odds = calibrator.log_odds(np.array([low, low + step]))
    assert log_odds[1] > log_odds[0]


@given(calibrators(), st.floats(-8, 8))
def test_the_slope_is_the_derivative(calibrator: Calibrator, at: float) -> None:
    step = 1e-5
    ends = calibrator.probability(np.array([at - step, at + step]))
    # Across a knot the difference misses by the change of slope, 10 / 0.1 a unit, over 1e-5.
    assert calibrator.probability_slope(np.array([at]))[0] == pytest.approx(
        np.diff(ends)[0] / (2 * step), abs=5e-4
    )


@given(calibrators())
def test_a_map_survives_json_to_the_bit(calibrator: Calibrator) -> None:
    back = Calibrator.from_dict(json.loads(json.dumps(calibrator.to_dict())))
    margin = np.linspace(-9, 9, 50)
    assert np.array_equal(back.log_odds(margin), calibrator.log_odds(margin))


def test_no_map_changes_nothing() -> None:
    margin = np.array([-3.0, 0.0, 4.0])
    assert NO_CALIBRATOR.log_odds(margin).tolist() == margin.tolist()


def test_a_beta_map_with_equal_coefficients_is_the_sigmoid() -> None:
    # b softplus(m) - b softplus(-m) = b m
    margin = np.linspace(-5, 5, 11)
    beta = Calibrator("beta", (0.7, 0.7), 0.3).log_odds(margin)
    assert beta == pytest.approx(Calibrator("sigmoid", (0.7,), 0.3).log_odds(margin))


def test_a_spline_with_equal_slopes_is_a_line_and_bends_between_knots_by_hand() -> None:
    line = Calibrator("spline", (2.0, 2.0, 2.0), 0.0, (-1.0, 0.0, 1.0)).log_odds(np.array([0.0, 1.5]))
    assert np.diff(line)[0] == pytest.approx(3.0)
    bent = Calibrator("spline", (1.0, 3.0), 0.0, (0.0, 2.0)).log_odds(
        np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
    )
    # Slope 1 before 0, 3 after 2, rising from 1 to 3 between: from 0 to 1 the area is (1 + 2) / 2.
    assert np.diff(bent) == pytest.approx([1.0, 1.5, 2.5, 3.0])


def test_a_shift_moves_all_log_odds() -> None:
    margin = np.array([-1.0, 2.0])
    moved = Calibrator("beta", (0.5, 2.0), 0.1).shifted(0.4)
    assert moved.log_odds(margin) - Calibrator("beta", (0.5, 2.0), 0.1).log_odds(
        margin
    ) == pytest.approx([0.4, 0.4])


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (("sigmoid", (0.0,)), "above 0"),
        (("sigmoid", (float("nan"),)), "above 0"),
        (("beta", (1.0,)), "2 coefficients"),
        (("spline", (1.0, 1.0), 0.0, (1.0, 1.0)), "knots that rise"),
        (("spline", (1.0,), 0.0, (1.0,)), "knots that rise"),
        (("isotonic", (1.0,)), "expected one of"),
    ],
)
def test_a_map_that_does_not_increase_is_refused(values: tuple, match: str) -> None:
    with pytest.raises(ArtifactError, match=match):
        Calibrator(*values)
