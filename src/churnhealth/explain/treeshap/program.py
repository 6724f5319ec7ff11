"""The flat records that both kernels walk through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from churnhealth.explain.treeshap.columns import Reading
from churnhealth.explain.treeshap.trees import Floats

MOST_POINTS = 6
"""Points of one sweep: a tree that needs more is swept several times, to stay in the L1 cache."""

LEAVES, LEAF, NO_LEAF = 0, 2, 4
"""Kinds of split (two leaves, child b a leaf, no leaf); 1 more if the column was tested above."""

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
