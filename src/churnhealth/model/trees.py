"""The tree learner: small LightGBM ensembles, one per fold, used together as one bag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np

from churnhealth.model.columns import FloatArray
from churnhealth.model.folds import Fold
from churnhealth.model.options import TreeOptions
from churnhealth.model.training import TrainingRows

MOST_ROUNDS = 2000
PATIENCE = 60

_LEAVES = re.compile(r"\nnum_leaves=(\d+)")


SHARED: dict[str, Any] = {
    "objective": "binary",
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
    texts : tuple of str
        LightGBM model texts, one per fold, each trained without its fold.
    n_indicators : int
        Columns of the encoded matrix.
    name : str
        What reports call it.
    """

    texts: tuple[str, ...] = field(repr=False)
    n_indicators: int
    name: str = "trees"

    @cached_property
    def boosters(self) -> tuple[lgb.Booster, ...]:
        """One booster per text; read when they are first asked for."""
        return tuple(lgb.Booster(model_str=text) for text in self.texts)

    def margin(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds, shape (n_customers,)."""
        return np.asarray(self.margins_without(matrix).mean(axis=1))

    def margins_without(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds without each group of customers, shape (n_customers, n_groups)."""
        margins = [np.asarray(booster.predict(matrix, raw_score=True)) for booster in self.boosters]
        return np.column_stack(margins)

    @cached_property
    def leaves(self) -> int:
        """Leaves of all trees, which is what scoring pays for."""
        return sum(int(leaves) for text in self.texts for leaves in _LEAVES.findall(text))

    def to_texts(self) -> tuple[str, ...]:
        """Return one LightGBM model text per booster."""
        return self.texts

    @classmethod
    def from_texts(cls, texts: Sequence[str], n_indicators: int, name: str = "trees") -> TreeMember:
        """Rebuild from `to_texts`."""
        return cls(tuple(texts), n_indicators, name)


def fit_trees(
    rows: TrainingRows, options: TreeOptions, *, name: str = "trees", seed: int, threads: int
) -> tuple[TreeMember, FloatArray]:
    """Fit one booster per fold; one number of rounds for all, by pooled out-of-fold log loss.

    A number of rounds for each fold would be chosen on the very rows that then weigh the learners;
    one number for all of them hardly bends their margins.

    Parameters
    ----------
    rows : TrainingRows
        With at least one fold.
    options : TreeOptions
        How bold the trees are.
    name : str
        What reports call the learner.
    seed : int
        Seed of the columns that each node may use.
    threads : int
        For LightGBM.

    Returns
    -------
    member : TreeMember
        One booster per group of customers, trained without it for the chosen number of rounds.
    margin : ndarray, shape (n_rows,)
        Out-of-fold margins.
    """
    settings = {
        **SHARED,
        **options.to_lightgbm(),
        "seed": seed,
        "num_threads": threads,
        "min_data_in_leaf": int(np.clip(len(rows.y) // 25, 5, options.smallest_leaf)),
    }
    if rows.is_monotone:
        settings["monotone_constraints"] = list(rows.monotone)
    tests = [rows.test_matrix(fold) for fold in rows.folds]
    boosters = [_start(rows, fold, settings, test) for fold, test in zip(rows.folds, tests, strict=True)]
    rounds = _grow_together(boosters, [float(rows.weight[fold.test].sum()) for fold in rows.folds])
    margin = np.zeros(len(rows.y))
    for booster, fold, test in zip(boosters, rows.folds, tests, strict=True):
        margin[fold.test] = booster.predict(test, raw_score=True, num_iteration=rounds)
    # The texts of the first rounds only, so that they are all there is.
    bag = tuple(booster.model_to_string(num_iteration=rounds) for booster in boosters)
    return TreeMember(bag, rows.matrix.shape[1], name), margin


def _start(rows: TrainingRows, fold: Fold, settings: dict[str, Any], test: FloatArray) -> lgb.Booster:
    """Return a booster without trees yet, to be trained on a fold and watched on its test rows."""
    columns = rows.learner_columns
    train = lgb.Dataset(
        rows.train_matrix(fold),
        rows.y[fold.train],
        weight=rows.weight[fold.train],
        feature_name=[f"x{at}" for at in range(len(columns))],
        categorical_feature=[at for at, spec in enumerate(columns) if spec.kind == "category"],
        params=settings,
    )
    booster = lgb.Booster(settings, train)
    y, weight = rows.y[fold.test], rows.weight[fold.test]
    watched = lgb.Dataset(test, y, weight=weight, reference=train, params=settings)
    booster.add_valid(watched, "fold")
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
