"""What does one scoring run cost? Customers read from DuckDB, scored, explained, written to DuckDB.

    python benchmarks/score_million.py                       # a million customers, 300 trees x 31 leaves
    python benchmarks/score_million.py --customers 100000 --model stack

Forty indicators: twenty counts, ten shares of four digits, ten measures that are often missing. The
run is the job's own code without the registry: panel batches, one pass for margins and
contributions, drivers with sentences in two languages, group scores, indicator values as JSON,
staging, and one transaction. CPU seconds are user + system of all threads. Writes
benchmarks/results/score_million.md when --write is given.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pandas as pd

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.warehouse import RunRecord
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.estimator import HealthModel
from churnhealth.explain import contributions, treeshap
from churnhealth.features.panel import Panel, PanelColumns
from churnhealth.features.panel_scoring import scoring_batches
from churnhealth.features.table_batches import BATCH_ROWS
from churnhealth.jobs import driver_rows, score_tables
from churnhealth.jobs.score_tally import ScoreTally
from churnhealth.jobs.scoring_source import WarehouseBatches
from churnhealth.model.trees import TreeMember

COLUMNS = 40
GROUPS = ("usage", "engagement", "touch", "satisfaction", "support", "contract")
RESULTS = Path(__file__).parent / "results" / "score_million.md"
DAY = pd.Timestamp("2026-04-01", tz="UTC")
NAMES = [f"indicator_{at:02d}" for at in range(COLUMNS)]
LINES: list[str] = []


class Stages:
    """CPU and wall seconds by stage; a stage inside another one is taken from the outer one."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = defaultdict(float)
        self.wall: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._last = (time.process_time(), time.perf_counter())

    def _turn(self) -> None:
        now = (time.process_time(), time.perf_counter())
        if self._open:
            self.cpu[self._open[-1]] += now[0] - self._last[0]
            self.wall[self._open[-1]] += now[1] - self._last[1]
        self._last = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._turn()
        self._open.append(name)
        yield
        self._turn()
        self._open.pop()

    def watch(self, module: object, function: str, name: str) -> None:
        """Count the time of a function of the package as a stage of its own."""
        original = getattr(module, function)

        def timed(*given: object, **named: object) -> object:
            with self.stage(name):
                return original(*given, **named)

        setattr(module, function, timed)

    def each(self, batches: Iterable[Panel], name: str) -> Iterator[Panel]:
        source = iter(batches)
        while True:
            with self.stage(name):
                batch = next(source, None)
            if batch is None:
                return
            yield batch


def say(text: str) -> None:
    print(text, flush=True)
    LINES.append(text)


def customers(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, COLUMNS))
    values[:, :20] = random.poisson(np.exp(1.5 + 0.6 * values[:, :20]))
    values[:, 20:30] = np.round(1.0 / (1.0 + np.exp(-values[:, 20:30])), 4)
    values[:, 30:] = np.round(values[:, 30:] * 10 + 50, 2)
    values[:, 30:][random.random((rows, 10)) < 0.2] = np.nan
    return pd.DataFrame(values, columns=NAMES)


def labels(frame: pd.DataFrame) -> np.ndarray:
    values = frame.to_numpy()
    margin = -0.12 * values[:, :8].sum(axis=1) + 2.0 * values[:, 20] + 1.5 * values[:, 21] - 0.5
    margin += 0.03 * (np.nan_to_num(values[:, 30], nan=45.0) - 50)
    return (np.random.default_rng(2).random(len(frame)) < 1 / (1 + np.exp(-margin))).astype(int)


def catalogue() -> Catalogue:
    units = ["times"] * 20 + [""] * 10 + ["points"] * 10
    return Catalogue(
        tuple(
            Indicator(name, group=GROUPS[at % len(GROUPS)], unit=units[at])
            for at, name in enumerate(NAMES)
        )
    )


def train(kind: str) -> HealthModel:
    frame = customers(20_000, seed=1)
    few = frame if kind == "stack" else frame.head(500)
    model = HealthModel(catalogue=catalogue(), random_state=0).fit(few, labels(few))
    if kind == "stack":
        return model
    params = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.05, "verbose": -1, "seed": 1}
    params |= {"feature_fraction": 0.5, "num_threads": 2}
    data = lightgbm.Dataset(frame.to_numpy(), labels(frame))
    member = TreeMember((lightgbm.train(params, data, 300),), COLUMNS)
    stack = replace(model.model_.stack, members=(member,), weights=(1.0,), intercept=0.0)
    model.model_ = replace(model.model_, stack=stack)
    explainer = contributions.StackExplainer(stack)
    model.reference_ = explainer.learn_reference(frame.to_numpy(), seed=0)
    model.__dict__.pop("_compiled_explainer", None)
    return model


def write_customers(path: Path, rows: int) -> None:
    with duckdb.connect(str(path)) as connection:
        for start in range(0, rows, 100_000):
            part = customers(min(100_000, rows - start), seed=100 + start)
            ids = [f"customer-{at:09d}" for at in range(start, start + len(part))]
            part.insert(0, "customer_id", ids)
            connection.register("part", part)
            make = "INSERT INTO to_score" if start else "CREATE TABLE to_score AS"
            connection.execute(f"{make} SELECT * FROM part")  # noqa: S608
            connection.unregister("part")


