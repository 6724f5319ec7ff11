"""How much does explaining cost beside predicting? One table against the other libraries.

    python benchmarks/treeshap.py                        # both models, rows up to 1,000,000
    python benchmarks/treeshap.py --models small --rows 20000 --repeats 5

CPU seconds (user + system, all threads) in one process, the best of `--repeats` for the two that are
compared by a ratio. Slow libraries are measured on few rows, and the table says how many. Writes
benchmarks/results/treeshap.md.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np

from churnhealth.explain.treeshap import TreeExplainer, kernel_llvm, kernel_numpy, warm_up

MODELS = {"small": (300, 31), "big": (800, 63)}
COLUMNS = 40
RESULTS = Path(__file__).parent / "results" / "treeshap.md"


@dataclass
class Line:
    model: str
    what: str
    rows: int
    cpu: float
    wall: float
    set_up: float
    error: float | None
    ratio: float | None

    def cells(self) -> list[str]:
        per_row = self.cpu / self.rows * 1e6
        error = "" if self.error is None else f"{self.error:.0e}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        numbers = [f"{self.rows:,}", f"{self.cpu:.2f}", f"{self.wall:.2f}", f"{per_row:,.1f}", ratio]
        return [self.model, self.what, *numbers, f"{self.set_up:.2f}", error]


def customers(rows: int, seed: int) -> np.ndarray:
    """Indicators of three sorts: bell-shaped, counts with many zeros, and with missing values."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, COLUMNS))
    X[:, 10:20] = random.poisson(np.exp(0.6 * X[:, 10:20]))
    missing = random.random((rows, 15)) < 0.15
    X[:, 20:35][missing] = np.nan
    return X


