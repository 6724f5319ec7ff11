from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from churnhealth.model.later import ENOUGH_CHURNERS, newest_shift
from churnhealth.model.weights import OutOfFold


def windows(moves: list[float], n: int) -> tuple[np.ndarray, OutOfFold, np.ndarray]:
    """Windows of n customers with honest log-odds, but for a move of each window's base rate."""
    rng = np.random.default_rng(0)
    cutoff = np.repeat(np.arange(len(moves)), n)
    log_odds = rng.normal(-1.5, 1.0, len(cutoff))
    y = (rng.random(len(cutoff)) < expit(log_odds + np.asarray(moves)[cutoff])).astype(float)
    told = OutOfFold(log_odds[:, None], y, np.ones(len(y)), np.arange(len(y)) % 5)
    return log_odds, told, cutoff


def test_a_move_of_the_newest_window_is_followed_when_it_is_large() -> None:
    log_odds, told, cutoff = windows([0.0, 0.0, 0.5], 20_000)
    assert newest_shift(log_odds, told, cutoff) == pytest.approx(0.5, abs=0.05)


def test_an_older_move_is_forgotten() -> None:
    log_odds, told, cutoff = windows([0.5, 0.5, 0.0], 20_000)
    assert newest_shift(log_odds, told, cutoff) == pytest.approx(0.0, abs=0.05)


def test_a_few_churners_hardly_move_anything() -> None:
    log_odds, told, cutoff = windows([1.0], 60)
    # Some 25 churners: a standard error of about 0.3 against a usual move of 0.2.
    assert 0.0 < newest_shift(log_odds, told, cutoff) < 0.5


def test_windows_are_taken_until_they_hold_enough_churners() -> None:
    log_odds, told, cutoff = windows([0.0] * 20, 40)
    told.y[cutoff == 19] = 0.0
    # The newest window alone has no churner, and alone it could say nothing.
    assert told.y[cutoff >= 10].sum() > ENOUGH_CHURNERS
    assert abs(newest_shift(log_odds, told, cutoff)) < 0.3


def test_the_order_of_rows_and_cutoffs_does_not_matter() -> None:
    log_odds, told, cutoff = windows([0.0, 0.4], 500)
    order = np.random.default_rng(3).permutation(len(cutoff))
    mixed = OutOfFold(told.margins[order], told.y[order], told.weight[order], told.groups[order])
    assert newest_shift(log_odds[order], mixed, cutoff[order]) == pytest.approx(
        newest_shift(log_odds, told, cutoff)
    )
