"""Contributions are the Shapley values of the path-dependent game, computed here from its definition."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import factorial

import numpy as np
import pytest

from churnhealth.explain.treeshap import Tree, TreeEnsemble, tree_contributions
from churnhealth.explain.treeshap.build import build_program
from churnhealth.explain.treeshap.explainer import TreeExplainer
from churnhealth.explain.treeshap.layout import lay_out
from churnhealth.explain.treeshap.trees import Forest


def worth(node: dict, known: frozenset[int]) -> float:
    """Mean output when only the known columns decide: elsewhere the shares of training rows do."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return worth(left if node["goes_left"] else right, known)
    counts = [child.get("internal_count", child.get("leaf_count")) for child in (left, right)]
    values = [worth(child, known) for child in (left, right)]
    return float(np.dot(counts, values) / sum(counts))


def send(node: dict, row: np.ndarray) -> None:
    """Mark at every split which way the row goes (numerical splits, missing values as NaN)."""
    if "leaf_value" in node:
        return
    x = row[node["split_feature"]]
    if node["missing_type"] == "None" and np.isnan(x):
        x = 0.0
    node["goes_left"] = node["default_left"] if np.isnan(x) else x <= node["threshold"]
    send(node["left_child"], row)
    send(node["right_child"], row)


def shapley(tree: dict, row: np.ndarray) -> np.ndarray:
    send(tree, row)
    n = len(row)
    values = np.zeros(n)
    for j in range(n):
        others = [i for i in range(n) if i != j]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for group in combinations(others, size):
                with_j = worth(tree, frozenset({*group, j}))
                values[j] += weight * (with_j - worth(tree, frozenset(group)))
    return values


@pytest.mark.parametrize("seed", range(4))
def test_contributions_are_the_shapley_values_of_the_game(grow, seed):
    booster, X = grow(seed=seed, trees=2, categorical=False, num_leaves=10)
    trees = [info["tree_structure"] for info in booster.dump_model()["tree_info"]]
    expected = np.array([sum(shapley(tree, row) for tree in trees) for row in X[:12]])
    np.testing.assert_allclose(tree_contributions(booster, X[:12])[:, :-1], expected, atol=1e-13)


def exact(node: dict, row: np.ndarray, path: dict[int, tuple[Fraction, int]]) -> np.ndarray:
    """Shapley values in fractions: output (o_j - z_j) x integral of the others' z + t (o - z)."""
    values = np.array([Fraction(0)] * len(row), dtype=object)
    if "leaf_value" in node:
        for j, (z_j, o_j) in path.items():
            polynomial = [Fraction(1)]
            for z, o in (path[i] for i in path if i != j):
                shifted = [Fraction(0), *((o - z) * a for a in polynomial)]
                polynomial = [
                    z * a + b for a, b in zip([*polynomial, Fraction(0)], shifted, strict=True)
                ]
            integral = sum(a / (power + 1) for power, a in enumerate(polynomial))
            values[j] += Fraction(node["leaf_value"]) * (o_j - z_j) * integral
        return values
    column = node["split_feature"]
    z, o = path.get(column, (Fraction(1), 1))
    goes_left = bool(row[column] <= node["threshold"])
    for child, here in ((node["left_child"], goes_left), (node["right_child"], not goes_left)):
        share = Fraction(child.get("internal_count", child.get("leaf_count")), node["internal_count"])
        values = values + exact(child, row, path | {column: (z * share, o * here)})
    return values


def test_deep_paths_are_exact_in_fractions(chain):
    booster, X = chain
    row = X[
        np.abs(booster.predict(X, pred_contrib=True) - tree_contributions(booster, X))
        .max(axis=1)
        .argmax()
    ]
    trees = [info["tree_structure"] for info in booster.dump_model()["tree_info"]]
    expected = sum(exact(tree, row, {}) for tree in trees).astype(float)
    np.testing.assert_allclose(
        tree_contributions(booster, row[np.newaxis])[0, :-1], expected, rtol=0, atol=1e-13
    )


def explain_by_hand(tree: Tree, X: np.ndarray) -> np.ndarray:
    program = build_program([TreeEnsemble((tree,), X.shape[1])], [1.0])
    return TreeExplainer(program, 8, 0.0).contributions(X)


def both_above_zero(counts: tuple[int, int, int, int]) -> Tree:
    """Output 4 where both columns are above 0, else 0: column 0 is asked first, then column 1."""
    a, b, c, d = counts
    ints = lambda *numbers: np.array(numbers)  # noqa: E731
    return Tree(
        leaf_value=np.array([0.0, 0.0, 0.0, 4.0]),
        leaf_count=ints(a, b, c, d),
        internal_count=ints(a + b + c + d, a + b, c + d),
        feature=ints(0, 1, 1),
        decision_type=ints(8, 8, 8),
        left=ints(1, -1, -3),
        right=ints(2, -2, -4),
        threshold=np.zeros(3),
    )


def test_columns_that_play_the_same_part_get_the_same():
    X = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    phi = explain_by_hand(both_above_zero((25, 25, 25, 25)), X)
    # Expected value 4/4 = 1. Both above: 4 - 1 = 3, shared equally; none above: -1 shared equally.
    np.testing.assert_allclose(phi[:2], [[1.5, 1.5, 1.0], [-0.5, -0.5, 1.0]], atol=1e-15)
    # Only column 0 known: 2; only column 1 known: 0; both: 0. phi_0 = ((2 - 1) + (0 - 0)) / 2.
    np.testing.assert_allclose(phi[2], [0.5, -1.5, 1.0], atol=1e-15)


def test_a_leaf_without_training_rows_is_still_explained():
    phi = explain_by_hand(both_above_zero((50, 0, 25, 25)), np.array([[-1.0, 1.0]]))
    # v() = 1, v(0) = 0, v(1) = 1/2 * 0 + 1/2 * 4 = 2, v(0, 1) = 0: phi_0 = ((0 - 1) + (0 - 2)) / 2.
    np.testing.assert_allclose(phi, [[-1.5, 0.5, 1.0]], atol=1e-15)


def test_a_column_asked_twice_counts_as_one_on_its_path():
    ints = lambda *numbers: np.array(numbers)  # noqa: E731
    tree = Tree(
        np.arange(3.0),
        ints(2, 3, 5),
        ints(10, 5),
        ints(0, 0),
        ints(8, 8),
        ints(1, -1),
        ints(-3, -2),
        np.array([1.0, 0.0]),
    )
    layout = lay_out(Forest.of([tree]))
    assert layout.distinct.tolist() == [1]
    assert layout.passed.tolist() == [1.0, 0.5]
    phi = explain_by_hand(tree, np.array([[-1.0], [0.5], [3.0]]))
    # Expected value (0 * 2 + 1 * 3 + 2 * 5) / 10 = 1.3; the one column takes all of output - 1.3.
    np.testing.assert_allclose(phi[:, 0], [-1.3, -0.3, 0.7], atol=1e-15)
