r"""Bring a tree into the order and with the constants in which its Shapley values are computed.

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

from churnhealth.explain.treeshap.trees import Tree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass
class Layout:
    """A tree's splits in preorder; child a is a split whenever one of the two children is.

    Attributes
    ----------
    split : int array (n,)
        Number of the split in the `Tree`.
    swapped : bool array (n,)
        Child a is the right child.
    child_a, child_b : int arrays (n,)
        Position of the child, -1 for a leaf.
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
    distinct : int
        Most distinct columns on one path.
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
    distinct: int


def lay_out(tree: Tree) -> Layout:
    """Order one tree of at least one split.

    Examples
    --------
    >>> ints = lambda *numbers: np.array(numbers)
    >>> split = (ints(0), ints(2), ints(-1), ints(-2), np.zeros(1))
    >>> tree = Tree(np.array([1.0, 5.0]), ints(30, 10), ints(40), *split)
    >>> lay_out(tree).share_a
    array([0.75])
    """
    n = len(tree.feature)
    counts = np.concatenate([tree.internal_count, tree.leaf_count[::-1]])
    swapped = (tree.left < 0) & (tree.right >= 0)
    a, b = np.where(swapped, tree.right, tree.left), np.where(swapped, tree.left, tree.right)
    share_a, share_b = counts[a] / tree.internal_count, counts[b] / tree.internal_count
    order, position = _preorder(a, b)
    mean_a, mean_b = _means(tree, a, b, share_a, share_b, order)
    layout = Layout(
        split=order,
        swapped=swapped[order],
        child_a=position[a[order]],
        child_b=position[b[order]],
        mean_a=mean_a[order],
        mean_b=mean_b[order],
        share_a=share_a[order],
        share_b=share_b[order],
        ancestor=np.full(n, -1),
        ancestor_side=np.zeros(n, dtype=np.int64),
        passed=np.ones(n),
        reach=tree.internal_count[order] / tree.internal_count[0],
        distinct=1,
    )
    _follow_columns(layout, tree.feature[order])
    return layout


def _preorder(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Return the splits in preorder, and each split's place in it, -1 at a (negative) leaf number."""
    order, waiting = [], [0]
    while waiting:
        split = waiting.pop()
        order.append(split)
        waiting.extend(int(child) for child in (b[split], a[split]) if child >= 0)
    position = np.full(2 * len(a) + 1, -1)
    position[order] = np.arange(len(order))
    return np.array(order), position


def _means(
    tree: Tree, a: Ints, b: Ints, share_a: Floats, share_b: Floats, order: Ints
) -> tuple[Floats, Floats]:
    mean = np.concatenate([np.zeros(len(a)), tree.leaf_value[::-1]])
    for split in order[::-1]:
        mean[split] = share_a[split] * mean[a[split]] + share_b[split] * mean[b[split]]
    return mean[a], mean[b]


def _follow_columns(layout: Layout, column: Ints) -> None:
    """Find for every split the nearest one above on the same column, and what passed it."""
    seen: dict[int, dict[int, tuple[int, int, float]]] = {0: {}}
    for n in range(len(column)):
        path = seen.pop(n)
        above = path.get(int(column[n]))
        if above is not None:
            layout.ancestor[n], layout.ancestor_side[n], layout.passed[n] = above
        for side, child, share in (
            (0, layout.child_a[n], layout.share_a[n]),
            (1, layout.child_b[n], layout.share_b[n]),
        ):
            if child >= 0:
                seen[int(child)] = path | {int(column[n]): (n, side, float(layout.passed[n] * share))}
        layout.distinct = max(layout.distinct, len(path) + (above is None))
