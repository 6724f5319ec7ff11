from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import t

from churnhealth.errors import ConfigError
from churnhealth.estimator import HealthModel
from churnhealth.model.fitted import fit_model
from churnhealth.model.refits import margin_error, probability_range
from churnhealth.model.stack import build_stack


class Spread:
    """A member whose margins without each group are given."""

    name, leaves = "spread", 0

    def __init__(self, without: list[float]) -> None:
        self.without = np.asarray(without)

    def margin(self, matrix: np.ndarray) -> np.ndarray:
        return np.full(len(matrix), self.without.mean())

    def margins_without(self, matrix: np.ndarray) -> np.ndarray:
        return np.tile(self.without, (len(matrix), 1))


def test_the_jackknife_error_is_that_of_the_formula() -> None:
    stack = build_stack([Spread([1.0, 2.0, 3.0])], np.array([0.5, 0.5]), 0.5, 1)
    error, freedom = margin_error(stack, np.zeros((2, 1)))
    # Half-weighted margins 0.5, 1.0, 1.5: (3 - 1) / 3 * (0.25 + 0 + 0.25) = 1 / 3.
    assert error == pytest.approx([np.sqrt(1 / 3)] * 2)
    assert freedom == 2


def test_the_mean_of_groups_has_the_error_of_a_mean() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 400))
    without = [np.delete(values, at, axis=0).mean() for at in range(5)]
    stack = build_stack([Spread(without)], np.array([1.0, 0.0]), 0.5, 1)
    error = margin_error(stack, np.zeros((1, 1)))[0][0]
    assert error == pytest.approx(values.mean(axis=1).std(ddof=1) / np.sqrt(5))


def test_a_base_rate_has_the_interval_of_a_share() -> None:
    y = np.zeros(400)
    y[0] = 1.0  # one churner: no folds, so the model is the base rate
    model = fit_model(pd.DataFrame({"x": np.arange(400.0)}), y)
    low, high = probability_range(model, np.zeros((1, 1)))
    # log-odds error of a share: 1 / sqrt(n p (1 - p)) about 1, times 1.645
    assert logit(low[0]) == pytest.approx(logit(1 / 400) - 1.645, abs=0.02)
    assert logit(high[0]) == pytest.approx(logit(1 / 400) + 1.645, abs=0.02)


def test_intervals_hold_the_estimate_and_narrow_with_more_customers(make_customers) -> None:
    widths = []
    for n in (300, 3000):
        frame, y, _ = make_customers(n, seed=3)
        told = HealthModel(random_state=0).fit(frame, y).refit_range(frame)
        assert (told["probability_low"] <= told["churn_probability"]).all()
        assert (told["churn_probability"] <= told["probability_high"]).all()
        widths.append((told["probability_high"] - told["probability_low"]).mean())
    # Ten times the customers: about a third, but the trees' own chance does not shrink as fast.
    assert widths[1] < 0.75 * widths[0]


def test_student_t_with_four_degrees_reaches_2_13() -> None:
    assert t.ppf(0.95, 4) == pytest.approx(2.132, abs=1e-3)


def test_segments_and_directions_are_checked_before_anything_is_fitted(make_customers) -> None:
    frame, y, _ = make_customers(200, seed=0)
    with pytest.raises(ConfigError, match=r"no column is called 'plann'.*'plan'"):
        HealthModel(segments=["plann"]).fit(frame, y)
    with pytest.raises(ConfigError, match="expected text or categories in 'logins'"):
        HealthModel(segments=["logins"]).fit(frame, y)
    with pytest.raises(ConfigError, match=r"'plan' holds .* no order; 'logins': expected 1"):
        HealthModel(monotone={"plan": 1, "logins": 2}).fit(frame, y)


def test_a_direction_holds_for_the_whole_model(make_customers) -> None:
    frame, y, _ = make_customers(600, seed=0)
    model = HealthModel(random_state=0, monotone={"logins": 1}).fit(frame, y)
    grid = pd.concat([frame.iloc[[5]]] * 30, ignore_index=True)
    grid["logins"] = np.linspace(0.0, 30.0, 30)
    # In the data more logins mean less churn, so the best that is allowed is a level line.
    assert (np.diff(model.churn_probability(grid)) >= 0.0).all()
