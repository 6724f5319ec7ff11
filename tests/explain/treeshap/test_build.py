"""The program of all trees together is, to the bit, what each tree gives on its own, split by split."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import ArtifactError
from churnhealth.explain.treeshap import Tree, TreeEnsemble
from churnhealth.explain.treeshap.build import build_program
from churnhealth.explain.treeshap.columns import Reading
from churnhealth.explain.treeshap.layout import lay_out
from churnhealth.explain.treeshap.program import NODE, SWEEP, Program
from churnhealth.explain.treeshap.quadrature import radau
from churnhealth.explain.treeshap.trees import Forest

Node = dict[str, Any]


def walk(tree: Tree) -> list[Node]:
    """A tree's splits in preorder, found by walking down it, with all that is asked of them."""
    nodes: list[Node] = []

    def visit(split: int, path: dict[int, tuple[int, int, float]]) -> float:
        column, total = int(tree.feature[split]), int(tree.internal_count[split])
        place, children = len(nodes), [int(tree.left[split]), int(tree.right[split])]
        swapped = children[0] < 0 <= children[1]
        node: Node = {"split": split, "column": column, "swapped": swapped, "child": [], "mean": []}
        node["ancestor"], node["side"], node["passed"] = path.get(column, (-1, 0, 1.0))
        node["distinct"] = len(path.keys() | {column})
        nodes.append(node)
        children = children[::-1] if swapped else children
        counts = [int(tree.leaf_count[~c] if c < 0 else tree.internal_count[c]) for c in children]
        node["share"] = [count / total for count in counts]
        for side, (child, share) in enumerate(zip(children, node["share"], strict=True)):
            node["child"].append(-1 if child < 0 else len(nodes))
            below = path | {column: (place, side, node["passed"] * share)}
            node["mean"].append(float(tree.leaf_value[~child]) if child < 0 else visit(child, below))
        return node["share"][0] * node["mean"][0] + node["share"][1] * node["mean"][1]

    visit(0, {})
    return nodes


def reading(tree: Tree, split: int) -> Reading:
    bits, column = int(tree.decision_type[split]), int(tree.feature[split])
    how = "category" if bits & 1 else {0: "plain", 1: "zero"}.get(bits >> 2 & 3, "nan")
    return Reading(how, column)


def record(tree: Tree, node: Node, nodes: list[Node], weight: float, w_zero: float) -> Node:
    """The fields of `NODE` for one split, without those that only the whole program knows."""
    split, (mean_a, mean_b), (share_a, share_b) = node["split"], node["mean"], node["share"]
    bits, threshold = int(tree.decision_type[split]), float(tree.threshold[split])
    missing_left = bits & 3 == 2
    leaves = node["child"].count(-1)
    gap = weight * (mean_a - mean_b)
    goes_a, goes_b = max(share_b, 1e-300), -max(share_a, 1e-300)
    a_is_true = node["swapped"] == missing_left
    total = int(tree.internal_count[0])
    return {
        "kind": {2: 0, 1: 2, 0: 4}[leaves] + (node["ancestor"] >= 0),
        "indicator": node["column"],
        "child_a": node["child"][0],
        "child_b": node["child"][1],
        "ancestor": node["ancestor"],
        "rank": sum(one["ancestor"] >= 0 for one in nodes[: nodes.index(node) + 1]) - 1,
        "set_words": -1,
        "sign": -1.0 if missing_left else 1.0,
        "threshold": -math.nextafter(threshold, math.inf) if missing_left else threshold,
        "if_true": goes_a if a_is_true else goes_b,
        "if_false": goes_b if a_is_true else goes_a,
        "share": share_a,
        "base": weight * mean_b + (share_a * gap if leaves == 2 else 0.0),
        "step": gap,
        "start": w_zero
        * (int(tree.internal_count[split]) / total)
        / node["passed"]
        * (1.0 if leaves == 2 else gap),
        "side": 1.0 - 2.0 * node["side"],
    }


def expected_of(tree: Tree) -> float:
    if len(tree.leaf_value) == 1:
        return float(tree.leaf_value[0])
    return float(np.sum(tree.leaf_count / tree.internal_count[0] * tree.leaf_value))


