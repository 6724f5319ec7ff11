"""Contributions are the Shapley values of the path-dependent game, computed here from its definition."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import lcm

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnhealth.explain.treeshap import Tree, TreeEnsemble, tree_contributions
from churnhealth.explain.treeshap.build import build_program
from churnhealth.explain.treeshap.explainer import TreeExplainer
from churnhealth.explain.treeshap.layout import lay_out
from churnhealth.explain.treeshap.trees import Forest

MISSING = {"NaN": {}, "zero": {"zero_as_missing": True}, "none": {"use_missing": False}}


@pytest.mark.parametrize("missing", MISSING.values(), ids=MISSING.keys())
@pytest.mark.parametrize("categorical", [False, True], ids=["numbers", "categories"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), leaves=st.integers(2, 12), categories=st.integers(2, 40))
def test_contributions_are_the_shapley_values_of_the_game(
    grow, brute_force, missing, categorical, seed, leaves, categories
):
    booster, X = grow(
        seed=seed, trees=2, rows=150, num_leaves=leaves, categories=categories,
        categorical=categorical, **missing,
    )  # fmt: skip
    trees = [info["tree_structure"] for info in booster.dump_model()["tree_info"]]
    expected = np.array([sum(brute_force(tree, row) for tree in trees) for row in X[:3]])
    contributions = tree_contributions(booster, X[:3])
    np.testing.assert_allclose(contributions[:, :-1], expected, atol=1e-12)
    by_lightgbm = booster.predict(X[:3], pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(by_lightgbm[:, :-1], expected, atol=1e-12)


def integral_without(z: list[Fraction], o: list[int], j: int) -> Fraction:
    """Integral from 0 to 1 of the product of z_i + t (o_i - z_i) over all i but j.

    Whole numbers until the end: each factor is p + t (o q - p), over q, where z = p / q.
    """
    polynomial, below = [1], 1
    for i, share in enumerate(z):
        if i != j:
            p, q = share.as_integer_ratio()
            pairs = zip([*polynomial, 0], [0, *polynomial], strict=True)
            polynomial = [p * a + (o[i] * q - p) * b for a, b in pairs]
            below *= q
    common = lcm(*range(1, len(polynomial) + 1))
    return Fraction(sum(a * (common // (i + 1)) for i, a in enumerate(polynomial)), below * common)


def exact(node: dict, row: np.ndarray, path: dict[int, tuple[Fraction, int]]) -> np.ndarray:
    """Shapley values in fractions: output (o_j - z_j) x integral of the others' z + t (o - z)."""
    values = np.array([Fraction(0)] * len(row), dtype=object)
    if "leaf_value" in node:
        z, o = [share for share, _ in path.values()], [own for _, own in path.values()]
        for at, j in enumerate(path):
            values[j] = Fraction(node["leaf_value"]) * (o[at] - z[at]) * integral_without(z, o, at)
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


counts = st.integers(1, 40)
values = st.floats(-2.0, 2.0)


@given(st.tuples(counts, counts, counts, counts), values, values, values)
def test_columns_change_places_with_the_tree_s_columns(numbers, a, b, threshold):
    # The mirrored tree asks column 1 first. Together they treat both columns alike.
    tree = replace(both_above_zero(numbers), threshold=np.full(3, threshold))
    mirrored = replace(tree, feature=1 - tree.feature)
    row = np.array([[a, b]])
    phi, turned = explain_by_hand(tree, row), explain_by_hand(mirrored, row[:, ::-1].copy())
    np.testing.assert_allclose(turned[0, [1, 0, 2]], phi[0], atol=1e-13)
    equal = np.array([[a, a]])
    together = explain_by_hand(tree, equal) + explain_by_hand(mirrored, equal)
    np.testing.assert_allclose(together[0, 0], together[0, 1], atol=1e-13)


def test_a_column_that_no_tree_asks_gets_exactly_nothing():
    tree = both_above_zero((10, 20, 30, 40))
    wide = build_program([TreeEnsemble((tree,), 4)], [1.0])
    X = np.array([[1.0, 1.0, 5.0, np.nan], [-1.0, 1.0, -7.0, 1e300]])
    phi = TreeExplainer(wide, 8, 0.0).contributions(X)
    assert (phi[:, 2:4] == 0.0).all()
    np.testing.assert_array_equal(phi[:, [0, 1, 4]], explain_by_hand(tree, X[:, :2]))


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
