"""A judge whose answers are known: what options lose depends on one number alone."""

from __future__ import annotations

import pytest

BEST_L2 = 50.0


def make_judge(folds: int = 3, rows: int = 40, reach: float = 0.05):
    """Return a judge for whom options lose 0.5 + reach * (log l2 - log 50)^2 nats, and some noise."""
    import numpy as np

    class Judge:
        def __init__(self) -> None:
            self.folds = range(folds)
            self.asked: list[tuple[float, int]] = []

        def losses(self, options, at):
            l2 = options.small_trees.l2
            self.asked.append((l2, at))
            noise = np.random.default_rng(int(1e6 * l2) + at).normal(0.0, 0.01, rows)
            return 0.5 + reach * np.log(l2 / 50.0) ** 2 + noise

        def weight(self, at):
            return np.ones(rows)

        def customers(self, at):
            return np.arange(rows) + rows * at

    return Judge()


@pytest.fixture
def new_judge():
    """Return the maker itself."""
    return make_judge
