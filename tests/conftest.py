"""Fixtures that several floors share: small customer tables with a known churn probability."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from churnhealth.estimator import HealthModel

# The machines that run these tests are shared: an example's time says nothing.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


def _make(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return indicators of every type, labels 0/1, and the true churn probability."""
    rng = np.random.default_rng(seed)
    logins = rng.poisson(10, n).astype(float)
    nps = rng.integers(0, 11, n).astype(float)
    plan = rng.choice(["Basic", "Pro", "Enterprise"], n, p=[0.5, 0.3, 0.2])
    onboarded = rng.random(n) < 0.7
    log_odds = 0.6 - 0.25 * logins + 0.9 * (plan == "Basic") - 0.8 * onboarded + 0.08 * (5 - nps)
    truth = 1.0 / (1.0 + np.exp(-log_odds))
    y = (rng.random(n) < truth).astype(int)
    nps[rng.random(n) < 0.6] = np.nan
    frame = pd.DataFrame(
        {
            "logins": logins,
            "nps": nps,
            "plan": plan,
            "onboarded": onboarded,
            "seats": pd.array(rng.integers(1, 50, n), dtype="Int64"),
        }
    )
    return frame, y, truth


@pytest.fixture(scope="session")
def customers() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    return _make()


@pytest.fixture(scope="session")
def fitted(customers: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> HealthModel:
    frame, y, _ = customers
    return HealthModel(random_state=0).fit(frame, y)


@pytest.fixture(scope="session")
def make_customers() -> Callable[..., tuple[pd.DataFrame, np.ndarray, np.ndarray]]:
    """Return the maker itself, for other sizes and seeds."""
    return _make
