"""How much does explaining cost beside predicting? One table against the other libraries.

    python benchmarks/treeshap.py --out benchmarks/results/treeshap.md
    python benchmarks/treeshap.py --models small --rows 20000 --repeats 5 --ways ours
    python benchmarks/treeshap.py --python shap=/tmp/a/bin/python --python fasttreeshap=/tmp/b/bin/python

CPU seconds (user + system, all threads); every way in a process of its own (treeshap_ways.py), the best
of `--repeats` for the two that are compared by a ratio. The other libraries are measured on few rows.
`--python` names the interpreter for ways that begin with a word: fasttreeshap needs an older NumPy. A
way whose library is not there, or that takes longer than `--patience`, is told as such.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

MODELS = {"small": (300, 31), "big": (800, 63)}
ROWS = {"small": [20_000, 1_000_000], "big": [20_000, 100_000]}
WAYS = (
    "ours",
    "pred_contrib",
    "few_rows",
    "without_llvmlite",
    "shap",
    "woodelf",
    "fasttreeshap_v1",
    "fasttreeshap_v2",
)
COLUMNS = 40
HEAD = ("model", "what", "rows", "CPU s", "wall s", "CPU us a row", "x predict", "set-up s", "peak MB")
LEGEND = """\
small = 300 trees x 31 leaves, big = 800 x 63, 40 indicators. Every way runs in a process of its own.
CPU s is the best run; x predict is the median ratio of neighbouring runs to LightGBM's predict on one
thread; peak MB is the memory of the whole process, with Python, the libraries, the rows (a million: 320
MB) and the result (328 MB); error is the largest difference from pred_contrib. The other libraries and
pred_contrib are measured on few rows, woodelf, which pays mostly per model, on ten times as many:
compare the CPU us a row."""
HERE = Path(__file__).parent


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


def measured(
    way: str, python: str, files: tuple[Path, Path], rows: int, repeats: int, patience: float
) -> list[dict[str, Any]]:
    """Run one way in a process of its own; what went wrong is a line as well."""
    model, expected = files
    sources = os.pathsep.join([str(HERE.parent / "src"), str(HERE)])
    command = [python, str(HERE / "treeshap_ways.py"), way, str(model), str(rows), str(repeats)]
    try:
        done = subprocess.run(
            [*command, str(expected)],
            capture_output=True,
            text=True,
            timeout=patience,
            env={**os.environ, "PYTHONPATH": sources},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [{"what": f"{way}: stopped after {patience:.0f} s", "rows": rows}]
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return [{"what": f"{way}: {last[:90]}", "rows": rows}]
    return [json.loads(line) for line in done.stdout.splitlines()]


def cells(model: str, line: dict[str, Any]) -> list[str]:
    rows = f"{line['rows']:,}"
    if "cpu" not in line:
        return [model, line["what"], rows, *[""] * 7]
    ratio, error = line.get("ratio"), line.get("error")
    return [
        model,
        line["what"],
        rows,
        f"{line['cpu']:.2f}",
        f"{line['wall']:.2f}",
        f"{line['cpu'] / line['rows'] * 1e6:,.1f}",
        "" if ratio is None else f"{ratio:.2f}",
        f"{line.get('set_up', 0.0):.2f}",
        f"{line['peak_mb']:,.0f}",
        "" if error is None else f"{error:.0e}",
    ]


def report(lines: list[tuple[str, dict[str, Any]]], command: str, load: str) -> str:
    versions: dict[str, set[str]] = {}
    for _, line in lines:
        for name, number in line.get("versions", {}).items():
            versions.setdefault(name, set()).add(number)
    told = ", ".join(f"{name} {' and '.join(sorted(found))}" for name, found in versions.items())
    sizes = {model: line["table_mb"] for model, line in lines if "table_mb" in line}
    tables = ", ".join(f"{model} {size:.1f} MB" for model, size in sizes.items())
    compiled = [line["compiled"] for _, line in lines if "compiled" in line]
    head = [*HEAD, "error"]
    machine = f"{cpu_name()} x {os.cpu_count()}, shared with other work (load {load})"
    seconds = max(compiled, default=0.0)
    notes = [
        "# Cost of explaining beside predicting",
        "",
        f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}.",
        f"{machine}, Python {platform.python_version()}, {told}.",
        f"Compiled models: {tables}. Kernel compiled in {seconds:.1f} CPU s, once per process.",
        "",
        *LEGEND.splitlines(),
        "",
    ]
    rows = [head, ["---"] * len(head), *(cells(model, line) for model, line in lines)]
    return "\n".join([*notes, *("| " + " | ".join(one) + " |" for one in rows), ""])


def cpu_name() -> str:
    found = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return found[0] if found else "unknown processor"


def load_now() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--rows", nargs="+", type=int, help="for ours and predict")
    parser.add_argument("--few", type=int, default=2_000, help="rows for the others")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--python", action="append", default=[], metavar="WORD=PATH")
    parser.add_argument("--patience", type=float, default=600.0, help="seconds for a way")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pythons = dict(one.split("=", 1) for one in given.python)
    load, lines = load_now(), []
    for name in given.models:
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "model.txt", Path(folder) / "expected.npy"
            train(*MODELS[name]).save_model(files[0])
            for way in given.ways:
                python = next(
                    (path for word, path in pythons.items() if way.startswith(word)), sys.executable
                )
                few = [10 * given.few if way == "woodelf" else given.few]
                for rows in (given.rows or ROWS[name]) if way == "ours" else few:
                    repeats = given.repeats if rows <= 50_000 else 1
                    for line in measured(way, python, files, rows, repeats, given.patience):
                        lines.append((name, line))
                        print(" ".join(cells(name, line)), flush=True)
    options = f" --models {' '.join(given.models)}" if given.models != list(MODELS) else ""
    text = report(lines, f"python benchmarks/treeshap.py{options}", f"{load} to {load_now()}")
    if given.out:
        given.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
