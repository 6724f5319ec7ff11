"""A forest is its trees: cut apart and put together again they are the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from churnhealth.explain.treeshap import Tree, TreeEnsemble
from churnhealth.explain.treeshap.trees import Forest


@pytest.fixture(scope="module")
def trees(random_tree: Callable[..., Tree]) -> list[Tree]:
    return [random_tree(leaves, 5, leaves) for leaves in (7, 1, 30, 2)]


def test_a_forest_is_a_sequence_of_its_trees(trees: list[Tree]) -> None:
    forest = Forest.of(trees)
    assert len(forest) == 4
    assert [len(tree.leaf_value) for tree in forest] == [7, 1, 30, 2]
    assert [len(tree.feature) for tree in forest[1:3]] == [0, 29]
    for name in ("leaf_value", "internal_count", "left", "threshold"):
        assert getattr(forest[-2], name).tolist() == getattr(trees[2], name).tolist()
    sets = [[one.tolist() for one in tree.category_sets] for tree in forest]
    assert sets == [[one.tolist() for one in tree.category_sets] for tree in trees]
    with pytest.raises(IndexError):
        forest[4]


def test_forests_join_to_the_forest_of_all_their_trees(trees: list[Tree]) -> None:
    joined, whole = Forest.joined([Forest.of(trees[:1]), Forest.of(trees[1:])]), Forest.of(trees)
    assert Forest.of(whole) is whole
    assert all(np.array_equal(part, vars(whole)[name]) for name, part in vars(joined).items())
    assert len(Forest.joined([])) == len(Forest.of([])) == 0


def test_children_are_places_among_all_splits_and_then_all_leaves() -> None:
    ints = lambda *numbers: np.array(numbers)  # noqa: E731
    tree = Tree(
        np.array([1.0, 2.0, 6.0]), ints(1, 1, 2), ints(4, 2), ints(0, 1), ints(8, 8),
        ints(1, -1), ints(-3, -2), np.zeros(2),
    )  # fmt: skip
    left, right = Forest.of([tree, tree]).children
    # Four splits, then the leaves 4, 5, 6 of the first tree and 7, 8, 9 of the second.
    assert left.tolist() == [1, 4, 3, 7]
    assert right.tolist() == [6, 5, 9, 8]
    # (1 + 2 + 2 * 6) / 4
    assert Forest.of([tree, tree]).expected.tolist() == [3.75, 3.75] == [tree.expected] * 2


def test_the_mean_output_is_added_up_as_one_tree_adds_it_up(trees: list[Tree]) -> None:
    one_by_one = [
        float(np.sum(tree.leaf_count / tree.internal_count[:1].sum() * tree.leaf_value))
        for tree in trees
        if len(tree.feature)
    ]
    expected = Forest.of(trees).expected
    assert expected[[0, 2, 3]].tolist() == one_by_one
    assert expected[1] == trees[1].leaf_value[0]


def test_an_ensemble_counts_the_leaves_of_any_sequence_of_trees(trees: list[Tree]) -> None:
    assert TreeEnsemble(trees, 5).n_leaves == TreeEnsemble(Forest.of(trees), 5).n_leaves == 40
