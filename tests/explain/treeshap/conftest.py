"""Small boosters on tables with missing values, zeros and categories."""

from __future__ import annotations

from collections.abc import Callable

import lightgbm
import numpy as np
import pytest

from churnhealth.explain.treeshap import Tree

Grow = Callable[..., tuple[lightgbm.Booster, np.ndarray]]


def table_of(rows: int, seed: int, categories: int = 12) -> np.ndarray:
    """Five columns: plain, with missing values, with zeros, few values with both, categories."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 5))
    X[random.random(rows) < 0.2, 1] = np.nan
    X[random.random(rows) < 0.4, 2] = 0.0
    X[:, 3] = random.choice([0.0, 1.0, -1.0, np.nan], rows)
    X[:, 4] = random.integers(0, categories, rows)
    return X


def outcome_of(X: np.ndarray, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed + 1)
    Z = np.nan_to_num(X, nan=-1.5)
    return (
        Z[:, 0] * Z[:, 1]
        + Z[:, 2]
        + np.sin(5 * Z[:, 3])
        + (Z[:, 4] % 3)
        + 0.3 * random.normal(size=len(X))
    )


def grow_booster(
    rows: int = 300,
    seed: int = 0,
    trees: int = 6,
    categories: int = 12,
    categorical: bool = True,
    **params: object,
) -> tuple[lightgbm.Booster, np.ndarray]:
    X = table_of(rows, seed, categories)
    settings = {
        "objective": "regression",
        "num_leaves": 12,
        "min_data_in_leaf": 3,
        "min_data_per_group": 2,
        "cat_smooth": 1.0,
        "max_cat_to_onehot": 2,
        "verbose": -1,
        "num_threads": 1,
        "seed": seed,
    } | params
    data = lightgbm.Dataset(
        X, outcome_of(X, seed), categorical_feature=[4] if categorical else [], free_raw_data=False
    )
    return lightgbm.train(settings, data, trees), X


@pytest.fixture
def grow() -> Grow:
    return grow_booster


def strange_rows(X: np.ndarray, seed: int = 3) -> np.ndarray:
    """Rows that training never saw: odd categories, infinities, numbers near zero."""
    random = np.random.default_rng(seed)
    X = X[random.integers(0, len(X), 60)].copy()
    odd = [np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, 2e-35, np.inf, -np.inf, 1e300]
    for column in range(4):
        X[random.random(60) < 0.4, column] = random.choice(odd)
        at = random.random(60) < 0.4
        X[at, column] = random.choice(odd, at.sum())
    X[:30, 4] = random.choice(
        [np.nan, -1, -0.5, 0.5, 2.9, 1e6, 3e9, -3e9, np.inf, -np.inf, 31, 32, 63, 64], 30
    )
    return X


@pytest.fixture
def chain() -> tuple[lightgbm.Booster, np.ndarray]:
    """Trees like combs over 40 columns: each column matters only where all before it passed."""
    X = np.random.default_rng(0).normal(size=(600, 40))
    y = np.cumprod(X > -1.5, axis=1).sum(axis=1)
    params = {"num_leaves": 60, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
    return lightgbm.train(params, lightgbm.Dataset(X, y), 5), X


@pytest.fixture
def strange() -> Callable[..., np.ndarray]:
    return strange_rows


@pytest.fixture
def without_llvmlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the optional library look absent."""
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "llvmlite" else real(name, *rest),
    )


def tree_at_random(leaves: int, columns: int, seed: int, *, chain: bool = False) -> Tree:
    """Any tree that a booster could have: columns come again on a path, some split by category sets.

    A chain is a tree as deep as can be.
    """
    random = np.random.default_rng(seed)
    left, right = hang_leaves(leaves, random, chain=chain)
    n = leaves - 1
    leaf_count = random.integers(1, 40, leaves) * (random.random(leaves) < 0.8)
    if 0 in rows_that_pass(left, right, leaf_count):
        leaf_count += 1
    decision_type = random.choice([0, 1, 2, 4, 6, 8, 10], n)
    by_set = decision_type == 1
    threshold = np.round(random.normal(size=n), random.integers(1, 17))
    threshold[by_set] = random.permutation(by_set.sum())
    return Tree(
        leaf_value=random.normal(size=leaves),
        leaf_count=leaf_count if n else np.ones(1, dtype=np.int64),
        internal_count=rows_that_pass(left, right, leaf_count),
        feature=random.integers(0, columns, n),
        decision_type=decision_type,
        left=left,
        right=right,
        threshold=threshold,
        category_sets=tuple(
            random.integers(0, 2**32, random.integers(1, 5), dtype=np.uint32)
            for _ in range(by_set.sum())
        ),
    )


def hang_leaves(
    leaves: int, random: np.random.Generator, *, chain: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Split leaf after leaf as LightGBM does: one child keeps the leaf's number."""
    children = np.zeros((2, leaves - 1), dtype=np.int64)
    hangs: dict[int, tuple[int, int]] = {}
    for split in range(leaves - 1):
        leaf = split if chain else int(random.integers(split + 1))
        if leaf in hangs:
            children[hangs[leaf]] = split
        side = int(random.integers(2))
        children[side, split], children[1 - side, split] = ~leaf, ~(split + 1)
        hangs[leaf], hangs[split + 1] = (side, split), (1 - side, split)
    return children[0], children[1]


def rows_that_pass(left: np.ndarray, right: np.ndarray, leaf_count: np.ndarray) -> np.ndarray:
    """Training rows of each split; children have higher numbers than their parents."""
    passing = np.zeros(len(left), dtype=np.int64)
    for split in reversed(range(len(left))):
        below = (left[split], right[split])
        passing[split] = sum(leaf_count[~child] if child < 0 else passing[child] for child in below)
    return passing


@pytest.fixture(scope="session")
def random_tree() -> Callable[..., Tree]:
    return tree_at_random
