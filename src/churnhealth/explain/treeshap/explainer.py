"""Contributions of one booster, or of several as one weighted ensemble."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from churnhealth.errors import ConfigError
from churnhealth.explain.treeshap import kernel_llvm, kernel_numpy
from churnhealth.explain.treeshap.build import build_program
from churnhealth.explain.treeshap.columns import as_numbers
from churnhealth.explain.treeshap.program import MOST_POINTS, Program
from churnhealth.explain.treeshap.reader import BoosterLike, read_ensemble
from churnhealth.explain.treeshap.trees import TreeEnsemble

Floats = npt.NDArray[np.float64]

MEMORY_LIMIT = 512 * 2**20
"""Bytes: what an explainer may hold beside its input and its result."""

_MOST_ROWS_LLVM, _MOST_ROWS_NUMPY = 512, 4096
_FEWEST_ROWS = kernel_llvm.LANES


class Explained(NamedTuple):
    """Contributions (rows, columns + 1), the expected value last, and the margins (rows,)."""

    contributions: Floats
    margin: Floats


@dataclass(frozen=True)
class Description:
    """What a compiled explainer is made of; sizes in bytes, time in seconds."""

    trees: int
    leaves: int
    sweeps: int
    table_bytes: int
    rows_per_block: int
    set_up_seconds: float
    path: str


class TreeExplainer:
    """Explains tables with boosters that were read once; make one with `TreeExplainer.compile`.

    It may be used from several threads at a time.
    """

    def __init__(self, program: Program, rows_per_block: int, set_up_seconds: float) -> None:
        self._program = program
        self._rows = rows_per_block
        self._seconds = set_up_seconds

    @classmethod
    def compile(
        cls,
        boosters: Sequence[str | BoosterLike] | str | BoosterLike,
        weights: Sequence[float] | None = None,
        *,
        memory_limit: int = MEMORY_LIMIT,
    ) -> TreeExplainer:
        """Read boosters on the same columns as one ensemble: margin = sum of weight x margin.

        Parameters
        ----------
        boosters : booster or model text, or a sequence of them
            See `read_ensemble` for which trees are taken.
        weights : sequence of float, optional
            One per booster; 1 each by default.
        memory_limit : int
            Bytes the explainer may hold per thread beside input and result. Small limits make small
            blocks of rows.

        Raises
        ------
        ConfigError
            No booster, other columns or weights than boosters, multiclass or linear trees, memory limit
            too small.
        ArtifactError
            A model text is damaged.
        """
        started = time.perf_counter()
        models = (
            [boosters]
            if isinstance(boosters, str) or hasattr(boosters, "model_to_string")
            else list(boosters)
        )
        ensembles = [read_ensemble(model) for model in models]
        program = build_program(ensembles, _weights(ensembles, weights))
        rows = _rows_that_fit(program, memory_limit)
        return cls(program, rows, time.perf_counter() - started)

    @property
    def n_columns(self) -> int:
        """Columns that a table to be explained must have."""
        return self._program.n_columns

    @property
    def expected(self) -> float:
        """Mean margin over the training rows."""
        return self._program.expected

    def contributions(self, X: Any, *, threads: int | None = None) -> Floats:
        """Return the Shapley values of every row, the expected value last.

        Parameters
        ----------
        X : array-like or data frame (rows, n_columns)
            Read as `Booster.predict` reads it (see `columns.as_numbers`).
        threads : int, optional
            Threads to share the rows among; by default one per processor that may be used.

        Returns
        -------
        float64 array (rows, n_columns + 1), log-odds for a binary objective

        Raises
        ------
        SchemaError
            Wrong number of columns, or columns that are no numbers.
        """
        table = as_numbers(X, self.n_columns)
        out = np.zeros((len(table), self.n_columns + 1))
        out[:, -1] = self.expected
        if kernel_llvm.available():
            kernel_llvm.warm_up()
        _share_rows(len(table), self._rows, _thread_count(threads), lambda: self._worker(table, out))
        return out

    def margin(self, X: Any, *, threads: int | None = None) -> Floats:
        """Return each row's contributions and expected value summed: the margin to about 1e-13."""
        return self.explain(X, threads=threads).margin

    def explain(self, X: Any, *, threads: int | None = None) -> Explained:
        """Return contributions and margins of one pass; parameters as for `contributions`."""
        contributions = self.contributions(X, threads=threads)
        return Explained(contributions, contributions.sum(axis=1))

    def describe(self) -> Description:
        """Return sizes, the time of `compile`, and the path: "llvm", without llvmlite "numpy"."""
        return Description(
            trees=self._program.n_trees,
            leaves=self._program.n_leaves,
            sweeps=len(self._program.sweeps),
            table_bytes=self._program.n_bytes,
            rows_per_block=self._rows,
            set_up_seconds=self._seconds,
            path="llvm" if kernel_llvm.available() else "numpy",
        )

    def _worker(self, table: npt.NDArray[Any], out: Floats) -> Callable[[slice], None]:
        """Return what one thread does with a block of rows."""
        if not kernel_llvm.available():
            return lambda rows: kernel_numpy.contributions(self._program, table[rows], out[rows, :-1])
        workspace = kernel_llvm.Workspace(self._program, min(self._rows, len(table)))
        return lambda rows: workspace.contributions(table[rows], out[rows, :-1])