def watched(stages: Stages) -> None:
    stages.watch(treeshap.TreeExplainer, "contributions", "TreeSHAP: margins and contributions")
    stages.watch(score_tables, "driver_rows", "drivers")
    stages.watch(driver_rows, "_sentences", "sentences")
    stages.watch(score_tables, "_indicator_json", "indicator values as JSON")
    stages.watch(score_tables, "_group_scores", "group scores")


def run(path: Path, model: HealthModel, rows: int, batch_rows: int, stages: Stages) -> None:
    warehouse = DuckDBWarehouse(path)
    warehouse.prepare()
    now = DAY.to_pydatetime()
    table = WarehouseBatches(warehouse, "to_score", batch_rows)
    tally = ScoreTally("1-benchmark", 5)
    with stages.stage("read: keys"):
        batches = scoring_batches(
            table, PanelColumns("customer_id"), ChurnProblem(), indicators=NAMES, cutoff="2026-04-01"
        )
    record = RunRecord("r1", "score", now, "1-benchmark", None, 0, now)
    warehouse.start_run(record)
    with warehouse.staging() as staged:
        for panel in stages.each(batches, "read: rows, door"):
            with stages.stage("fingerprint, unseen levels"):
                tally.read(model, panel)
            with stages.stage("encode, health points, sub-scores"):
                batch = score_tables.score_batch(model, panel, scored_at=now, drivers=5)
            with stages.stage("write: staging"):
                tally.scored(batch)
                staged.add(batch)
        with stages.stage("write: publish"):
            final = replace(record, rows_read=rows, input_fingerprint=tally.fingerprint())
            staged.publish(final, now)


def checked(path: Path, model: HealthModel, rows: int) -> str:
    """Compare with LightGBM's own predict, and base + drivers with the score, in SQL."""
    with duckdb.connect(str(path), read_only=True) as connection:
        gap, count, drivers = connection.execute(
            "SELECT max(abs(s.health_score - s.base_points - d.points)), count(*), sum(d.n) FROM "
            "health_scores s JOIN (SELECT customer_id, sum(contribution_points) AS points, count(*) n "
            "FROM health_drivers GROUP BY ALL) d USING (customer_id)"
        ).fetchone()
        few = connection.execute(
            "SELECT t.*, s.churn_probability AS p FROM to_score t JOIN health_scores s "
            "USING (customer_id) LIMIT 2000"
        ).df()
    error = np.abs(model.churn_probability(few[NAMES]) - few["p"]).max()
    assert count == rows
    return (
        f"{count:,} customers, {int(drivers):,} driver rows; base + drivers - score at most {gap:.0e}; "
        f"probability against LightGBM's predict at most {error:.0e} (2,000 customers)"
    )


def report(stages: Stages, rows: int) -> None:
    say("| stage | CPU s | wall s | CPU us a customer |")
    say("| --- | --- | --- | --- |")
    for name, cpu in stages.cpu.items():
        say(f"| {name} | {cpu:.1f} | {stages.wall[name]:.1f} | {cpu / rows * 1e6:.1f} |")
    total, wall = sum(stages.cpu.values()), sum(stages.wall.values())
    say(f"| **all** | **{total:.1f}** | {wall:.1f} | {total / rows * 1e6:.1f} |")


def measure(kind: str, rows: int, batch_rows: int) -> None:
    model = train(kind)
    trees = [one for one in model.model_.stack.members if isinstance(one, TreeMember)]
    leaves = sum(member.leaves for member in trees)
    names = ", ".join(member.name for member in model.model_.stack.members) or "the base rate alone"
    say(f"\n## {'Default stack' if kind == 'stack' else '300 trees x 31 leaves'}: {rows:,} customers\n")
    say(f"Members: {names}; {leaves:,} leaves; {batch_rows:,} customers at a time.\n")
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.duckdb"
        write_customers(path, rows)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        treeshap.warm_up()
        watched(stages)
        run(path, model, rows, batch_rows, stages)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        report(stages, rows)
        size = path.stat().st_size / 2**20
        say(f"\nPeak memory {peak:,.0f} MB ({before:,.0f} MB before scoring); file {size:,.0f} MB.")
        say(checked(path, model, rows) + ".")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--batch-rows", type=int, default=BATCH_ROWS)
    parser.add_argument("--model", choices=("large", "stack"), default="large")
    parser.add_argument("--write", action="store_true", help="append to the results file")
    given = parser.parse_args()
    packages = ("duckdb", "lightgbm", "numpy", "pandas", "pyarrow")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    measure(given.model, given.customers, given.batch_rows)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    say(f"Python {platform.python_version()}, {versions}; {os.cpu_count()} shared cores, load {load}.")
    if given.write:
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write("\n".join(LINES) + "\n")


if __name__ == "__main__":
    main()