def program_one_by_one(ensembles: list[TreeEnsemble], weights: list[float]) -> Program:
    """Append one split after another to plain lists."""
    weighted = [(tree, w) for one, w in zip(ensembles, weights, strict=True) for tree in one.trees]
    growing = [(tree, weight) for tree, weight in weighted if len(tree.feature)]
    readings = sorted({reading(tree, n) for tree, _ in growing for n in range(len(tree.feature))})
    sweeps: list[tuple[int, ...]] = []
    records: list[Node] = []
    constants: list[float] = []
    words: list[int] = []
    for tree, weight in growing:
        nodes = walk(tree)
        points = max(1, max(node["distinct"] for node in nodes) // 2)
        begin = []
        for one in tree.category_sets:
            begin.append(len(words))
            words += [*one.tolist(), 0]
        rule = radau(points)
        for part in np.array_split(np.arange(points), math.ceil(points / 6)):
            t, w = rule.t[part].tolist(), rule.w[part].tolist()
            sweeps.append((len(records), len(constants), len(nodes), len(t)))
            constants += t + w
            for node in nodes:
                one = record(tree, node, nodes, weight, rule.w_zero if part[0] == 0 else 0.0)
                one["start"] = one["start"] if part[0] == 0 else 0.0
                one["column"] = readings.index(reading(tree, node["split"]))
                if tree.decision_type[node["split"]] & 1:
                    number = int(tree.threshold[node["split"]])
                    one |= {"set_start": begin[number], "set_words": len(tree.category_sets[number])}
                records.append(one)
                if node["ancestor"] >= 0:
                    full = [node["passed"] + at * (1.0 - node["passed"]) for at in t]
                    constants += [at / f for at, f in zip(t, full, strict=True)]
                    constants += [node["passed"] / (f * f) for f in full]
    return Program(
        sweeps=np.array(sweeps, dtype=SWEEP),
        nodes=np.array([tuple(one.get(name, 0) for name in NODE.names) for one in records], dtype=NODE),
        constants=np.array(constants),
        words=np.array(words, dtype=np.uint32),
        readings=tuple(readings),
        n_columns=ensembles[0].n_columns,
        n_trees=len(weighted),
        n_leaves=sum(len(tree.leaf_value) for tree, _ in weighted),
        expected=float(sum(weight * expected_of(tree) for tree, weight in weighted)),
    )


def assert_same(got: Program, wanted: Program) -> None:
    for name in ("sweeps", "nodes", "constants", "words"):
        mine, theirs = getattr(got, name), getattr(wanted, name)
        assert mine.dtype == theirs.dtype
        for field in mine.dtype.names or [...]:
            np.testing.assert_array_equal(mine[field], theirs[field], err_msg=f"{name} {field}")
        assert mine.tobytes() == theirs.tobytes()  # also where -0.0 equals 0.0
    for name in ("readings", "n_columns", "n_trees", "n_leaves", "expected"):
        assert getattr(got, name) == getattr(wanted, name)


@settings(max_examples=40)
@given(
    shapes=st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=8),
    columns=st.integers(1, 40),
    seed=st.integers(0, 10_000),
)
def test_any_trees_give_the_program_that_they_give_one_by_one(
    random_tree: Callable[..., Tree], shapes: list[tuple[int, bool]], columns: int, seed: int
) -> None:
    trees = tuple(
        random_tree(leaves, columns, seed + at, chain=chain) for at, (leaves, chain) in enumerate(shapes)
    )
    ensembles = [TreeEnsemble(trees[:3], columns), TreeEnsemble(trees[3:], columns)]
    weights = [0.3, -1.7]
    assert_same(build_program(ensembles, weights), program_one_by_one(ensembles, weights))


def test_a_deep_chain_is_swept_several_times_and_has_the_same_program(
    random_tree: Callable[..., Tree],
) -> None:
    trees = (random_tree(150, 60, 0, chain=True), random_tree(6, 60, 1), random_tree(1, 60, 2))
    ensembles = [TreeEnsemble(trees, 60)]
    program = build_program(ensembles, [0.5])
    assert len(program.sweeps) > 3
    assert_same(program, program_one_by_one(ensembles, [0.5]))


def test_trees_of_one_leaf_only_need_no_sweep(random_tree: Callable[..., Tree]) -> None:
    trees = [random_tree(1, 2, seed) for seed in range(2)]
    program = build_program([TreeEnsemble(trees, 2)], [3.0])
    assert (len(program.sweeps), len(program.nodes), program.n_trees, program.n_leaves) == (0, 0, 2, 2)
    assert program.expected == 3.0 * trees[0].leaf_value[0] + 3.0 * trees[1].leaf_value[0]


def test_a_layout_goes_down_child_a_first() -> None:
    # 0 asks column 5: left is a leaf, so that child a is split 1 on the right, whose children are 2
    # and 3; 2 asks column 5 again, below child a of 0.
    ints = lambda *numbers: np.array(numbers)  # noqa: E731
    tree = Tree(
        leaf_value=np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
        leaf_count=ints(4, 1, 1, 1, 1),
        internal_count=ints(8, 4, 2, 2),
        feature=ints(5, 6, 5, 7),
        decision_type=ints(8, 8, 8, 8),
        left=ints(-1, 3, -2, -4),
        right=ints(1, 2, -3, -5),
        threshold=np.zeros(4),
    )
    layout = lay_out(Forest.of([tree, tree]))
    assert layout.split.tolist() == [0, 1, 3, 2, 4, 5, 7, 6]
    assert layout.swapped.tolist() == [True, False, False, False] * 2
    assert layout.child_a.tolist() == [1, 2, -1, -1, 5, 6, -1, -1]
    assert layout.child_b.tolist() == [-1, 3, -1, -1, -1, 7, -1, -1]
    assert layout.ancestor.tolist() == [-1, -1, -1, 0, -1, -1, -1, 4]
    assert layout.passed.tolist() == [1.0, 1.0, 1.0, 0.5] * 2
    assert layout.reach.tolist() == [1.0, 0.5, 0.25, 0.25] * 2
    # Below 0 the mean is (4.5 + 2.5) / 2 = 3.5; below 1 the means are 4.5 (split 3) and 2.5 (split 2).
    assert layout.mean_a.tolist() == [3.5, 4.5, 4.0, 2.0] * 2
    assert layout.distinct.tolist() == [3, 3]


def test_splits_that_are_their_own_ancestors_are_refused() -> None:
    # 1 and 2 are each other's child; their leaves have no rows, so that all counts add up.
    ints = lambda *numbers: np.array(numbers)  # noqa: E731
    tree = Tree(
        np.zeros(4), ints(3, 2, 0, 0), ints(5, 9, 9), ints(0, 1, 0), ints(8, 8, 8),
        ints(-1, 2, 1), ints(-2, -3, -4), np.zeros(3),
    )  # fmt: skip
    with pytest.raises(ArtifactError, match="hang on no root"):
        lay_out(Forest.of([tree]))
