from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from churnhealth.errors import ArtifactError
from churnhealth.model.calibrate import (
    NO_CALIBRATOR,
    Calibrator,
    choose_calibrator,
    fit_sigmoid,
    log_losses,
)
from churnhealth.model.folds import customer_folds


def draw(
    slope: float, intercept: float, n: int = 20_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Margins, and labels whose true log-odds are intercept + slope * margin."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.0, 1.5, n)
    return margin, (rng.random(n) < expit(intercept + slope * margin)).astype(float)


def test_log_loss_of_even_odds_is_log_2() -> None:
    assert log_losses(np.zeros(2), np.array([0.0, 1.0])) == pytest.approx([np.log(2.0)] * 2)


def test_a_known_sigmoid_is_found() -> None:
    margin, y = draw(0.5, -0.7)
    fitted = fit_sigmoid(margin, y, np.ones(len(y)))
    assert fitted is not None
    assert fitted.slope == pytest.approx(0.5, abs=0.05)  # two standard errors at 20,000 rows
    assert fitted.intercept == pytest.approx(-0.7, abs=0.06)


def test_overconfident_margins_get_a_sigmoid_and_honest_ones_none() -> None:
    for slope, name in ((0.5, "sigmoid"), (1.0, "none")):
        margin, y = draw(slope, 0.0, n=4000)
        folds = customer_folds(y, None, seed=0)
        assert choose_calibrator(margin, y, np.ones(len(y)), folds).name == name


def test_margins_in_the_wrong_order_get_no_map_at_all() -> None:
    margin, y = draw(-1.0, 0.0, n=2000)
    assert fit_sigmoid(margin, y, np.ones(len(y))) is None
    assert (
        choose_calibrator(margin, y, np.ones(len(y)), customer_folds(y, None, seed=0)) is NO_CALIBRATOR
    )


def test_separated_classes_keep_a_finite_slope() -> None:
    fitted = fit_sigmoid(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0]), np.ones(4))
    assert fitted is not None
    assert 0.0 < fitted.slope < 10.0


@given(st.floats(1e-2, 10), st.floats(-5, 5), st.floats(-30, 29), st.floats(1e-3, 1))
def test_the_map_is_strictly_increasing(slope: float, intercept: float, low: float, step: float) -> None:
    log_odds = Calibrator("sigmoid", slope, intercept).log_odds(np.array([low, low + step]))
    assert log_odds[1] > log_odds[0]


@given(st.floats(0.1, 5), st.floats(-3, 3), st.floats(-5, 5))
def test_the_slope_is_the_derivative(slope: float, intercept: float, at: float) -> None:
    calibrator = Calibrator("sigmoid", slope, intercept)
    step = 1e-5
    ends = calibrator.probability(np.array([at - step, at + step]))
    assert calibrator.probability_slope(np.array([at]))[0] == pytest.approx(
        np.diff(ends)[0] / (2 * step), abs=1e-6
    )


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan"), float("inf")])
def test_a_map_that_does_not_increase_is_refused(slope: float) -> None:
    with pytest.raises(ArtifactError, match="slope > 0"):
        Calibrator("sigmoid", slope, 0.0)
