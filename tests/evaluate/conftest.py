"""Worlds with a known truth: rows whose churn probability is known, and predictions bent on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import expit

Array = npt.NDArray[np.float64]


class World(NamedTuple):
    """Truth drawn from `true_p`; `p` is what a model says."""

    y: Array
    p: Array
    true_p: Array


def _world(n: int, seed: int = 0, slope: float = 1.0, shift: float = 0.0, level: float = -1.4) -> World:
    """True log-odds = shift + slope x predicted log-odds."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(level, 1.6, n)
    true_p = expit(shift + slope * log_odds)
    return World((rng.random(n) < true_p).astype(float), expit(log_odds), true_p)


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    return _world


@pytest.fixture(scope="session")
def calibrated() -> World:
    """2,000 rows from a perfect model."""
    return _world(2000, seed=11)
