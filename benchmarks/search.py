"""Does a search for options help? Log loss on rows that no search has seen, default against searched.

nice .venv/bin/python -m benchmarks.search --cpu-seconds 150   # writes benchmarks/results/search.md
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from churnhealth.adapters.telco import CUSTOMER_ID, LABEL, telco_customers
from churnhealth.domain.problem import ChurnProblem
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.compare import paired_difference
from churnhealth.jobs.backtest import judged_windows
from churnhealth.jobs.recipe import unfitted
from churnhealth.jobs.simulate_project import simulate_project
from churnhealth.jobs.training_rows import training_rows
from churnhealth.jobs.wiring import open_workplace
from churnhealth.labels.holdout import holdout_split
from churnhealth.model.options import TrainingOptions
from churnhealth.search.options import search_options

RESULT = Path(__file__).parent / "results" / "search.md"
CUSTOMERS, YEARS = 500, 3


@dataclass
class Data:
    """Rows to learn from and rows put aside; the search sees the former only."""

    name: str
    model: HealthModel
    train: pd.DataFrame
    y: np.ndarray
    given: dict[str, pd.Series]
    test: pd.DataFrame
    truth: np.ndarray
    test_customers: np.ndarray


def telco() -> Data:
    frame = telco_customers()
    ids, y = frame.pop(CUSTOMER_ID), (frame.pop(LABEL) == "Yes").to_numpy()
    day = pd.Series(pd.Timestamp("2026-01-01", tz="UTC"), index=frame.index)
    split = holdout_split(ids, day, ChurnProblem(), 0.3, 0, y.astype(float))
    train, test = split.train, split.test
    name = f"telco, {train.sum():,} customers, {test.sum():,} put aside"
    return Data(
        name, HealthModel(), frame[train], y[train], {}, frame[test], y[test], ids[test].to_numpy()
    )


def vendor(folder: Path) -> Data:
    project = simulate_project(CUSTOMERS, YEARS, folder, seed=7)
    workplace = open_workplace(project.config)
    panel = training_rows(workplace)
    _, windows = judged_windows(workplace, panel)
    newest = windows[-1]
    model, given = unfitted(workplace, panel, newest.train)
    rest = {"cutoff": given.cutoff, "customer_id": given.customer_id}
    name = f"simulated vendor, {newest.train.sum():,} rows, {newest.test.sum():,} of the newest quarter"
    truth = np.asarray(panel.y)[newest.test] == 1
    return Data(
        name, model, given.table, given.label, rest, panel.X[newest.test], truth,
        panel.customer_id[newest.test].to_numpy(),
    )  # fmt: skip


def probability(data: Data, options: TrainingOptions) -> np.ndarray:
    model = HealthModel(**{**data.model.get_params(), "options": options})
    return model.fit(data.train, data.y, **data.given).churn_probability(data.test)


def measured(data: Data, seconds: float) -> Iterator[str]:
    found = search_options(
        data.model, data.train, data.y, seconds=seconds, clock=time.process_time, **data.given,
        told=lambda told: print(data.name, told, flush=True),
    )  # fmt: skip
    done = found.trials[found.trials["state"] == "complete"]
    flat = list(TrainingOptions().to_flat())
    line = done.loc[done["log_loss"].idxmin(), flat]
    default = TrainingOptions().to_flat()
    best = TrainingOptions.from_flat({name: type(default[name])(line[name]) for name in flat})
    plain, searched = probability(data, TrainingOptions()), probability(data, best)
    gap = paired_difference(data.truth, searched, plain, customer_id=data.test_customers)
    losses = [float(-np.mean(np.log(np.where(data.truth, p, 1 - p)))) for p in (plain, searched)]
    states = found.trials["state"].value_counts().to_dict()
    yield f"## {data.name}\n"
    yield f"{len(found.trials)} trials in {seconds:g} CPU seconds ({states}). {found.reason}\n"
    yield "| options | log loss on rows put aside | less the default's (standard error) |"
    yield "|---|---|---|"
    yield f"| defaults | {losses[0]:.4f} | |"
    yield (
        f"| the best of the search, {'taken' if found.found else 'not taken'} | {losses[1]:.4f} | "
        f"{gap.difference:+.4f} ({gap.standard_error:.4f}) |\n"
    )
    named = ", ".join(f"{name} {value:.3g}" for name, value in best.changed().items())
    yield f"The best: {named or 'the defaults'}.\n"


def run(which: str, seconds: float) -> list[str]:
    if which == "telco":
        return list(measured(telco(), seconds))
    with tempfile.TemporaryDirectory() as folder:
        return list(measured(vendor(Path(folder)), seconds))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu-seconds", type=float, default=150.0, help="for each of the searches")
    seconds = parser.parse_args().cpu_seconds
    with ProcessPoolExecutor(2) as workers:
        found = [workers.submit(run, which, seconds) for which in ("telco", "vendor")]
        lines = [line for one in found for line in one.result()]
    versions = ", ".join(f"{one} {version(one)}" for one in ("lightgbm", "optuna", "scikit-learn"))
    head = (
        "# Does `--search` help?\n\nOptions are searched on inner folds of the training rows (5 folds "
        "of customers, or windows of later time); then the defaults and the best of the search are "
        "fitted on all training rows and judged on rows that neither has seen, paired by customer. "
        "Below 0 = the search is better.\n"
    )
    foot = (
        f"`python -m benchmarks.search --cpu-seconds {seconds:g}` on Python "
        f"{platform.python_version()}, {platform.machine()}, two cores shared with others; {versions}.\n"
    )
    RESULT.write_text("\n".join([head, *lines, foot]))
    sys.stdout.write(RESULT.read_text())


if __name__ == "__main__":
    main()
