"""Turn weighted ensembles into the flat records that both kernels walk through."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from churnhealth.explain.treeshap.columns import CATEGORICAL, DEFAULT_LEFT, Reading, reading_of
from churnhealth.explain.treeshap.layout import Layout, lay_out
from churnhealth.explain.treeshap.quadrature import Points, points_needed, radau
from churnhealth.explain.treeshap.trees import Tree, TreeEnsemble

Floats = npt.NDArray[np.float64]

MOST_POINTS = 6
"""Points of one sweep: a tree that needs more is swept several times, to stay in the L1 cache."""

LEAVES, LEAF, NO_LEAF = 0, 2, 4
"""Kinds of split (two leaves, child b a leaf, no leaf); 1 more if the column was tested above."""

_SMALLEST = 1e-300

NODE = np.dtype(
    [
        ("kind", "i4"),
        ("column", "i4"),  # row of the prepared table
        ("indicator", "i4"),  # column of the result
        ("child_a", "i4"),
        ("child_b", "i4"),
        ("ancestor", "i4"),
        ("rank", "i4"),  # number among the tree's splits with an ancestor: place of its tau and c
        ("set_start", "i4"),  # category set: first word, number of words (-1: a numerical split)
        ("set_words", "i4"),
        ("spare", "i4"),
        ("sign", "f8"),  # sign * value <= threshold decides; never true of a missing value
        ("threshold", "f8"),
        ("if_true", "f8"),  # e where it is true (for a category: in the set), and where not
        ("if_false", "f8"),
        ("share", "f8"),
        ("base", "f8"),  # two leaves: mean of both; child b a leaf: its output
        ("step", "f8"),  # two leaves: difference of their outputs
        ("start", "f8"),  # what the fixed point t = 0 adds
        ("side", "f8"),  # 1.0 below child a of the ancestor, -1.0 below child b
    ]
)
"""One split of one sweep."""

SWEEP = np.dtype([("node", "i8"), ("constant", "i8"), ("nodes", "i8"), ("points", "i8")])
"""One sweep of one tree: places of its first split and its constants (t, w, then tau and c by rank)."""


@dataclass(frozen=True)
class Program:
    """Everything the kernels need to explain a table; constant once compiled.

    Attributes
    ----------
    sweeps, nodes, constants, words : arrays
        Records of `SWEEP` and `NODE`, quadrature constants (float64), words of all category sets
        (uint32; each set is followed by an empty word).
    readings : tuple of Reading
        Rows of the prepared table.
    n_columns, n_trees, n_leaves : int
    expected : float
        Mean margin over the training rows: the last column of the contributions.
    """

    sweeps: npt.NDArray[Any]
    nodes: npt.NDArray[Any]
    constants: Floats
    words: npt.NDArray[np.uint32]
    readings: tuple[Reading, ...]
    n_columns: int
    n_trees: int
    n_leaves: int
    expected: float

    @property
    def n_bytes(self) -> int:
        """Size of the records."""
        return sum(part.nbytes for part in (self.sweeps, self.nodes, self.constants, self.words))

    @property
    def most_nodes(self) -> int:
        """Splits of the largest tree."""
        return int(self.sweeps["nodes"].max(initial=0))


def build_program(ensembles: Sequence[TreeEnsemble], weights: Sequence[float]) -> Program:
    """Lay out all trees of all ensembles, each tree's outputs times its ensemble's weight."""
    weighted = [
        (tree, weight)
        for ensemble, weight in zip(ensembles, weights, strict=True)
        for tree in ensemble.trees
    ]
    growing = [(tree, weight) for tree, weight in weighted if len(tree.feature)]
    readings = tuple(sorted({reading for tree, _ in growing for reading in _readings(tree)}))
    writer = _Writer({reading: row for row, reading in enumerate(readings)})
    for tree, weight in growing:
        writer.add(tree, weight)
    return Program(
        sweeps=np.array(writer.sweeps, dtype=SWEEP),
        nodes=_joined(writer.nodes, NODE),
        constants=_joined(writer.constants, np.float64),
        words=_joined(writer.words, np.uint32),
        readings=readings,
        n_columns=ensembles[0].n_columns,
        n_trees=len(weighted),
        n_leaves=sum(ensemble.n_leaves for ensemble in ensembles),
        expected=float(sum(weight * tree.expected for tree, weight in weighted)),
    )


def _joined(parts: list[npt.NDArray[Any]], dtype: Any) -> npt.NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def _readings(tree: Tree) -> Iterable[Reading]:
    return (
        reading_of(int(bits), int(column))
        for bits, column in zip(tree.decision_type, tree.feature, strict=True)
    )


class _Writer:
    """Appends one tree after another and knows where each begins."""

    def __init__(self, rows: dict[Reading, int]) -> None:
        self.rows = rows
        self.sweeps: list[tuple[int, int, int, int]] = []
        self.nodes: list[npt.NDArray[Any]] = []
        self.constants: list[npt.NDArray[Any]] = []
        self.words: list[npt.NDArray[Any]] = []
        self._n_nodes = self._n_constants = self._n_words = 0

    def add(self, tree: Tree, weight: float) -> None:
        layout = lay_out(tree)
        rule = radau(points_needed(layout.distinct))
        nodes = _nodes(tree, layout, weight, rule)
        nodes["column"] = [self.rows[reading] for reading in _ordered(tree, layout)]
        self._add_category_sets(tree, layout, nodes)
        for part in np.array_split(np.arange(len(rule.t)), -(-len(rule.t) // MOST_POINTS)):
            self._add_sweep(nodes, layout, rule.t[part], rule.w[part])
            nodes = nodes.copy()
            nodes["start"] = 0.0

    def _add_sweep(self, nodes: npt.NDArray[Any], layout: Layout, t: Floats, w: Floats) -> None:
        passed = layout.passed[layout.ancestor >= 0, np.newaxis]
        full = passed + t * (1.0 - passed)
        constants = np.concatenate([t, w, np.hstack([t / full, passed / full**2]).ravel()])
        self.sweeps.append((self._n_nodes, self._n_constants, len(nodes), len(t)))
        self.nodes.append(nodes)
        self.constants.append(constants)
        self._n_nodes += len(nodes)
        self._n_constants += len(constants)

    def _add_category_sets(self, tree: Tree, layout: Layout, nodes: npt.NDArray[Any]) -> None:
        starts = []
        for words in tree.category_sets:
            starts.append(self._n_words)
            self.words.append(np.append(words, np.uint32(0)))
            self._n_words += len(words) + 1
        for n in np.flatnonzero(tree.decision_type[layout.split] & CATEGORICAL):
            number = int(tree.threshold[layout.split[n]])
            nodes["set_start"][n], nodes["set_words"][n] = (
                starts[number],
                len(tree.category_sets[number]),
            )


def _ordered(tree: Tree, layout: Layout) -> list[Reading]:
    readings = list(_readings(tree))
    return [readings[split] for split in layout.split]


def _nodes(tree: Tree, layout: Layout, weight: float, rule: Points) -> npt.NDArray[Any]:
    """Write the records of a tree's splits, without rows of the prepared table and category sets."""
    nodes = np.zeros(len(layout.split), dtype=NODE)
    repeated = layout.ancestor >= 0
    gap = weight * (layout.mean_a - layout.mean_b)
    two_leaves, one_leaf = layout.child_a < 0, layout.child_b < 0
    nodes["kind"] = np.where(two_leaves, LEAVES, np.where(one_leaf, LEAF, NO_LEAF)) + repeated
    nodes["indicator"] = tree.feature[layout.split]
    nodes["child_a"], nodes["child_b"], nodes["ancestor"] = (
        layout.child_a,
        layout.child_b,
        layout.ancestor,
    )
    nodes["rank"] = np.cumsum(repeated) - 1
    nodes["set_words"] = -1
    missing_left = (tree.decision_type & (CATEGORICAL | DEFAULT_LEFT))[layout.split] == DEFAULT_LEFT
    # Where missing goes left, ask "x > threshold" as -x <= -(next number above the threshold).
    nodes["sign"] = np.where(missing_left, -1.0, 1.0)
    above = np.nextafter(tree.threshold, np.inf)[layout.split]
    nodes["threshold"] = np.where(missing_left, -above, tree.threshold[layout.split])
    # e > 0 and e < 0 also tell the splits below whether the row passed here, so it is never exactly 0.
    to_a, to_b = np.maximum(layout.share_b, _SMALLEST), -np.maximum(layout.share_a, _SMALLEST)
    nodes["if_true"], nodes["if_false"] = np.where(
        layout.swapped ^ missing_left, (to_b, to_a), (to_a, to_b)
    )
    nodes["share"] = layout.share_a
    nodes["base"] = weight * layout.mean_b + np.where(two_leaves, layout.share_a * gap, 0.0)
    nodes["step"] = gap
    nodes["start"] = rule.w_zero * layout.reach / layout.passed * np.where(two_leaves, 1.0, gap)
    nodes["side"] = 1.0 - 2.0 * layout.ancestor_side
    return nodes
