"""Folds for out-of-fold margins: every customer on one side, both classes on each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from churnhealth.model.columns import BoolArray, FloatArray

MOST_FOLDS = 5


def customer_folds(
    y: FloatArray, customers: npt.NDArray[np.int64] | None, *, seed: int
) -> list[BoolArray]:
    """Split rows into test folds that hold each row once.

    Parameters
    ----------
    y : ndarray, shape (n_rows,)
        1 churned, 0 not.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes; all rows of a customer share a fold. None: every row its own customer.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    list of boolean ndarray
        Membership per fold; at most five, fewer where a class has fewer customers. Empty when
        even two folds cannot both hold both classes: then nothing can be learned out of fold.
    """
    codes = np.arange(len(y)) if customers is None else customers
    smallest = min(len(np.unique(codes[y == label])) for label in (0.0, 1.0))
    splits = min(MOST_FOLDS, smallest)
    if splits < 2:
        return []
    repeated = len(np.unique(codes)) < len(codes)
    kind = StratifiedGroupKFold if repeated else StratifiedKFold
    splitter = kind(splits, shuffle=True, random_state=seed)
    folds = []
    for _, test in splitter.split(np.zeros(len(y)), y, codes if repeated else None):
        member = np.zeros(len(y), dtype=bool)
        member[test] = True
        folds.append(member)
    both = all(len(np.unique(y[~fold])) == 2 and fold.any() for fold in folds)
    return folds if both else []
