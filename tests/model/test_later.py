from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import multivariate_normal

from churnhealth.model.later import AHEAD_DAYS, DAY, MEMORY_DAYS, Level, follow_level, mean_level_error
from churnhealth.model.weights import OutOfFold

QUARTER = 91 * DAY


def windows(moves: list[float], n: int, seed: int = 0) -> tuple[np.ndarray, OutOfFold, np.ndarray]:
    """Quarters of n customers with honest log-odds, but for a move of each quarter's base rate."""
    rng = np.random.default_rng(seed)
    window = np.repeat(np.arange(len(moves)), n)
    log_odds = rng.normal(-1.5, 1.0, len(window))
    y = (rng.random(len(window)) < expit(log_odds + np.asarray(moves)[window])).astype(float)
    told = OutOfFold(log_odds[:, None], y, np.ones(len(y)), np.arange(len(y)) % 5)
    return log_odds, told, window * QUARTER


def test_a_lasting_move_is_followed_when_windows_are_large() -> None:
    level = follow_level(*windows([0.0, 0.0, 0.5, 0.5, 0.5, 0.5], 20_000))
    assert 0.3 < level.shift < 0.5
    assert level.move > 0.2


def test_an_older_move_is_forgotten() -> None:
    newer = follow_level(*windows([0.0, 0.0, 0.0, 0.5], 20_000))
    older = follow_level(*windows([0.5, 0.0, 0.0, 0.0], 20_000))
    assert newer.shift > 0.25
    assert abs(older.shift) < 0.05


def test_a_few_churners_hardly_move_anything() -> None:
    log_odds, told, cutoff = windows([0.0], 60)
    told.y[:] = 0.0
    told.y[:20] = 1.0
    # Some 12 churners expected, 20 seen: one look of about 0.9, with a standard error of about 0.35.
    assert 0.0 < follow_level(log_odds, told, cutoff).shift < 0.4


def test_one_window_says_what_the_formulas_give_by_hand() -> None:
    # 100 customers at 0.2, 30 churn: the look is (30 - 20) / 16 = 0.625, its variance 1 / 16.
    log_odds = np.full(100, logit(0.2))
    y = np.repeat([1.0, 0.0], [30, 70])
    told = OutOfFold(log_odds[:, None], y, np.ones(100), np.arange(100) % 5)
    level = follow_level(log_odds, told, np.zeros(100, dtype=np.int64))
    kept = np.exp(-AHEAD_DAYS / MEMORY_DAYS)
    share = level.move**2 / (level.move**2 + 1 / 16)
    assert level.shift == pytest.approx(kept * share * 0.625, rel=1e-9)
    # The base rate's own error: sqrt(0.3 * 0.7 / 99) / (0.3 * 0.7).
    mean_error = mean_level_error(y, np.ones(100), None)
    assert mean_error == pytest.approx(np.sqrt(0.21 / 99) / 0.21)
    left = level.move**2 * (1.0 - kept**2 * share)
    assert level.error == pytest.approx(np.sqrt(left + mean_error**2), rel=1e-9)


def test_the_move_is_the_most_probable_one() -> None:
    log_odds, told, cutoff = windows([0.3, -0.3, 0.4, -0.2], 4000)
    found = follow_level(log_odds, told, cutoff).move
    p = expit(log_odds)
    days, window = np.unique(cutoff, return_inverse=True)
    information = np.bincount(window, p * (1 - p))
    look = np.bincount(window, told.y - p) / information
    kernel = np.exp(-np.abs(days[:, None] - days[None, :]) / DAY / MEMORY_DAYS)

    def posterior(move: float) -> float:
        covariance = move**2 * kernel + np.diag(1 / information)
        prior = -0.5 * (np.log(move / 0.2) / np.log(2.0)) ** 2
        return float(multivariate_normal(cov=covariance).logpdf(look)) + prior

    tried = np.linspace(0.05, 1.5, 500)
    best = tried[np.argmax([posterior(one) for one in tried])]
    assert found == pytest.approx(best, abs=0.005)


def test_quiet_windows_leave_a_smaller_error_than_restless_ones() -> None:
    quiet = follow_level(*windows([0.0] * 8, 2000))
    restless = follow_level(*windows([0.5, -0.5] * 4, 2000))
    assert quiet.error < 0.15 < 0.3 < restless.error


def test_the_next_window_lies_within_the_error_as_often_as_it_should() -> None:
    rng = np.random.default_rng(1)
    inside, moved = 0, 0.25
    days = 91.0 * np.arange(9)
    kernel = moved**2 * np.exp(-np.abs(days[:, None] - days[None, :]) / MEMORY_DAYS)
    for draw in range(60):
        level = rng.multivariate_normal(np.zeros(9), kernel)
        told = follow_level(*windows(level[:-1].tolist(), 1000, seed=draw))
        inside += abs(level[-1] - told.shift) < 1.645 * told.error
    # 90 % of 60 draws, give or take 2.3 standard errors of 2.3.
    assert 48 <= inside <= 60


def test_a_customer_that_churns_in_overlapping_windows_counts_once() -> None:
    log_odds, told, cutoff = windows([0.4], 500)
    alone = follow_level(log_odds, told, cutoff)
    twice = OutOfFold(
        np.tile(told.margins, (2, 1)), np.tile(told.y, 2), np.ones(1000), np.tile(told.groups, 2),
        np.tile(np.arange(500), 2),
    )  # fmt: skip
    both = follow_level(np.tile(log_odds, 2), twice, np.append(cutoff, cutoff))
    assert both.shift == pytest.approx(alone.shift, rel=0.01)
    assert both.error == pytest.approx(alone.error, rel=0.01)


def test_the_order_of_rows_and_cutoffs_does_not_matter() -> None:
    log_odds, told, cutoff = windows([0.0, 0.4], 500)
    order = np.random.default_rng(3).permutation(len(cutoff))
    mixed = OutOfFold(told.margins[order], told.y[order], told.weight[order], told.groups[order])
    assert follow_level(log_odds[order], mixed, cutoff[order]).shift == pytest.approx(
        follow_level(log_odds, told, cutoff).shift
    )


def test_certain_customers_say_nothing_and_break_nothing() -> None:
    log_odds = np.repeat([-800.0, 0.0], [50, 50])
    y = np.append(np.zeros(50), np.repeat([0.0, 1.0], 25))
    told = OutOfFold(log_odds[:, None], y, np.ones(100), np.arange(100) % 5)
    level = follow_level(log_odds, told, np.repeat([0, 1], 50) * QUARTER)
    assert isinstance(level, Level)
    assert level.shift == pytest.approx(0.0, abs=1e-9)
