"""Read the trees out of a LightGBM model text: what is split, how, and how many rows went where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from churnhealth.errors import ArtifactError, ConfigError
from churnhealth.explain.treeshap.columns import CATEGORICAL
from churnhealth.explain.treeshap.trees import Forest, Ints, TreeEnsemble, Words

Fields = Mapping[str, str]


class BoosterLike(Protocol):
    """What is asked of a booster: its model text (`lightgbm.Booster` has it)."""

    def model_to_string(self) -> str:
        """Return the model text."""
        ...


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
    head, *blocks = text.split("\nend of trees", 1)[0].split("\nTree=")
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
    return TreeEnsemble(_forest([_fields(block) for block in blocks], n_columns), n_columns)


def _fields(block: str) -> dict[str, str]:
    return dict([line.split("=", 1) for line in block.splitlines() if "=" in line])


def _forest(trees: Sequence[Fields], n_columns: int) -> Forest:
    linear = [number for number, tree in enumerate(trees) if tree.get("is_linear", "0") != "0"]
    if linear:
        msg = (
            f"tree {linear[0]} has linear leaves, which have no contributions: train without linear_tree"
        )
        raise ConfigError(msg)
    try:
        return _checked(_read(trees), n_columns)
    except (KeyError, ValueError):
        return Forest.joined([_one(number, tree, n_columns) for number, tree in enumerate(trees)])


def _one(number: int, tree: Fields, n_columns: int) -> Forest:
    """Read a single tree, so that the damaged one can be named."""
    try:
        return _checked(_read([tree]), n_columns)
    except (KeyError, ValueError) as error:
        msg = f"tree {number} of the model text is damaged: {error!r}; save the model again"
        raise ArtifactError(msg) from error


def _read(trees: Sequence[Fields]) -> Forest:
    leaves = np.array([int(tree["num_leaves"]) for tree in trees], dtype=np.int64)
    leaf_value = _numbers(trees, "leaf_value", leaves, np.float64)
    # LightGBM writes little about a tree of one leaf.
    grown = list(compress(trees, leaves > 1))
    wanted = leaves[leaves > 1]
    leaf_count = np.ones(len(leaf_value), dtype=np.int64)
    leaf_count[np.repeat(leaves > 1, leaves)] = _numbers(grown, "leaf_count", wanted)
    sets, set_words, words = _category_sets(grown)
    all_sets = np.zeros(len(leaves), dtype=np.int64)
    all_sets[leaves > 1] = sets
    return Forest(
        leaves=leaves,
        leaf_value=leaf_value,
        leaf_count=leaf_count,
        internal_count=_numbers(grown, "internal_count", wanted - 1),
        feature=_numbers(grown, "split_feature", wanted - 1),
        decision_type=_numbers(grown, "decision_type", wanted - 1),
        left=_numbers(grown, "left_child", wanted - 1),
        right=_numbers(grown, "right_child", wanted - 1),
        threshold=_numbers(grown, "threshold", wanted - 1, np.float64),
        sets=all_sets,
        set_words=set_words,
        words=words,
    )


def _numbers(
    trees: Sequence[Fields], name: str, wanted: Ints, dtype: Any = np.int64
) -> npt.NDArray[Any]:
    """Read one field of all trees, of which so many numbers are wanted each."""
    texts = [tree[name] for tree in trees]
    numbers = np.fromstring(" ".join(texts), dtype=dtype, sep=" ")
    sizes = np.array([text.count(" ") + 1 for text in texts], dtype=np.int64)
    if len(numbers) != sizes.sum() or not np.array_equal(sizes, wanted):
        raise ValueError(f"{name}: expected {wanted.sum()} numbers, got {len(numbers)}")
    return numbers


def _category_sets(trees: Sequence[Fields]) -> tuple[Ints, Ints, Words]:
    """Return the category sets of each tree, the words of each set, and the words."""
    sets = np.array([int(tree.get("num_cat", "0")) for tree in trees], dtype=np.int64)
    having = list(compress(trees, sets))
    bounds = _numbers(having, "cat_boundaries", sets[sets > 0] + 1)
    ends = np.cumsum(sets[sets > 0] + 1) - 1
    begin, end = np.delete(bounds, ends), np.delete(bounds, ends - sets[sets > 0])
    if (begin > end).any() or bounds[ends - sets[sets > 0]].any():
        raise ValueError("the bounds of the category sets do not rise from 0")
    words = _numbers(having, "cat_threshold", bounds[ends])
    return sets, end - begin, words.astype(np.uint32)


def _checked(forest: Forest, n_columns: int) -> Forest:
    """Refuse trees whose parts do not fit each other; everything later relies on it."""
    if not ((forest.feature >= 0) & (forest.feature < n_columns)).all():
        raise ValueError(f"a split column outside 0..{n_columns - 1}")
    splits, leaves = (np.repeat(part, forest.splits) for part in (forest.splits, forest.leaves))
    if not all(((-leaves <= child) & (child < splits)).all() for child in (forest.left, forest.right)):
        raise ValueError("a child is neither a split nor a leaf of the tree")
    left, right = forest.children
    parents = np.bincount(np.concatenate([left, right]), minlength=len(forest.counts))
    # Roots, and trees that are one leaf only, have none.
    parents[forest.first_split[forest.splits > 0]] += 1
    parents[len(left) :][np.repeat(forest.splits == 0, forest.leaves)] += 1
    if (parents != 1).any():
        raise ValueError("some split or leaf has not exactly one parent")
    counts, total = forest.counts, forest.internal_count
    if (total < 1).any() or (counts[left] + counts[right] != total).any():
        raise ValueError("the row counts of some split's children do not add up to its own, or are zero")
    by_set = (forest.decision_type & CATEGORICAL) > 0
    number, sets = forest.threshold[by_set], np.repeat(forest.sets, forest.splits)[by_set]
    if not ((number >= 0) & (number < sets)).all():
        raise ValueError("a split by categories without its set")
    return forest
