"""One way of explaining: `python treeshap_ways.py WAY MODEL ROWS REPEATS EXPECTED`.

Prints one line of JSON per measurement. MODEL is a LightGBM text; EXPECTED is a file that holds what
`pred_contrib` says of the same rows: the way of that name writes it, the others read it.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from treeshap import customers

PACKAGES = ("lightgbm", "numpy", "llvmlite", "numba", "shap", "woodelf-explainer", "fasttreeshap")


def timed(run: Callable[[], Any]) -> tuple[float, float, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def tell(what: str, rows: int, cpu: float, wall: float, **more: Any) -> None:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    line = {"what": what, "rows": rows, "cpu": cpu, "wall": wall, "peak_mb": peak_memory(), **more}
    print(json.dumps({**line, "versions": versions}), flush=True)


def peak_memory() -> float:
    """MB of this program alone; ru_maxrss would begin with that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def ours(booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path) -> None:
    """Predicting and explaining in turn, so that other work on the machine meets both."""
    from churnhealth.explain.treeshap import TreeExplainer, kernel_llvm, warm_up

    compiled = timed(warm_up)[0] if kernel_llvm.available() else 0.0
    set_up, _, explainer = timed(lambda: TreeExplainer.compile(booster))
    runs: list[list[tuple[float, float]]] = [[], [], []]
    for _ in range(repeats):
        ways = (
            lambda: booster.predict(X, raw_score=True, num_threads=1),
            lambda: explainer.contributions(X, threads=1),
            lambda: explainer.contributions(X, threads=2),
        )
        for run, way in zip(runs, ways, strict=True):
            run.append(timed(way)[:2])
    size = explainer.describe().table_bytes / 2**20
    facts = {"set_up": set_up, "compiled": compiled, "table_mb": size}
    tell("LightGBM predict", len(X), *min(runs[0]))
    for name, run in zip(("churnhealth", "churnhealth, 2 threads"), runs[1:], strict=True):
        ratios = [one[0] / base[0] for one, base in zip(run, runs[0], strict=True)]
        tell(name, len(X), *min(run), ratio=float(np.median(ratios)), **facts)


def pred_contrib(booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path) -> None:
    cpu, wall, values = timed(lambda: booster.predict(X, pred_contrib=True, num_threads=1))
    np.save(expected, values)
    tell("LightGBM pred_contrib", len(X), cpu, wall)


def few_rows(booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path) -> None:
    from churnhealth.explain.treeshap import TreeExplainer, warm_up

    warm_up()
    explainer = TreeExplainer.compile(booster)
    explainer.contributions(X[:8], threads=1)
    cpu, wall, values = timed(lambda: explainer.contributions(X, threads=1))
    tell("churnhealth, few rows", len(X), cpu, wall, error=error_of(values[:, :-1], expected))


def without_llvmlite(booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path) -> None:
    from churnhealth.explain.treeshap import TreeExplainer, kernel_numpy

    explainer, values = TreeExplainer.compile(booster), np.zeros(X.shape)
    cpu, wall, _ = timed(lambda: kernel_numpy.contributions(explainer._program, X, values))
    tell("churnhealth without llvmlite", len(X), cpu, wall, error=error_of(values, expected))


def shap_trees(booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path) -> None:
    import shap

    set_up, _, explainer = timed(lambda: shap.TreeExplainer(booster))
    cpu, wall, values = timed(lambda: explainer.shap_values(X))
    values = values[1] if isinstance(values, list) else values
    error = error_of(values, expected)
    tell("shap.TreeExplainer", len(X), cpu, wall, set_up=set_up, error=error)


def woodelf(booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path) -> None:
    import pandas as pd
    import woodelf

    frame = pd.DataFrame(X, columns=booster.feature_name())
    set_up, _, explainer = timed(lambda: woodelf.WoodelfExplainer(booster))
    cpu, wall, values = timed(lambda: np.asarray(explainer.shap_values(frame, verbose=False)))
    error = error_of(values, expected)
    tell("woodelf-explainer", len(X), cpu, wall, set_up=set_up, error=error)


def fasttreeshap(
    booster: lightgbm.Booster, X: np.ndarray, repeats: int, expected: Path, algorithm: str
) -> None:
    import fasttreeshap

    set_up, _, explainer = timed(
        lambda: fasttreeshap.TreeExplainer(booster, algorithm=algorithm, n_jobs=1)
    )
    cpu, wall, values = timed(lambda: explainer.shap_values(X, check_additivity=False))
    values = values[1] if isinstance(values, list) else values
    error = error_of(values, expected)
    tell(f"fasttreeshap {algorithm}", len(X), cpu, wall, set_up=set_up, error=error)


def error_of(values: np.ndarray, expected: Path) -> float:
    known = np.load(expected)[:, :-1]
    return float(np.abs(values[: len(known)] - known).max())


WAYS: dict[str, Callable[[lightgbm.Booster, np.ndarray, int, Path], None]] = {
    "ours": ours,
    "pred_contrib": pred_contrib,
    "few_rows": few_rows,
    "without_llvmlite": without_llvmlite,
    "shap": shap_trees,
    "woodelf": woodelf,
    "fasttreeshap_v1": functools.partial(fasttreeshap, algorithm="v1"),
    "fasttreeshap_v2": functools.partial(fasttreeshap, algorithm="v2"),
}


if __name__ == "__main__":
    way, model, rows, repeats, expected = sys.argv[1:]
    # The first rows of any number of them are the same.
    table = customers(max(int(rows), 20_000), seed=9)[: int(rows)]
    WAYS[way](lightgbm.Booster(model_file=model), table, int(repeats), Path(expected))
