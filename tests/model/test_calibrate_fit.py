from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator
from churnhealth.model.calibrate_fit import choose_calibrator, fit_calibrator, intercept_shift
from churnhealth.model.folds import customer_groups


def draw(truth: Calibrator, n: int = 20_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Margins, and labels whose true log-odds are the map's."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.0, 1.5, n)
    return margin, (rng.random(n) < truth.probability(margin)).astype(float)


def choose(margin: np.ndarray, y: np.ndarray) -> str:
    groups = customer_groups(y, None, seed=0)
    assert groups is not None
    return choose_calibrator(margin, y, np.ones(len(y)), groups)[0].name


@pytest.mark.parametrize(
    "truth",
    [
        Calibrator("sigmoid", (0.5,), -0.7),
        Calibrator("beta", (0.4, 1.2), -0.3),
        Calibrator("spline", (0.3, 0.5, 1.0, 1.6), 0.2, (-3.0, -1.5, 0.0, 1.5)),
    ],
    ids=lambda one: one.name,
)
def test_a_known_map_is_found(truth: Calibrator) -> None:
    margin, y = draw(truth)
    fitted = fit_calibrator(truth.name, margin, y, np.ones(len(y)))
    assert fitted is not None
    grid = np.linspace(-3.5, 1.5, 21)
    # Some three standard errors of a probability among the tenth of 20,000 rows around each point.
    assert np.abs(fitted.probability(grid) - truth.probability(grid)).max() < 0.03


def test_overconfident_margins_are_pulled_in() -> None:
    margin, y = draw(Calibrator("sigmoid", (0.5,)), n=4000)
    fitted = fit_calibrator("sigmoid", margin, y, np.ones(len(y)))
    assert fitted is not None
    assert fitted.coefficients[0] == pytest.approx(0.5, abs=0.08)
    assert choose(margin, y) == "sigmoid"


def test_a_bent_truth_takes_the_simplest_map_that_bends() -> None:
    margin, y = draw(Calibrator("beta", (0.2, 2.0), 0.0))
    assert choose(margin, y) == "beta"


def test_a_truth_with_a_knee_takes_the_spline() -> None:
    knee = Calibrator("spline", (0.05, 0.05, 3.0, 0.05, 0.05), 0.0, (-3.0, -1.6, -1.0, -0.4, 1.0))
    margin, y = draw(knee, n=40_000)
    assert choose(margin, y) == "spline"


def test_honest_margins_keep_a_sigmoid_near_the_diagonal() -> None:
    margin, y = draw(NO_CALIBRATOR, n=4000)
    groups = customer_groups(y, None, seed=0)
    assert groups is not None
    fitted, losses = choose_calibrator(margin, y, np.ones(4000), groups)
    assert np.abs(fitted.log_odds(margin) - margin).max() < 0.5
    assert losses[fitted.name] <= min(losses.values()) + 0.002


def test_margins_in_the_wrong_order_get_no_map_at_all() -> None:
    rng = np.random.default_rng(0)
    margin = rng.normal(-1.0, 1.5, 2000)
    y = (rng.random(2000) < expit(-margin)).astype(float)
    assert fit_calibrator("sigmoid", margin, y, np.ones(2000)) is None
    assert choose(margin, y) == "none"


def test_separated_classes_keep_a_finite_slope() -> None:
    margin, y = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0])
    fitted = fit_calibrator("sigmoid", margin, y, np.ones(4))
    assert fitted is not None
    assert 0.0 < fitted.coefficients[0] < 10.0


def test_equal_margins_have_no_spline_and_a_few_churners_neither() -> None:
    y = np.tile([0.0, 1.0], 50)
    assert fit_calibrator("spline", np.zeros(100), y, np.ones(100)) is None
    few = np.append(np.ones(5), np.zeros(95))
    assert fit_calibrator("spline", np.linspace(-2, 2, 100), few, np.ones(100)) is None


def test_the_shift_makes_the_mean_probability_what_happened() -> None:
    margin, y = draw(Calibrator("sigmoid", (1.0,), 0.5), n=5000)
    shift = intercept_shift(margin, y, np.ones(5000))
    assert expit(margin + shift).mean() == pytest.approx(y.mean(), abs=1e-9)
    one_of_four = np.array([1.0, 0.0, 0.0, 0.0])
    assert intercept_shift(np.zeros(4), one_of_four, np.ones(4)) == pytest.approx(logit(0.25))


@pytest.mark.parametrize("y", [np.zeros(5), np.ones(5)])
def test_a_window_of_one_class_moves_nothing(y: np.ndarray) -> None:
    assert intercept_shift(np.zeros(5), y, np.ones(5)) == 0.0