def train(trees: int, leaves: int) -> lightgbm.Booster:
    X = customers(30_000, seed=1)
    Z = np.nan_to_num(X)
    margin = (
        Z[:, :20].sum(axis=1) * 0.15 + Z[:, 20] * Z[:, 0] + np.sin(2 * Z[:, 1]) * Z[:, 10] * 0.4 - 2.5
    )
    y = np.random.default_rng(2).random(len(X)) < 1 / (1 + np.exp(-margin))
    params = {"objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "verbose": -1}
    params |= {"feature_fraction": 0.5, "num_threads": 2, "seed": 1}
    return lightgbm.train(params, lightgbm.Dataset(X, y), trees)


def timed(run: Callable[[], object]) -> tuple[float, float, object]:
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def ratio_lines(name: str, booster: lightgbm.Booster, X: np.ndarray, repeats: int) -> list[Line]:
    """Predicting and explaining in turn, so that other work on the machine meets both."""
    set_up, _, explainer = timed(lambda: TreeExplainer.compile(booster))
    assert isinstance(explainer, TreeExplainer)
    runs: dict[str, list[tuple[float, float]]] = {
        "LightGBM predict": [],
        "churnhealth": [],
        "churnhealth, 2 threads": [],
    }
    ratios = []
    for _ in range(repeats):
        predict = timed(lambda: booster.predict(X, raw_score=True, num_threads=1))
        one = timed(lambda: explainer.contributions(X, threads=1))
        two = timed(lambda: explainer.contributions(X, threads=2))
        for key, run in zip(runs, (predict, one, two), strict=True):
            runs[key].append(run[:2])
        ratios.append((one[0] / predict[0], two[0] / predict[0]))
    middle = [None, *np.median(ratios, axis=0)]
    return [
        Line(name, what, len(X), *min(run), 0.0 if i == 0 else set_up, None, middle[i])
        for i, (what, run) in enumerate(runs.items())
    ]


def other_lines(name: str, booster: lightgbm.Booster, X: np.ndarray) -> list[Line]:
    """The libraries that are too slow for many rows."""
    few = X[:300] if name == "small" else X[:60]
    cpu, wall, expected = timed(lambda: booster.predict(few, pred_contrib=True, num_threads=1))
    lines = [Line(name, "LightGBM pred_contrib", len(few), cpu, wall, 0.0, None, None)]
    explainer = TreeExplainer.compile(booster)
    cpu, wall, ours = timed(lambda: explainer.contributions(few, threads=1))
    error = float(np.abs(ours - expected).max())
    lines.append(Line(name, "churnhealth, few rows", len(few), cpu, wall, 0.0, error, None))
    out = np.zeros((min(4096, len(X)), COLUMNS))
    cpu, wall, _ = timed(lambda: kernel_numpy.contributions(explainer._program, X[: len(out)], out))
    error = float(np.abs(out[: len(few)] - expected[:, :-1]).max())
    lines.append(Line(name, "churnhealth without llvmlite", len(out), cpu, wall, 0.0, error, None))
    return [
        *lines,
        *shap_line(name, booster, few, expected),
        *woodelf_line(name, booster, X, few, expected),
    ]


def shap_line(name: str, booster: lightgbm.Booster, few: np.ndarray, expected: np.ndarray) -> list[Line]:
    try:
        import shap
    except ImportError:
        return []
    set_up, _, explainer = timed(lambda: shap.TreeExplainer(booster))
    cpu, wall, values = timed(lambda: explainer.shap_values(few))
    values = values[1] if isinstance(values, list) else values
    return [
        Line(
            name,
            "shap.TreeExplainer",
            len(few),
            cpu,
            wall,
            set_up,
            np.abs(values - expected[:, :-1]).max(),
            None,
        )
    ]


def woodelf_line(
    name: str, booster: lightgbm.Booster, X: np.ndarray, few: np.ndarray, expected: np.ndarray
) -> list[Line]:
    try:
        import pandas as pd
        import woodelf
    except ImportError:
        return []
    if name == "big":
        return []
    frame = pd.DataFrame(X[:5000], columns=booster.feature_name())
    set_up, _, explainer = timed(lambda: woodelf.WoodelfExplainer(booster))
    cpu, wall, values = timed(lambda: np.asarray(explainer.shap_values(frame, verbose=False)))
    error = np.abs(values[: len(few)] - expected[:, :-1]).max()
    return [Line(name, "woodelf-explainer", len(frame), cpu, wall, set_up, error, None)]


def machine() -> str:
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    names = ("lightgbm", "numpy", "llvmlite", "shap", "woodelf-explainer")
    found = {name: version(name) for name in names}
    versions = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    return f"{cpu} x {os.cpu_count()}, Python {platform.python_version()}, {versions}; load {load}"


def version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def table(lines: list[Line], compile_seconds: float, table_bytes: dict[str, int]) -> str:
    head = ["model", "what", "rows", "CPU s", "wall s", "CPU us a row", "x predict", "set-up s", "error"]
    rows = [head, ["---"] * len(head), *(line.cells() for line in lines)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = ", ".join(f"{name} {size / 2**20:.1f} MB" for name, size in table_bytes.items())
    notes = [
        "# Cost of explaining beside predicting",
        "",
        f"{machine()}.",
        f"Kernel compiled in {compile_seconds:.2f} CPU s, once per process. Compiled models: {sizes}.",
        f"Peak memory of the whole run, data and training included: {memory:,.0f} MB.",
        "small = 300 trees x 31 leaves, big = 800 x 63, 40 indicators. CPU s is the best run;",
        "x predict is the median ratio of neighbouring runs to LightGBM's predict on one thread;",
        "error is the largest difference from pred_contrib.",
        "",
    ]
    return "\n".join([*notes, *("| " + " | ".join(cells) + " |" for cells in rows), ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--rows", nargs="+", type=int, default=[20_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    compile_seconds = timed(warm_up)[0] if kernel_llvm.available() else 0.0
    lines: list[Line] = []
    sizes = {}
    for name in arguments.models:
        booster = train(*MODELS[name])
        sizes[name] = TreeExplainer.compile(booster).describe().table_bytes
        X = customers(max(arguments.rows), seed=9)
        for rows in arguments.rows:
            lines += ratio_lines(name, booster, X[:rows], arguments.repeats if rows <= 100_000 else 1)
        lines += other_lines(name, booster, X)
        print("\n".join(" ".join(line.cells()) for line in lines), flush=True)
    text = table(lines, compile_seconds, sizes)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
