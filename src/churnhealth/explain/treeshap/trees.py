"""Trees in LightGBM's own numbering: one by one, or end to end, as they are worked on all at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import overload

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Tree:
    """One tree in LightGBM's own numbering: a child c >= 0 is a split, c < 0 is leaf ~c.

    Attributes
    ----------
    leaf_value : float array (leaves,)
        Output of each leaf, shrinkage included.
    leaf_count, internal_count : int arrays (leaves,) and (splits,)
        Training rows that reached the leaf or the split.
    feature, decision_type, left, right : int arrays (splits,)
        Column, LightGBM's decision bits (1 categorical, 2 missing goes left, 4 and 8 missing type),
        children.
    threshold : float array (splits,)
        `x <= threshold` goes left; of a categorical split the number of its category set.
    category_sets : tuple of uint32 arrays
        Bit c of a set is on when category c goes left.
    """

    leaf_value: Floats
    leaf_count: Ints
    internal_count: Ints
    feature: Ints
    decision_type: Ints
    left: Ints
    right: Ints
    threshold: Floats
    category_sets: tuple[Words, ...] = ()

    @property
    def expected(self) -> float:
        """Mean output over the training rows."""
        return float(Forest.of([self]).expected[0])


@dataclass(frozen=True, eq=False)
class Forest(Sequence[Tree]):
    """Trees end to end: what is an array in `Tree` is here one array of all trees.

    Attributes
    ----------
    leaves, sets : int arrays (trees,)
        Leaves and category sets of each tree; it has one split less than leaves.
    leaf_value, leaf_count : arrays (all leaves,)
    internal_count, feature, decision_type, left, right, threshold : arrays (all splits,)
        Children and sets are numbered tree by tree.
    set_words : int array (all category sets,)
        Words of each set.
    words : uint32 array
    """

    leaves: Ints
    leaf_value: Floats
    leaf_count: Ints
    internal_count: Ints
    feature: Ints
    decision_type: Ints
    left: Ints
    right: Ints
    threshold: Floats
    sets: Ints
    set_words: Ints
    words: Words

    @classmethod
    def of(cls, trees: Iterable[Tree]) -> Forest:
        """Put trees end to end; a forest comes back as it is."""
        return trees if isinstance(trees, cls) else cls.joined([_alone(tree) for tree in trees])

    @classmethod
    def joined(cls, forests: Iterable[Forest]) -> Forest:
        """Put forests end to end.

        Examples
        --------
        >>> none = np.zeros(0, dtype=np.int64)
        >>> leaf = Tree(np.array([0.5]), np.array([9]), none, none, none, none, none, np.zeros(0))
        >>> two = Forest.joined([Forest.of([leaf]), Forest.of([leaf])])
        >>> len(two), two.expected.tolist(), two[1].leaf_count.tolist()
        (2, [0.5, 0.5], [9])
        """
        parts = [_NO_TREES, *forests]
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def splits(self) -> Ints:
        """Splits of each tree."""
        return self.leaves - 1

    @property
    def first_split(self) -> Ints:
        """Place of each tree's first split, its root; a tree of one leaf has none there."""
        return starts(self.splits)

    @property
    def tree_of_split(self) -> Ints:
        """Number of each split's tree."""
        return np.repeat(np.arange(len(self)), self.splits)

    @property
    def counts(self) -> Ints:
        """Training rows of all splits, then of all leaves: what `children` are places in."""
        return np.concatenate([self.internal_count, self.leaf_count])

    @property
    def children(self) -> tuple[Ints, Ints]:
        """Left and right child of all splits: a split's place, a leaf's place behind all splits."""
        splits = np.repeat(self.first_split, self.splits)
        leaves = np.repeat(len(self.left) + starts(self.leaves), self.splits)
        left, right = (
            np.where(child < 0, leaves + ~child, splits + child) for child in (self.left, self.right)
        )
        return left, right

    @property
    def expected(self) -> Floats:
        """Mean output of each tree over its training rows."""
        reached = np.ones(len(self), dtype=np.int64)
        grown = self.splits > 0
        reached[grown] = self.internal_count[self.first_split[grown]]
        shares = np.where(np.repeat(grown, self.leaves), self.leaf_count, 1)
        # A zero before each tree: then its leaves are added up in the same order as by np.sum.
        padded = np.insert(
            shares / np.repeat(reached, self.leaves) * self.leaf_value, starts(self.leaves), 0.0
        )
        return np.add.reduceat(padded, starts(self.leaves + 1))

    def __len__(self) -> int:
        """Return the number of trees."""
        return len(self.leaves)

    @overload
    def __getitem__(self, at: int) -> Tree: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Tree, ...]: ...
    def __getitem__(self, at: int | slice) -> Tree | tuple[Tree, ...]:
        """Return a tree, or several."""
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        at = range(len(self))[at]
        leaf, split, group = (
            slice(before := int(sizes[:at].sum()), before + int(sizes[at]))
            for sizes in (self.leaves, self.splits, self.sets)
        )
        word = int(self.set_words[: group.start].sum())
        return Tree(
            leaf_value=self.leaf_value[leaf],
            leaf_count=self.leaf_count[leaf],
            internal_count=self.internal_count[split],
            feature=self.feature[split],
            decision_type=self.decision_type[split],
            left=self.left[split],
            right=self.right[split],
            threshold=self.threshold[split],
            category_sets=tuple(
                np.split(self.words[word:], np.cumsum(self.set_words[group]))[:-1],
            ),
        )


@dataclass(frozen=True)
class TreeEnsemble:
    """The trees of one booster, and its number of columns."""

    trees: Sequence[Tree]
    n_columns: int

    @property
    def n_leaves(self) -> int:
        """Leaves of all trees together."""
        return int(Forest.of(self.trees).leaves.sum())


def starts(sizes: Ints) -> Ints:
    """Return where each part begins when parts of these sizes stand end to end.

    Examples
    --------
    >>> starts(np.array([3, 0, 2])).tolist()
    [0, 3, 3]
    """
    return np.asarray(np.cumsum(sizes) - sizes)


def _alone(tree: Tree) -> Forest:
    return Forest(
        leaves=np.array([len(tree.leaf_value)]),
        leaf_value=tree.leaf_value,
        leaf_count=tree.leaf_count,
        internal_count=tree.internal_count,
        feature=tree.feature,
        decision_type=tree.decision_type,
        left=tree.left,
        right=tree.right,
        threshold=tree.threshold,
        sets=np.array([len(tree.category_sets)]),
        set_words=np.array([len(words) for words in tree.category_sets], dtype=np.int64),
        words=np.concatenate([np.zeros(0, dtype=np.uint32), *tree.category_sets]),
    )


_NONE = np.zeros(0, dtype=np.int64)
_NO_TREES = Forest(
    _NONE, np.zeros(0), _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0), _NONE, _NONE,
    np.zeros(0, dtype=np.uint32),
)  # fmt: skip
