r"""Bring trees into the order and with the constants in which their Shapley values are computed.

For a row, let v(t) be the tree averaged along t in [0, 1] from "no column known" (t = 0: training means)
to "all columns known" (t = 1: the leaf of the row), every column known with probability t on its own.
The Shapley value of column j is the integral over t of the derivative of v with regard to j alone. A
split n with children a and b, of which a takes the share z_a of the rows, mixes them as

    V_n(t) = V_b + rho (V_a - V_b),   rho = z_a + e tau,   tau = t / F,   F = z + t (1 - z),

where z is the share that the splits above on the *same* column let through (1 where there is none), and
e = o (d - z_a): d = 1 when the row goes to a, o = 1 when it passes all splits above on that column. With
P_n(t) the product of the rho (for a) and 1 - rho (for b) on the way down to n, the split adds

    e * integral of P_n(t) (V_a - V_b) c dt,   c = z / F^2,

to its column. The integrand is a polynomial of degree (distinct columns on the path) - 1, so a few
quadrature points give it exactly. At t = 0 everything but e is a constant of the model (`start`), which
saves one point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnhealth.errors import ArtifactError
from churnhealth.explain.treeshap.trees import Floats, Forest, Ints


@dataclass(frozen=True, eq=False)
class Layout:
    """The splits of all trees, tree by tree and in preorder: a split's place is its number here.

    Child a is a split whenever one of the two children is.

    Attributes
    ----------
    split : int array (n,)
        Number of the split in the `Forest`.
    swapped : bool array (n,)
        Child a is the right child.
    child_a, child_b : int arrays (n,)
        Place of the child, -1 for a leaf.
    mean_a, mean_b : float arrays (n,)
        Mean output below the child over the training rows: the output where it is a leaf.
    share_a, share_b : float arrays (n,)
        Shares of the split's training rows that go to each child.
    ancestor, ancestor_side : int arrays (n,)
        Nearest split above on the same column, -1 for none, and 0 if this one lies below its child a, 1
        if below b.
    passed : float array (n,)
        z above: the product of the shares of all splits above on the same column.
    reach : float array (n,)
        Share of all training rows that reach the split.
    distinct : int array (trees,)
        Most distinct columns on one path; 0 without splits.
    """

    split: Ints
    swapped: npt.NDArray[np.bool_]
    child_a: Ints
    child_b: Ints
    mean_a: Floats
    mean_b: Floats
    share_a: Floats
    share_b: Floats
    ancestor: Ints
    ancestor_side: Ints
    passed: Floats
    reach: Floats
    distinct: Ints


def lay_out(forest: Forest) -> Layout:
    """Order all trees at once.

    Raises
    ------
    ArtifactError
        Some splits are their own ancestors.

    Examples
    --------
    >>> from churnhealth.explain.treeshap.trees import Tree
    >>> ints = lambda *numbers: np.array(numbers)
    >>> split = (ints(0), ints(2), ints(-1), ints(-2), np.zeros(1))
    >>> tree = Tree(np.array([1.0, 5.0]), ints(30, 10), ints(40), *split)
    >>> lay_out(Forest.of([tree])).share_a
    array([0.75])
    """
    order, swapped, a, b, levels = _in_preorder(forest)
    n = len(order)
    counts = np.concatenate([forest.internal_count[order], forest.leaf_count])
    share_a, share_b = counts[a] / counts[:n], counts[b] / counts[:n]
    mean = _means(forest.leaf_value, a, b, share_a, share_b, levels)
    parent = _parents(a, b)
    ancestor, side = _ancestors(forest.feature[order], parent, b)
    let_through = np.where(side == 0, share_a[ancestor], share_b[ancestor])
    passed, columns = _follow_columns(parent, ancestor, let_through, levels)
    distinct = np.zeros(len(forest), dtype=np.int64)
    np.maximum.at(distinct, forest.tree_of_split, columns)
    grown = forest.splits > 0
    return Layout(
        split=order,
        swapped=swapped,
        child_a=np.where(a < n, a, -1),
        child_b=np.where(b < n, b, -1),
        mean_a=mean[a],
        mean_b=mean[b],
        share_a=share_a,
        share_b=share_b,
        ancestor=ancestor,
        ancestor_side=side,
        passed=passed,
        reach=counts[:n] / np.repeat(counts[forest.first_split[grown]], forest.splits[grown]),
        distinct=distinct,
    )


def _in_preorder(forest: Forest) -> tuple[Ints, npt.NDArray[np.bool_], Ints, Ints, list[Ints]]:
    """Return the splits in preorder, which are swapped, their children, and the splits by depth.

    Splits go by their places, leaves by their numbers behind all splits.
    """
    n = len(forest.left)
    left, right = forest.children
    swapped = (left >= n) & (right < n)
    a, b = np.where(swapped, right, left), np.where(swapped, left, right)
    levels = _levels(a, b, forest.first_split[forest.splits > 0])
    place = _places(a, b, levels, len(forest.counts))
    order = np.empty(n, dtype=np.int64)
    order[place[:n]] = np.arange(n)
    by_depth = [place[level] for level in levels]
    return order, swapped[order], place[a[order]], place[b[order]], by_depth


def _levels(a: Ints, b: Ints, roots: Ints) -> list[Ints]:
    """Return the splits of all trees by their depth."""
    levels, level = [], roots
    while len(level):
        levels.append(level)
        below = np.concatenate([a[level], b[level]])
        level = below[below < len(a)]
    if sum(map(len, levels)) != len(a):
        raise ArtifactError("some splits hang on no root: the trees are damaged; save the model again")
    return levels


def _places(a: Ints, b: Ints, levels: list[Ints], n_counts: int) -> Ints:
    """Return the place of each split; leaves stay where they are, behind all splits."""
    size = np.zeros(n_counts, dtype=np.int64)
    for level in reversed(levels):
        size[level] = 1 + size[a[level]] + size[b[level]]
    place = np.arange(n_counts)
    for level in levels:
        place[a[level]] = place[level] + 1
        place[b[level]] = place[level] + 1 + size[a[level]]
    place[len(a) :] = np.arange(len(a), n_counts)
    return place


def _means(
    leaf_value: Floats, a: Ints, b: Ints, share_a: Floats, share_b: Floats, levels: list[Ints]
) -> Floats:
    """Return the mean output below each split, then the output of each leaf."""
    mean = np.concatenate([np.zeros(len(a)), leaf_value])
    for level in reversed(levels):
        mean[level] = share_a[level] * mean[a[level]] + share_b[level] * mean[b[level]]
    return mean


def _parents(a: Ints, b: Ints) -> Ints:
    """Return the split above each split, -1 above a root."""
    parent = np.full(len(a), -1)
    for child in (a, b):
        inner = np.flatnonzero(child < len(a))
        parent[child[inner]] = inner
    return parent


def _ancestors(column: Ints, parent: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Find the nearest split above on the same column: all splits climb at the same time."""
    ancestor, side = np.full(len(column), -1), np.zeros(len(column), dtype=np.int64)
    climbing = below = np.arange(len(column))
    while len(climbing):
        above = parent[below]
        same = (above >= 0) & (column[above] == column[climbing])
        found = climbing[same]
        ancestor[found] = above[same]
        side[found] = b[above[same]] == below[same]
        on = (above >= 0) & ~same
        climbing, below = climbing[on], above[on]
    return ancestor, side


def _follow_columns(
    parent: Ints, ancestor: Ints, let_through: Floats, levels: list[Ints]
) -> tuple[Floats, Ints]:
    """Return z above each split, and the distinct columns on the path down to it and with it."""
    passed = np.ones(len(parent))
    columns = np.zeros(len(parent) + 1, dtype=np.int64)  # the last one stands above the roots
    for level in levels:
        up = ancestor[level]
        passed[level] = np.where(up >= 0, passed[up] * let_through[level], 1.0)
        columns[level] = columns[parent[level]] + (up < 0)
    return passed, columns[:-1]
