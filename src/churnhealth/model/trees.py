"""The tree learner: small LightGBM ensembles, one per fold, used together as one bag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from churnhealth.model.columns import BoolArray, ColumnSpec, FloatArray

MOST_ROUNDS = 1000
PATIENCE = 60

SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.03,
    "max_depth": 3,
    "num_leaves": 6,
    "feature_fraction_bynode": 0.4,
    "lambda_l2": 10.0,
    "max_cat_to_onehot": 8,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}


@dataclass(frozen=True)
class TreeMember:
    """A bag of boosters; its margin is their mean.

    Parameters
    ----------
    boosters : tuple of lightgbm.Booster
        One per fold, each trained without its fold.
    n_indicators : int
        Columns of the encoded matrix.
    """

    boosters: tuple[lgb.Booster, ...]
    n_indicators: int
    name = "trees"

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""
        margins = [np.asarray(booster.predict(matrix, raw_score=True)) for booster in self.boosters]
        return np.asarray(np.mean(margins, axis=0))

    @property
    def leaves(self) -> int:
        """Leaves of all trees, which is what scoring pays for."""
        return sum(
            int(booster.trees_to_dataframe()["left_child"].isna().sum()) for booster in self.boosters
        )

    def to_texts(self) -> tuple[str, ...]:
        """Return one LightGBM model text per booster."""
        return tuple(booster.model_to_string() for booster in self.boosters)

    @classmethod
    def from_texts(cls, texts: Sequence[str], n_indicators: int) -> TreeMember:
        """Rebuild from `to_texts`."""
        return cls(tuple(lgb.Booster(model_str=text) for text in texts), n_indicators)


def fit_trees(
    matrix: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    specs: Sequence[ColumnSpec],
    folds: Sequence[BoolArray],
    *,
    seed: int,
    threads: int,
) -> tuple[TreeMember, FloatArray]:
    """Fit one booster per fold; one number of rounds for all, by pooled out-of-fold log loss.

    A number of rounds for each fold would be chosen on the very rows that then weigh the learners;
    one number for all of them hardly bends their margins.

    Returns
    -------
    member : TreeMember
        The boosters, cut to the chosen number of rounds.
    margin : ndarray, shape (n_customers,)
        Out-of-fold margins.
    """
    settings = {
        **SETTINGS,
        "seed": seed,
        "num_threads": threads,
        "min_data_in_leaf": int(np.clip(len(y) // 25, 5, 50)),
    }
    boosters = [_start(matrix, y, weight, specs, test, settings) for test in folds]
    rounds = _grow_together(boosters, [float(weight[test].sum()) for test in folds])
    boosters = [_cut(booster, rounds) for booster in boosters]
    margin = np.zeros(len(y))
    for booster, test in zip(boosters, folds, strict=True):
        margin[test] = booster.predict(matrix[test], raw_score=True)
    return TreeMember(tuple(boosters), matrix.shape[1]), margin


def _start(
    matrix: FloatArray,
    y: FloatArray,
    weight: FloatArray,
    specs: Sequence[ColumnSpec],
    test: BoolArray,
    settings: dict[str, Any],
) -> lgb.Booster:
    """Return a booster without trees yet, to be trained without the fold and watched on it."""
    categories = [at for at, spec in enumerate(specs) if spec.kind == "category"]
    names = [f"x{at}" for at in range(len(specs))]
    train = lgb.Dataset(
        matrix[~test],
        y[~test],
        weight=weight[~test],
        feature_name=names,
        categorical_feature=categories,
        params=settings,
    )
    booster = lgb.Booster(settings, train)
    booster.add_valid(
        lgb.Dataset(matrix[test], y[test], weight=weight[test], reference=train, params=settings), "fold"
    )
    return booster


def _grow_together(boosters: Sequence[lgb.Booster], sizes: Sequence[float]) -> int:
    """Add a tree to every booster until their pooled loss no longer falls; return the best round."""
    best, best_round = np.inf, 1
    for at in range(1, MOST_ROUNDS + 1):
        for booster in boosters:
            booster.update()
        losses = [booster.eval_valid()[0][2] for booster in boosters]
        pooled = float(np.average(losses, weights=sizes))
        if pooled < best:
            best, best_round = pooled, at
        if at - best_round >= PATIENCE:
            break
    return best_round


def _cut(booster: lgb.Booster, rounds: int) -> lgb.Booster:
    """Return the booster with its first rounds only, so that its text is all there is."""
    return lgb.Booster(model_str=booster.model_to_string(num_iteration=rounds))
