"""Folds for out-of-fold margins: every customer on one side, both classes on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from churnhealth.model.columns import BoolArray, FloatArray, IntArray

# Where churners are few, learners gain from the rows that more folds leave them, and the mean of more
# fits hardly depends on the seed. Where there are thousands, five are as good and half the price.
MANY_FOLDS, FEW_FOLDS = 10, 5
ENOUGH_FOR_FEW = 2_000


@dataclass(frozen=True)
class Fold:
    """Rows to learn from, and rows that are then predicted.

    Parameters
    ----------
    train, test : ndarray of bool, shape (n_rows,)
        Membership; no row is in both.
    """

    train: BoolArray
    test: BoolArray


def customer_groups(
    y: FloatArray, customers: IntArray | None, *, seed: int, most: int = MANY_FOLDS
) -> IntArray | None:
    """Deal the customers into groups of similar size and churn.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        1 churned, 0 not.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes; all rows of a customer share a group. None: every row its own customer.
    seed : int
        Seed of the shuffle.
    most : int
        At most so many groups, 2 or more.

    Returns
    -------
    ndarray of int, shape (n_rows,), or None
        Groups 0, 1, ...: ten, five from 2,000 customers in the smaller class, fewer where a class has
        fewer customers. None when even two groups cannot both hold both classes: then nothing can be
        learned out of fold.
    """
    codes = np.arange(len(y)) if customers is None else customers
    smallest = min(len(np.unique(codes[y == label])) for label in (0.0, 1.0))
    splits = min(MANY_FOLDS if smallest < ENOUGH_FOR_FEW else FEW_FOLDS, most, smallest)
    if splits < 2:
        return None
    repeated = len(np.unique(codes)) < len(codes)
    kind = StratifiedGroupKFold if repeated else StratifiedKFold
    splitter = kind(splits, shuffle=True, random_state=seed)
    groups = np.zeros(len(y), dtype=np.int64)
    parts = splitter.split(np.zeros(len(y)), y, codes if repeated else None)
    for number, (_, test) in enumerate(parts):
        groups[test] = number
    both = all(len(np.unique(y[groups != one])) == 2 for one in range(splits))
    return groups if both and len(np.unique(groups)) == splits else None


def group_folds(groups: IntArray | None) -> tuple[Fold, ...]:
    """Put each group of customers aside once; no folds without groups."""
    if groups is None:
        return ()
    return tuple(Fold(groups != one, groups == one) for one in range(int(groups.max()) + 1))
