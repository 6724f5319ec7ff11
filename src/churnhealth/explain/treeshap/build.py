"""Turn weighted ensembles into a program: the records of all trees are written at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from churnhealth.explain.treeshap.columns import CATEGORICAL, DEFAULT_LEFT, readings_of
from churnhealth.explain.treeshap.layout import Layout, lay_out
from churnhealth.explain.treeshap.program import (
    LEAF,
    LEAVES,
    MOST_POINTS,
    NO_LEAF,
    NODE,
    SWEEP,
    Program,
)
from churnhealth.explain.treeshap.quadrature import points_needed, radau
from churnhealth.explain.treeshap.trees import Floats, Forest, Ints, TreeEnsemble, Words, starts

_SMALLEST = 1e-300


class _Sweeps(NamedTuple):
    """Records of `SWEEP`, and of each: its tree, its part of the tree's points, its constants."""

    records: npt.NDArray[Any]
    tree: Ints
    part: Ints
    constants: Ints


def build_program(ensembles: Sequence[TreeEnsemble], weights: Sequence[float]) -> Program:
    """Lay out all trees of all ensembles, each tree's outputs times its ensemble's weight."""
    forest = Forest.joined([Forest.of(ensemble.trees) for ensemble in ensembles])
    weight = np.repeat(np.array(weights), [len(ensemble.trees) for ensemble in ensembles])
    layout = lay_out(forest)
    nodes = _nodes(forest, layout, weight)
    readings, row = readings_of(forest.decision_type, forest.feature)
    nodes["column"] = row[layout.split]
    words = _add_category_sets(nodes, forest, layout)
    sweeps = _sweeps(forest, layout)
    return Program(
        sweeps=sweeps.records,
        nodes=_swept(nodes, forest, sweeps),
        constants=_constants(forest, layout, nodes["rank"], sweeps),
        words=words,
        readings=readings,
        n_columns=ensembles[0].n_columns,
        n_trees=len(forest),
        n_leaves=int(forest.leaves.sum()),
        expected=float(sum((weight * forest.expected).tolist())),
    )


def _nodes(forest: Forest, layout: Layout, weight: Floats) -> npt.NDArray[Any]:
    """Write the records of all splits, without rows of the prepared table and category sets."""
    nodes = np.zeros(len(layout.split), dtype=NODE)
    tree = forest.tree_of_split
    first = forest.first_split[tree]
    repeated = layout.ancestor >= 0
    gap = weight[tree] * (layout.mean_a - layout.mean_b)
    two_leaves, one_leaf = layout.child_a < 0, layout.child_b < 0
    nodes["kind"] = np.where(two_leaves, LEAVES, np.where(one_leaf, LEAF, NO_LEAF)) + repeated
    nodes["indicator"] = forest.feature[layout.split]
    for name in ("child_a", "child_b", "ancestor"):
        place = getattr(layout, name)
        nodes[name] = np.where(place >= 0, place - first, -1)
    before: Ints = np.cumsum(repeated) - repeated
    nodes["rank"] = before + repeated - 1 - before[first]
    nodes["set_words"] = -1
    missing_left = (forest.decision_type & (CATEGORICAL | DEFAULT_LEFT))[layout.split] == DEFAULT_LEFT
    # Where missing goes left, ask "x > threshold" as -x <= -(next number above the threshold).
    nodes["sign"] = np.where(missing_left, -1.0, 1.0)
    threshold = forest.threshold[layout.split]
    nodes["threshold"] = np.where(missing_left, -np.nextafter(threshold, np.inf), threshold)
    # e > 0 and e < 0 also tell the splits below whether the row passed here, so it is never exactly 0.
    to_a, to_b = np.maximum(layout.share_b, _SMALLEST), -np.maximum(layout.share_a, _SMALLEST)
    nodes["if_true"], nodes["if_false"] = np.where(
        layout.swapped ^ missing_left, (to_b, to_a), (to_a, to_b)
    )
    nodes["share"] = layout.share_a
    nodes["base"] = weight[tree] * layout.mean_b + np.where(two_leaves, layout.share_a * gap, 0.0)
    nodes["step"] = gap
    nodes["start"] = (
        _w_zero(layout)[tree] * layout.reach / layout.passed * np.where(two_leaves, 1.0, gap)
    )
    nodes["side"] = 1.0 - 2.0 * layout.ancestor_side
    return nodes


