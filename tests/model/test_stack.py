from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from churnhealth.model.stack import build_stack, stack_weights


class Line:
    """A member whose margin is one column of the matrix."""

    name = "line"

    def __init__(self, column: int) -> None:
        self.column = column

    def margin(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[:, self.column]


def labels(margin: np.ndarray, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(margin)) < expit(margin)).astype(float)


def test_the_true_margin_takes_all_the_weight() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(-1, 2, 20_000)
    weights = stack_weights(
        np.column_stack([truth, rng.normal(size=20_000)]), labels(truth), np.ones(20_000)
    )
    assert weights == pytest.approx([1.0, 0.0, 0.0], abs=0.05)


def test_noise_leaves_everything_to_the_base_rate() -> None:
    rng = np.random.default_rng(1)
    y = (rng.random(5000) < 0.1).astype(float)
    weights = stack_weights(rng.normal(size=(5000, 2)), y, np.ones(5000))
    assert weights == pytest.approx([0.0, 0.0, 1.0], abs=0.02)


def test_an_overconfident_member_shares_with_the_base_rate() -> None:
    truth = np.random.default_rng(2).normal(0.0, 1.0, 50_000)
    weights = stack_weights(2.0 * truth[:, None], labels(truth), np.ones(50_000))
    assert weights[0] == pytest.approx(0.5, abs=0.03)  # twice too steep, so half of it


def test_weights_are_convex_and_agree_with_a_grid() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=3000)
    margins = np.column_stack([truth + rng.normal(size=3000), truth + rng.normal(size=3000)])
    y = labels(truth)
    weights = stack_weights(margins, y, np.ones(3000))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    base = logit(y.mean())

    def loss(pair: np.ndarray) -> float:
        log_odds = margins @ pair + (1.0 - pair.sum()) * base
        return float(np.mean(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))))

    grid = [(a, b) for a in np.arange(0, 1.01, 0.05) for b in np.arange(0, 1.01 - a, 0.05)]
    assert loss(weights[:2]) <= min(loss(np.array(pair)) for pair in grid) + 1e-6


def test_a_stack_is_the_weighted_sum_of_its_members_and_keeps_no_idle_one() -> None:
    stack = build_stack([Line(0), Line(1)], np.array([0.75, 0.0, 0.25]), base_rate=0.2, n_indicators=2)
    matrix = np.array([[1.0, 5.0], [-2.0, 5.0]])
    base = 0.25 * np.log(0.25)  # log-odds of 0.2 are log(0.2 / 0.8)
    assert len(stack.members) == 1
    assert stack.margin(matrix) == pytest.approx([0.75 + base, -1.5 + base])
