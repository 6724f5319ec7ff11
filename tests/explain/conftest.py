"""A model whose contributions can be worked out by hand, told like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from math import factorial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from churnhealth.domain.health import FloatArray
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.explain.attribution import health_points, with_missing_columns
from churnhealth.explain.explanation import Explanation, sum_by_group
from churnhealth.model.columns import ColumnSpec, encode_table


def _health(margin: FloatArray) -> FloatArray:
    return 100.0 * (1.0 - expit(margin))


def _slope(margin: FloatArray) -> FloatArray:
    return -100.0 * expit(margin) * (1.0 - expit(margin))


class LinearModel:
    """log-odds = base + sum of slope x value (a missing value gives `missing`), centred at 0.

    Parameters
    ----------
    slopes : mapping of str to float
        By indicator; its group is the word before the first underscore.
    base : float
    missing : float
        Log-odds of a missing value, in the column `x:missing`.
    """

    def __init__(
        self,
        slopes: Mapping[str, float],
        base: float = 0.0,
        missing: float = 0.0,
        indicators: tuple[Indicator, ...] | None = None,
        booleans: tuple[str, ...] = (),
    ) -> None:
        self.slopes, self.base, self.missing = dict(slopes), base, missing
        self.catalogue_ = Catalogue(
            indicators or tuple(Indicator(name, name.split("_")[0], actionable=True) for name in slopes)
        )
        self.model_ = SimpleNamespace(
            columns=tuple(
                ColumnSpec(name, "boolean" if name in booleans else "number", has_missing=True)
                for name in slopes
            )
        )

    def _phi(self, X: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
        matrix = encode_table(X, self.model_.columns).matrix
        phi = matrix * np.array(list(self.slopes.values()))
        return np.where(np.isnan(matrix), self.missing, phi), matrix

    def health_score(self, X: pd.DataFrame) -> FloatArray:
        return _health(self.base + self._phi(X)[0].sum(axis=1))

    def log_odds(self, X: pd.DataFrame) -> pd.DataFrame:
        phi, matrix = self._phi(X)
        return with_missing_columns(phi, matrix, self.model_.columns, X.index)

    def explain(self, X: pd.DataFrame) -> Explanation:
        phi, matrix = self._phi(X)
        points = health_points(phi, self.base, _health, _slope)
        table = with_missing_columns(points, matrix, self.model_.columns, X.index)
        names = list(self.slopes)
        return Explanation(
            base_points=float(_health(np.array([self.base]))[0]),
            points=table,
            values=X[names],
            typical=pd.Series(0.0, index=names, dtype=object),
            catalogue=self.catalogue_,
            sub_scores=sum_by_group(table, self.catalogue_),
        )


@pytest.fixture(scope="session")
def linear() -> type[LinearModel]:
    return LinearModel


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., pd.DataFrame]:
    """Return what makes rows labelled C1, C2, ... from columns of numbers."""

    def build(**columns: list[float | None]) -> pd.DataFrame:
        table = pd.DataFrame(columns, dtype="float64")
        return table.set_axis([f"C{at + 1}" for at in range(len(table))])

    return build


def _worth(node: dict, known: frozenset[int], row: np.ndarray) -> float:
    """Mean output when only the known columns decide: elsewhere the shares of training rows do."""
    if "leaf_value" in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return _worth(left if _goes_left(node, row) else right, known, row)
    counts = [child.get("internal_count", child.get("leaf_count")) for child in (left, right)]
    values = [_worth(child, known, row) for child in (left, right)]
    return float(np.dot(counts, values) / sum(counts))


def _goes_left(node: dict, row: np.ndarray) -> bool:
    x = row[node["split_feature"]]
    if node["decision_type"] == "==":
        return str(int(x)) in node["threshold"].split("||")
    if node["missing_type"] == "None" and np.isnan(x):
        x = 0.0
    if np.isnan(x) or (node["missing_type"] == "Zero" and x == 0.0):
        return node["default_left"]
    return bool(x <= node["threshold"])


def shapley_by_definition(tree: dict, row: np.ndarray) -> np.ndarray:
    """Shapley values of the path-dependent game of one tree, over all groups of columns.

    Parameters
    ----------
    tree : dict
        `tree_structure` of LightGBM's `dump_model`.
    row : ndarray, shape (n_columns,)
        Few columns: there are two to the power of n_columns groups.
    """
    n = len(row)
    values = np.zeros(n)
    for j in range(n):
        others = [i for i in range(n) if i != j]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for group in combinations(others, size):
                without = frozenset(group)
                values[j] += weight * (_worth(tree, without | {j}, row) - _worth(tree, without, row))
    return values


@pytest.fixture(scope="session")
def brute_force() -> Callable[[dict, np.ndarray], np.ndarray]:
    return shapley_by_definition
