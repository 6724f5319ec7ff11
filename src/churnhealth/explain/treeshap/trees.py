"""Read the trees out of a LightGBM model text: what is split, how, and how many rows went where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from churnhealth.errors import ArtifactError, ConfigError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]

_TREE = re.compile(r"^Tree=\d+$", re.MULTILINE)
_INT_ARRAYS = (
    "split_feature",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_count",
    "internal_count",
)


class BoosterLike(Protocol):
    """What is asked of a booster: its model text (`lightgbm.Booster` has it)."""

    def model_to_string(self) -> str:
        """Return the model text."""
        ...


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
        if len(self.leaf_value) == 1:
            return float(self.leaf_value[0])
        return float(np.sum(self.leaf_count / self.internal_count[0] * self.leaf_value))


@dataclass(frozen=True)
class TreeEnsemble:
    """The trees of one booster, and its number of columns."""

    trees: tuple[Tree, ...]
    n_columns: int

    @property
    def n_leaves(self) -> int:
        """Leaves of all trees together."""
        return sum(len(tree.leaf_value) for tree in self.trees)


def read_ensemble(model: str | BoosterLike) -> TreeEnsemble:
    """Read a booster or a model text.

    A booster gives the trees that its own `predict` would use: up to `best_iteration` where early
    stopping set one, otherwise all. For another number of trees pass
    ``booster.model_to_string(num_iteration=n)``.

    The trees of a random forest (`boosting="rf"`) are summed, as `raw_score` and `pred_contrib` sum
    them; only LightGBM's plain `predict` takes their mean. A weight of 1 / trees gives the contributions
    to the mean.

    Parameters
    ----------
    model : str or booster
        LightGBM model text, or anything with `model_to_string()`.

    Returns
    -------
    TreeEnsemble

    Raises
    ------
    ConfigError
        The model has linear leaves or several outputs a row: neither has contributions of this kind.
    ArtifactError
        The text is no LightGBM model, or is damaged.
    """
    text = model if isinstance(model, str) else model.model_to_string()
    head, *blocks = _TREE.split(text.split("\nend of trees", 1)[0])
    header = _fields(head)
    if "max_feature_idx" not in header:
        msg = f"expected a LightGBM model text (with max_feature_idx), got {text[:60]!r}"
        raise ArtifactError(msg)
    outputs = int(header.get("num_tree_per_iteration", "1"))
    if outputs != 1:
        msg = (
            f"expected one output a row, got {outputs} (multiclass): explain one class against the rest"
        )
        raise ConfigError(msg)
    n_columns = int(header["max_feature_idx"]) + 1
    trees = tuple(_tree(number, _fields(block), n_columns) for number, block in enumerate(blocks))
    return TreeEnsemble(trees, n_columns)


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _tree(number: int, fields: Mapping[str, str], n_columns: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        msg = f"tree {number} has linear leaves, which have no contributions: train without linear_tree"
        raise ConfigError(msg)
    try:
        return _checked(number, _arrays(fields), n_columns)
    except (KeyError, ValueError, IndexError) as error:
        msg = f"tree {number} of the model text is damaged: {error!r}; save the model again"
        raise ArtifactError(msg) from error


def _arrays(fields: Mapping[str, str]) -> Tree:
    value = np.array(fields["leaf_value"].split(), dtype=np.float64)
    if len(value) != int(fields["num_leaves"]):
        raise ValueError(f"{fields['num_leaves']} leaves, {len(value)} leaf values")
    if len(value) == 1:
        return _constant(value)
    ints: dict[str, Any] = {name: np.array(fields[name].split(), dtype=np.int64) for name in _INT_ARRAYS}
    return Tree(
        leaf_value=value,
        leaf_count=ints["leaf_count"],
        internal_count=ints["internal_count"],
        feature=ints["split_feature"],
        decision_type=ints["decision_type"],
        left=ints["left_child"],
        right=ints["right_child"],
        threshold=np.array(fields["threshold"].split(), dtype=np.float64),
        category_sets=_category_sets(fields),
    )


def _constant(value: Floats) -> Tree:
    none = np.zeros(0, dtype=np.int64)
    return Tree(value, np.ones(1, dtype=np.int64), none, none, none, none, none, np.zeros(0))


def _category_sets(fields: Mapping[str, str]) -> tuple[Words, ...]:
    if fields.get("num_cat", "0") == "0":
        return ()
    bounds = np.array(fields["cat_boundaries"].split(), dtype=np.int64)
    words = np.array(fields["cat_threshold"].split(), dtype=np.uint32)
    return tuple(words[start:stop] for start, stop in pairwise(bounds))


def _checked(number: int, tree: Tree, n_columns: int) -> Tree:
    """Refuse a tree whose parts do not fit each other; everything later relies on it."""
    splits, leaves = len(tree.feature), len(tree.leaf_value)
    sizes = {
        len(part)
        for part in (tree.decision_type, tree.left, tree.right, tree.threshold, tree.internal_count)
    }
    if leaves > 1 and (sizes != {splits} or splits != leaves - 1 or len(tree.leaf_count) != leaves):
        raise ValueError(f"{leaves} leaves need {leaves - 1} splits, got arrays of {sorted(sizes)}")
    if splits and not 0 <= tree.feature.min() <= tree.feature.max() < n_columns:
        raise ValueError(f"a split column outside 0..{n_columns - 1}")
    children = np.sort(np.concatenate([tree.left, tree.right]))
    if splits and not np.array_equal(children, [*range(-leaves, 0), *range(1, splits)]):
        raise ValueError("some split or leaf has not exactly one parent")
    counts = np.concatenate([tree.internal_count, tree.leaf_count[::-1]])
    if splits and (
        tree.internal_count.min() < 1
        or (counts[tree.left] + counts[tree.right] != tree.internal_count).any()
    ):
        raise ValueError("the row counts of some split's children do not add up to its own, or are zero")
    return tree
