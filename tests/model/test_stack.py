from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from churnhealth.model.stack import SegmentCorrection, build_stack
from churnhealth.model.target import TargetCode
from churnhealth.model.weights import (
    BASE_RATE_SHARE,
    OutOfFold,
    honest_margin,
    members_worth_keeping,
    stack_weights,
)


class Line:
    """A member whose margin is one column of the matrix."""

    name = "line"
    leaves = 0

    def __init__(self, column: int) -> None:
        self.column = column

    def margin(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[:, self.column]

    def margins_without(self, matrix: np.ndarray) -> np.ndarray:
        return np.column_stack([self.margin(matrix) - 1.0, self.margin(matrix) + 1.0])


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
    weights = stack_weights(margins, y, np.ones(3000), price=0.0)
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


def test_without_any_evidence_the_shares_are_even() -> None:
    # Two members that say the same, and labels as likely under any weight: only the price is left.
    margins = np.zeros((40, 2))
    y = np.tile([0.0, 1.0], 20)
    even = (1.0 - BASE_RATE_SHARE) / 2
    assert stack_weights(margins, y, np.ones(40)) == pytest.approx([even, even, BASE_RATE_SHARE])


def test_no_members_leave_everything_to_the_base_rate() -> None:
    y = np.array([0.0, 1.0, 0.0])
    assert stack_weights(np.zeros((3, 0)), y, np.ones(3)).tolist() == [1.0]


def told(margins: np.ndarray, y: np.ndarray) -> OutOfFold:
    return OutOfFold(margins, y, np.ones(len(y)), np.arange(len(y)) % 5)


def test_honest_margins_do_not_know_their_own_group() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(-1, 1.5, 500)
    y = labels(truth)
    one = told(truth[:, None], y)
    before = honest_margin(one)
    flipped = told(truth[:, None], np.where(one.groups == 0, 1.0 - y, y))
    inside = one.groups == 0
    weights = stack_weights(truth[~inside, None], y[~inside], np.ones(int((~inside).sum())))
    assert before[inside] == pytest.approx(weights[0] * truth[inside] + weights[1] * one.base)
    # With other labels in the group only the base rate, which all share, has moved.
    after = honest_margin(flipped)
    moved = weights[1] * (flipped.base - one.base)
    assert after[inside] - before[inside] == pytest.approx(np.full(int(inside.sum()), moved))


def test_trees_that_say_nothing_are_left_out_and_the_useful_stay() -> None:
    rng = np.random.default_rng(5)
    truth = rng.normal(-1, 2, 4000)
    margins = np.column_stack([0.3 * truth, truth, -0.5 * truth + rng.normal(size=4000)])
    kept = members_worth_keeping(told(margins, labels(truth)), [0, 500, 400], 10_000)
    assert kept == [0, 1]


def test_the_leaf_budget_keeps_the_more_useful_trees() -> None:
    rng = np.random.default_rng(6)
    truth = rng.normal(-1, 2, 4000)
    noisy = truth + rng.normal(0, 1.5, 4000)
    margins = np.column_stack([truth + rng.normal(0, 1.0, 4000), noisy])
    both = members_worth_keeping(told(margins, labels(truth)), [500, 400], 1000)
    assert both == [0, 1]
    assert members_worth_keeping(told(margins, labels(truth)), [500, 400], 899) == [0]
    assert members_worth_keeping(told(margins, labels(truth)), [500, 400], 1) == [0]


def test_corrections_and_codes_are_part_of_the_margin() -> None:
    stack = build_stack(
        [Line(0), Line(1)],
        np.array([0.5, 0.5, 0.0]),
        base_rate=0.5,
        n_indicators=2,
        target_codes=[TargetCode(1, (-2.0, 4.0))],
    ).corrected([SegmentCorrection(1, (0.25, -0.25))])
    matrix = np.array([[1.0, 0.0], [1.0, 1.0]])
    # 0.5 * 1 + 0.5 * code + correction of the level
    assert stack.margin(matrix) == pytest.approx([0.5 - 1.0 + 0.25, 0.5 + 2.0 - 0.25])
    assert stack.margins_without(matrix).mean(axis=1) == pytest.approx(stack.margin(matrix))


def test_a_missing_segment_is_not_corrected() -> None:
    correction = SegmentCorrection(0, (1.0, 2.0))
    assert correction.of(np.array([[1.0], [np.nan], [0.0]])).tolist() == [2.0, 0.0, 1.0]
