"""Contributions of a whole stack in log-odds, and the reference population they are centred on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnhealth.domain.health import FloatArray
from churnhealth.explain.treeshap import TreeExplainer
from churnhealth.model.linear import LinearMember
from churnhealth.model.points import PointMember
from churnhealth.model.stack import Stack
from churnhealth.model.trees import TreeMember

LARGEST_REFERENCE = 5_000


@dataclass(frozen=True)
class Reference:
    """The population against which contributions are told: the training rows, or a sample of them.

    Parameters
    ----------
    centres : ndarray, shape (n_indicators + n_corrections,)
        Mean contribution of each indicator and segment correction, in log-odds.
    base_margin : float
        Mean margin.
    """

    centres: FloatArray
    base_margin: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"centres": self.centres.tolist(), "base_margin": self.base_margin}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reference:
        """Rebuild from `to_dict`."""
        return cls(np.asarray(values["centres"], dtype=np.float64), float(values["base_margin"]))


class StackExplainer:
    """Takes margins of a stack apart by indicator.

    Logistic regressions and point tables are a closed form, a sum of one function per indicator. The
    boosters of all bags are explained together, as one weighted ensemble, by path-dependent Shapley
    values (TreeSHAP: Lundberg and others, 2020).

    Parameters
    ----------
    stack : Stack
        Members with their weights.
    threads : int, optional
        For the trees; None: one per processor.
    """

    def __init__(self, stack: Stack, *, threads: int | None = None) -> None:
        self._stack = stack
        self._threads = threads
        texts: list[str] = []
        weights: list[float] = []
        self._sums: list[tuple[float, LinearMember | PointMember]] = []
        for weight, member in zip(stack.weights, stack.members, strict=True):
            if isinstance(member, TreeMember):
                texts += member.texts
                weights += [weight / len(member.texts)] * len(member.texts)
            elif isinstance(member, (LinearMember, PointMember)):
                self._sums.append((weight, member))
        self._trees = TreeExplainer.compile(texts, weights) if texts else None

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Return log-odds by indicator and segment correction, the base last.

        Parameters
        ----------
        matrix : ndarray, shape (n_customers, n_indicators)
            As `encode_table` gives it.

        Returns
        -------
        ndarray, shape (n_customers, n_indicators + n_corrections + 1)
            Each row adds up to the row's margin. What a learner makes of a coded category is told of
            the category itself.
        """
        stack, seen = self._stack, self._stack.learner_matrix(matrix)
        told = np.zeros((len(matrix), stack.n_indicators + 1))
        told[:, -1] = stack.intercept
        for weight, member in self._sums:
            told += weight * member.contributions(seen)
        if self._trees is not None:
            told += self._trees.contributions(seen, threads=self._threads)
        if not stack.corrections:
            return told
        corrections = np.column_stack([one.of(matrix) for one in stack.corrections])
        return np.hstack([told[:, :-1], corrections, told[:, -1:]])

    def centred(self, matrix: FloatArray, reference: Reference) -> FloatArray:
        """Return contributions less their means over the reference, without the base.

        For every customer `reference.base_margin` plus their sum is the margin.
        """
        return self.contributions(matrix)[:, :-1] - reference.centres

    def learn_reference(self, matrix: FloatArray, *, seed: int) -> Reference:
        """Average over the training rows, or a random sample of them when they are many."""
        if len(matrix) > LARGEST_REFERENCE:
            rng = np.random.default_rng(seed)
            matrix = matrix[np.sort(rng.choice(len(matrix), LARGEST_REFERENCE, replace=False))]
        means = self.contributions(matrix).mean(axis=0)
        return Reference(means[:-1], float(means.sum()))
