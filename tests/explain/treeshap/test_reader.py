"""Model texts are read into the trees that they tell of; a damaged tree is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import ArtifactError, ConfigError
from churnhealth.explain.treeshap import Tree, read_ensemble
from churnhealth.explain.treeshap.reader import _read

HEAD = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx={}\n\n"


def text_of(trees: Iterable[Tree], columns: int) -> str:
    """What LightGBM would write."""
    blocks = [f"Tree={number}\n{block_of(tree)}\n\n\n" for number, tree in enumerate(trees)]
    return HEAD.format(columns - 1) + "".join(blocks) + "end of trees\n\nparameters:\n[num_leaves: 9]\n"


def block_of(tree: Tree) -> str:
    grown = len(tree.feature) > 0
    fields = {
        "num_leaves": [len(tree.leaf_value)],
        "num_cat": [len(tree.category_sets)],
        "split_feature": tree.feature,
        "threshold": tree.threshold,
        "decision_type": tree.decision_type,
        "left_child": tree.left,
        "right_child": tree.right,
        "leaf_value": tree.leaf_value,
        "leaf_count": tree.leaf_count if grown else [40],
        "internal_count": tree.internal_count,
    }
    if tree.category_sets:
        fields["cat_boundaries"] = np.cumsum([0, *map(len, tree.category_sets)])
        fields["cat_threshold"] = np.concatenate(tree.category_sets)
    lines = [f"{name}={' '.join(str(one) for one in list(v))}" for name, v in fields.items()]
    return "\n".join([*lines, "is_linear=0", "shrinkage=0.1"])


def assert_same(got: Tree, wanted: Tree) -> None:
    for name in vars(wanted).keys() - {"category_sets"}:
        np.testing.assert_array_equal(getattr(got, name), getattr(wanted, name), err_msg=name)
    assert [one.tolist() for one in got.category_sets] == [one.tolist() for one in wanted.category_sets]
    assert all(one.dtype == np.uint32 for one in got.category_sets)


@settings(max_examples=30)
@given(sizes=st.lists(st.integers(1, 20), max_size=6), seed=st.integers(0, 10_000))
def test_trees_are_read_as_they_were_written(
    random_tree: Callable[..., Tree], sizes: list[int], seed: int
) -> None:
    trees = [random_tree(leaves, 4, seed + at) for at, leaves in enumerate(sizes)]
    ensemble = read_ensemble(text_of(trees, 4))
    assert (len(ensemble.trees), ensemble.n_leaves, ensemble.n_columns) == (len(trees), sum(sizes), 4)
    for got, wanted in zip(ensemble.trees, trees, strict=True):
        assert_same(got, wanted)
        assert got.expected == wanted.expected


def test_line_ends_of_windows_are_read(random_tree: Callable[..., Tree]) -> None:
    trees = [random_tree(5, 3, seed) for seed in range(3)]
    text = text_of(trees, 3).replace("\n", "\r\n")
    for got, wanted in zip(read_ensemble(text).trees, trees, strict=True):
        assert_same(got, wanted)


def replaced(name: str, value: str) -> Callable[[str], str]:
    """A field of the tree with another value: '{}' stands for the one that it had."""

    def damage(block: str) -> str:
        (line,) = (one for one in block.splitlines() if one.startswith(name + "="))
        return block.replace(line, f"{name}={value.format(line.partition('=')[2])}")

    return damage


DAMAGES = {
    "a leaf value too many": (
        replaced("leaf_value", "0.5 {}"),
        "leaf_value: expected 9 numbers, got 10",
    ),
    "a word among numbers": (replaced("threshold", "{} x"), "ValueError"),
    "a fraction among counts": (replaced("leaf_count", "1.5"), "ValueError"),
    "no leaves": (replaced("num_leaves", "0"), "ValueError"),
    "no number of leaves": (replaced("num_leaves", "many"), "ValueError"),
    "a field is missing": (lambda block: block.replace("decision_type", "lost"), "KeyError"),
    "a column that is none": (replaced("split_feature", "7{}"), r"column outside 0\.\.2"),
    "a child of nowhere": (replaced("left_child", "9{}"), "neither a split nor a leaf"),
    "a root below itself": (replaced("right_child", "0 0 0 0 0 0 0 0"), "exactly one parent"),
    "counts that do not add up": (replaced("internal_count", "9{}"), "do not add up"),
    "a category set that is none": (replaced("threshold", "9 9 9 9 9 9 9 9"), "without its set"),
    "bounds that fall": (replaced("cat_boundaries", "4 0"), "do not rise from 0"),
    "words that are missing": (replaced("cat_boundaries", "0 5"), "cat_threshold: expected 5"),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES.keys())
def test_the_damaged_tree_is_named(
    random_tree: Callable[..., Tree], damage: Callable[[str], str], told: str
) -> None:
    trees = [random_tree(9, 3, seed) for seed in range(4)]
    # Its first split goes by the only category set, of four words.
    words = np.arange(1, 5, dtype=np.uint32)
    first = np.arange(8) == 0
    by_set = Tree(
        **vars(trees[2])
        | {
            "decision_type": np.where(first, 1, 8),
            "threshold": np.where(first, 0.0, 1.5),
            "category_sets": (words,),
        }
    )
    text = text_of([*trees[:2], by_set, trees[3]], 3)
    assert len(read_ensemble(text).trees) == 4
    with pytest.raises(ArtifactError, match=f"tree 2 of the model text is damaged: .*{told}"):
        read_ensemble(text.replace(block_of(by_set), damage(block_of(by_set))))


def test_two_faults_that_make_up_for_each_other_are_found(random_tree: Callable[..., Tree]) -> None:
    trees = [random_tree(5, 3, seed) for seed in range(2)]
    value = trees[0].leaf_value
    # One number too few in the first tree, one too many in the second.
    blocks = [replaced("leaf_value", " ".join(map(str, value[1:])))(block_of(trees[0]))]
    blocks.append(replaced("leaf_value", f"{value[0]} {{}}")(block_of(trees[1])))
    text = text_of(trees, 3)
    for tree, block in zip(trees, blocks, strict=True):
        text = text.replace(block_of(tree), block)
    with pytest.raises(ArtifactError, match="tree 0 of the model text is damaged"):
        read_ensemble(text)


def test_linear_leaves_are_named(random_tree: Callable[..., Tree]) -> None:
    text = text_of([random_tree(3, 2, seed) for seed in range(2)], 2)
    first, _, second = text.rpartition("is_linear=0")
    with pytest.raises(ConfigError, match="tree 1 has linear leaves"):
        read_ensemble(f"{first}is_linear=1{second}")


def test_a_text_without_trees_is_an_ensemble_of_none() -> None:
    ensemble = read_ensemble(HEAD.format(4))
    assert (len(ensemble.trees), ensemble.n_leaves, ensemble.n_columns) == (0, 0, 5)
    assert len(_read([])) == 0
