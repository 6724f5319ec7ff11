"""Do the drivers stay the same when only the seed changes?

Models with different seeds learn from the first training fold of a data set and explain its judged
customers. Told is the mean Jaccard index of the three drivers that raise or lower a customer's score
most, each with its sign, over the riskiest fifth and over every pair of seeds.

    python -m benchmarks.stability --seeds 4 --report benchmarks/results/stability.md
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.quality.sets import SETS, DataSet

from churnhealth.estimator import HealthModel

TOP = 3
RISKIEST = 0.2
Drivers = list[frozenset[tuple[str, bool]]]


def fitted(data: DataSet, seed: int) -> tuple[HealthModel, float]:
    """Fit on the first training fold; return the model and its CPU seconds."""
    train, _ = data.folds[0]
    cpu = time.process_time()
    model = HealthModel(random_state=seed, n_jobs=1).fit(data.frame.iloc[train], data.y[train])
    return model, time.process_time() - cpu


def top_drivers(model: HealthModel, rows: pd.DataFrame) -> Drivers:
    """Return each customer's strongest drivers with signs; an indicator and its missing are one."""
    points = model.explain(rows).points
    points = points.T.groupby(points.columns.str.removesuffix(":missing")).sum().T
    values, names = points.to_numpy(), points.columns
    strongest = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :TOP]
    return [
        frozenset((names[at], bool(one[at] > 0)) for at in places)
        for one, places in zip(values, strongest, strict=True)
    ]


def jaccard(some: Drivers, others: Drivers) -> float:
    """Return the mean share of drivers that both have among those that either has."""
    pairs = zip(some, others, strict=True)
    return float(np.mean([len(a & b) / len(a | b) for a, b in pairs]))


def stability(data: DataSet, seeds: int) -> dict[str, float]:
    """Fit with every seed and compare the drivers of the customers riskiest under the first."""
    judged = data.frame.iloc[data.folds[0][1]]
    found, seconds, leaves = [], [], []
    riskiest = judged
    for seed in range(seeds):
        model, cpu = fitted(data, seed)
        if seed == 0:
            risk = model.churn_probability(judged)
            riskiest = judged[risk >= np.quantile(risk, 1 - RISKIEST)]
        found.append(top_drivers(model, riskiest))
        seconds.append(cpu)
        leaves.append(model.model_.stack.leaves)
    pairs = [jaccard(a, b) for a, b in itertools.combinations(found, 2)]
    return {
        "customers": len(riskiest),
        "jaccard": float(np.mean(pairs)),
        "lowest": min(pairs),
        "cpu": float(np.mean(seconds)),
        "leaves": float(np.mean(leaves)),
    }


def report(rows: dict[str, dict[str, float]], command: str) -> str:
    """Return the figures as Markdown."""
    machine = f"Python {platform.python_version()}, {platform.machine()}, two shared cores"
    lines = [
        "# The same drivers from another seed",
        "",
        (__doc__ or "").split("\n\n")[1].replace("\n", " "),
        "",
        f"`{command}`, {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {machine}.",
        "",
        "| data | customers | Jaccard, mean | lowest pair | CPU s a fit | leaves |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {name} | {one['customers']} | {one['jaccard']:.3f} | {one['lowest']:.3f} "
        f"| {one['cpu']:.1f} | {one['leaves']:,.0f} |"
        for name, one in rows.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", default=["telco", "mlc"], choices=list(SETS))
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    rows = {name: stability(SETS[name](), given.seeds) for name in given.sets}
    sets = " ".join(given.sets)
    text = report(rows, f"python -m benchmarks.stability --sets {sets} --seeds {given.seeds}")
    print(text)
    if given.report:
        given.report.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