def tree_contributions(booster: str | BoosterLike, X: Any, *, threads: int | None = None) -> Floats:
    """Return what ``booster.predict(X, pred_contrib=True)`` returns, many times faster.

    Reading the booster is paid at every call: for several tables use `TreeExplainer.compile` once.

    Parameters
    ----------
    booster : lightgbm.Booster or model text
    X : array-like or data frame (rows, columns)
    threads : int, optional
        By default one per processor that may be used.

    Returns
    -------
    float64 array (rows, columns + 1)
        Path-dependent Shapley values of the margin, the expected value last; equal to LightGBM's to
        about 1e-13.
    """
    return TreeExplainer.compile(booster).contributions(X, threads=threads)


def _weights(ensembles: Sequence[TreeEnsemble], weights: Sequence[float] | None) -> list[float]:
    if not ensembles:
        raise ConfigError("expected at least one booster, got none")
    columns = sorted({ensemble.n_columns for ensemble in ensembles})
    if len(columns) > 1:
        msg = f"expected boosters on the same columns, got {columns} columns: explain them one by one"
        raise ConfigError(msg)
    given = [1.0] * len(ensembles) if weights is None else [float(weight) for weight in weights]
    if len(given) != len(ensembles) or not np.isfinite(given).all():
        msg = f"expected {len(ensembles)} finite weights, one per booster, got {given}"
        raise ConfigError(msg)
    return given


def _rows_that_fit(program: Program, memory_limit: int) -> int:
    """Return the rows of a block, a multiple of the vector length."""

    def needed(rows: int) -> int:
        numpy_values = (
            0 if kernel_llvm.available() else 8 * rows * program.most_nodes * (MOST_POINTS + 1)
        )
        return program.n_bytes + kernel_llvm.Workspace.n_bytes(program, rows) + numpy_values

    rows = _MOST_ROWS_LLVM if kernel_llvm.available() else _MOST_ROWS_NUMPY
    while rows > _FEWEST_ROWS and needed(rows) > memory_limit:
        rows //= 2
    if needed(rows) > memory_limit:
        msg = f"memory_limit: expected at least {needed(rows):,} bytes, got {memory_limit:,}"
        raise ConfigError(msg)
    return rows


def _thread_count(threads: int | None) -> int:
    if threads is None:
        usable = getattr(os, "sched_getaffinity", None)
        return len(usable(0)) if usable else os.cpu_count() or 1
    if threads < 1:
        msg = f"threads: expected 1 or more, got {threads}"
        raise ConfigError(msg)
    return threads


def _share_rows(
    n: int, step: int, threads: int, make_worker: Callable[[], Callable[[slice], None]]
) -> None:
    """Run blocks of rows on the threads, each thread with a worker of its own; blocks never overlap."""
    blocks = [slice(start, min(start + step, n)) for start in range(0, n, step)]
    workers = min(threads, len(blocks))

    def work(first: int) -> None:
        worker = make_worker()
        for block in blocks[first::workers]:
            worker(block)

    if workers == 1:
        work(0)
    elif workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(work, range(workers)))