def _w_zero(layout: Layout) -> Floats:
    """Return each tree's weight of the fixed point."""
    points, which = np.unique(points_needed(layout.distinct), return_inverse=True)
    return np.array([radau(n).w_zero for n in points.tolist()])[which]


def _add_category_sets(nodes: npt.NDArray[Any], forest: Forest, layout: Layout) -> Words:
    """Tell the splits where their category sets are; return the words, an empty one after each set."""
    begin = starts(forest.set_words + 1)
    words = np.insert(forest.words, np.cumsum(forest.set_words), 0)
    at = np.flatnonzero(forest.decision_type[layout.split] & CATEGORICAL)
    first = np.repeat(starts(forest.sets), forest.splits)
    chosen = first[at] + forest.threshold[layout.split[at]].astype(np.int64)
    nodes["set_start"][at], nodes["set_words"][at] = begin[chosen], forest.set_words[chosen]
    return words


def _sweeps(forest: Forest, layout: Layout) -> _Sweeps:
    """Share the points of each tree among as many sweeps as they need."""
    needed = points_needed(layout.distinct)
    parts = np.where(forest.splits > 0, -(-needed // MOST_POINTS), 0)
    tree = np.repeat(np.arange(len(forest)), parts)
    part = np.arange(len(tree)) - starts(parts)[tree]
    points = needed[tree] // parts[tree] + (part < needed[tree] % parts[tree])
    repeated = np.bincount(forest.tree_of_split[layout.ancestor >= 0], minlength=len(forest))
    constants = 2 * points * (1 + repeated[tree])
    records = np.zeros(len(tree), dtype=SWEEP)
    records["node"] = starts(forest.splits[tree])
    records["constant"] = starts(constants)
    records["nodes"] = forest.splits[tree]
    records["points"] = points
    return _Sweeps(records, tree, part, constants)


def _swept(nodes: npt.NDArray[Any], forest: Forest, sweeps: _Sweeps) -> npt.NDArray[Any]:
    """Repeat a tree's splits for each of its sweeps; only the first one adds the fixed point."""
    sizes = sweeps.records["nodes"]
    shift = forest.first_split[sweeps.tree] - sweeps.records["node"]
    swept: npt.NDArray[Any] = nodes[np.arange(sizes.sum()) + np.repeat(shift, sizes)]
    swept["start"][np.repeat(sweeps.part > 0, sizes)] = 0.0
    return swept


def _constants(forest: Forest, layout: Layout, rank: Ints, sweeps: _Sweeps) -> Floats:
    """Write t and w of every sweep, then tau and c of its splits with an ancestor."""
    constants = np.zeros(sweeps.constants.sum())
    needed = points_needed(layout.distinct)[sweeps.tree]
    repeated = np.flatnonzero(layout.ancestor >= 0)
    tree = forest.tree_of_split[repeated]
    for n, part in sorted(set(zip(needed.tolist(), sweeps.part.tolist(), strict=True))):
        rule, parts = radau(n), -(-n // MOST_POINTS)
        t, w = np.array_split(rule.t, parts)[part], np.array_split(rule.w, parts)[part]
        chosen = np.flatnonzero((needed == n) & (sweeps.part == part))
        begin = np.full(len(forest), -1)
        begin[sweeps.tree[chosen]] = sweeps.records["constant"][chosen]
        width = np.arange(2 * len(t))
        constants[begin[sweeps.tree[chosen], np.newaxis] + width] = np.concatenate([t, w])
        here = begin[tree] >= 0
        passed = layout.passed[repeated[here], np.newaxis]
        full = passed + t * (1.0 - passed)
        place = begin[tree[here]] + len(width) * (1 + rank[repeated[here]])
        constants[place[:, np.newaxis] + width] = np.hstack([t / full, passed / full**2])
    return constants
