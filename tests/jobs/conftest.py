"""Fixtures of the jobs: recipes that are learned in a moment, a panel of several quarters, and jobs in
processes of their own."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from adbc_driver_postgresql import dbapi

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.adapters.warehouse import SLICE_TABLES
from churnhealth.domain.contracts import TableContract
from churnhealth.estimator import HealthModel
from churnhealth.jobs import backtest, judging
from churnhealth.jobs.recipe import fit_rows
from churnhealth.jobs.training_rows import read_training_panel
from churnhealth.jobs.wiring import Workplace
from churnhealth.model.linear import fit_linear
from churnhealth.model.options import TrainingOptions

QUARTERS = ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]


@pytest.fixture
def quick_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn straight lines where trees would be grown, with few resamples: the same jobs, quickly."""
    learn_quickly(monkeypatch)


def learn_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    def straight(rows, *_, **__):
        return fit_linear(rows, splines=False)

    monkeypatch.setattr("churnhealth.model.fitted.fit_trees", straight)
    monkeypatch.setattr("churnhealth.model.fitted.MOST_BENT_COLUMNS", 0)
    monkeypatch.setattr("churnhealth.model.linear.STRENGTHS", (0.3,))
    fewer = {"n_boot": 20, "n_sim": 10}
    monkeypatch.setattr(backtest, "rolling_backtest", partial(backtest.rolling_backtest, **fewer))
    monkeypatch.setattr(judging, "evaluate_model", partial(judging.evaluate_model, **fewer))


def quarters_of(customers: int = 150, seed: int = 1, strength: float = 1.5) -> pd.DataFrame:
    """Return the same customers at four quarters; `logins` tells who churns, `noise` does not."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in QUARTERS:
        logins = rng.normal(size=customers)
        churned = rng.random(customers) < 1.0 / (1.0 + np.exp(1.2 + strength * logins))
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": [f"C{at:03d}" for at in range(customers)],
                    "cutoff": day,
                    "logins": logins,
                    "noise": rng.normal(size=customers),
                    "plan": rng.choice(["Basic", "Pro"], customers),
                    "mrr": 100.0 * (1 + np.arange(customers) % 7),
                    "churned": churned.astype(int),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def quarterly(workplace: Workplace, reopened: Callable[..., Workplace], quick_recipe: None) -> Workplace:
    """A project whose panel has four quarters of 150 customers; labels are known after 91 days."""
    workplace.warehouse.write_table("panel", quarters_of())
    dated = reopened(workplace, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    dated = reopened(dated, "horizon_days = 30", "horizon_days = 91")
    return reopened(
        dated, "[scoring]", "[model]\nminimum_customers = 100\nbacktest_windows = 3\n\n[scoring]"
    )


@pytest.fixture
def newest_only(quarterly: Workplace, reopened: Callable[..., Workplace]) -> Workplace:
    """The same project, judged on its newest quarter alone."""
    return reopened(quarterly, "backtest_windows = 3", "backtest_windows = 1")


@pytest.fixture
def make_champion() -> Callable[..., HealthModel]:
    """Return what makes the recipe, with options, the champion of a project, without judging it."""

    def make(workplace: Workplace, options: TrainingOptions | None = None) -> HealthModel:
        panel = read_training_panel(workplace)
        model = fit_rows(workplace, panel, np.ones(len(panel.X), dtype=bool), None, options)
        folder = model.save(workplace.settings.folder / "champion")
        record = TrainingRecord("by hand", folder, str(model.artifact_hash_))
        workplace.registry.set_champion(workplace.registry.log_version(record).version)
        return model

    return make


Runner = Callable[..., list[dict[str, Any]]]


@contextmanager
def job_runner(*arguments: str) -> Iterator[Runner]:
    """Give what does jobs at once, each in a warm process of its own; see job_runner.py."""
    command = [sys.executable, str(Path(__file__).with_name("job_runner.py")), *arguments]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"

        def run(*jobs: dict[str, Any]) -> list[dict[str, Any]]:
            running.stdin.write(json.dumps(jobs) + "\n")
            running.stdin.flush()
            return json.loads(running.stdout.readline())

        yield run
        running.stdin.close()


@pytest.fixture(scope="session")
def run_jobs() -> Iterator[Runner]:
    with job_runner() as run:
        yield run


@pytest.fixture(scope="session")
def run_tracked_jobs() -> Iterator[Runner]:
    """The same with MLflow warm."""
    with job_runner("mlflow") as run:
        yield run


class Placed:
    """A trained project whose scores go to a place, and real jobs that score it.

    Parameters
    ----------
    folder : Path
        Holds the configuration and the registry.
    location : str
        Of the warehouse.
    run_jobs : callable
        As `run_jobs`.
    """

    def __init__(self, folder: Path, location: str, run_jobs: Runner) -> None:
        self.folder, self.location, self._run = folder, location, run_jobs
        self.warehouse = open_warehouse(location, wait_seconds=20.0)

    def score(self, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
        """Score once for each job, all at once; a job says what is special about it."""
        common = {"job": "score", "project": str(self.folder), "warehouse": self.location}
        return self._run(*({**common, **job} for job in jobs))

    def published(self) -> dict[str, str]:
        """Return a checksum of each published table, without what differs between equal runs."""
        with self._reader() as read:
            return {one.name: _checksum(read(_same(one))) for one in SLICE_TABLES}

    def leftovers(self) -> list[str]:
        """Return what a finished job must not leave behind."""
        rests = [one.name for one in self.folder.iterdir() if one.suffix in (".staging", ".tmp", ".wal")]
        return rests + [name for name in self.warehouse.tables() if "staged" in name]

    @contextmanager
    def _reader(self) -> Iterator[Callable[[str], pa.Table]]:
        if self.location.startswith("postgresql"):
            with dbapi.connect(self.location) as connection, connection.cursor() as cursor:
                yield lambda question: cursor.execute(question).fetch_arrow_table()
        else:
            with duckdb.connect(self.location, read_only=True) as connection:
                yield lambda question: connection.sql(question).to_arrow_table()


def _same(contract: TableContract) -> str:
    kept = [name for name in contract.column_names if name not in ("run_id", "scored_at")]
    return f"SELECT {', '.join(kept)} FROM {contract.name} ORDER BY {', '.join(contract.key)}"


def _checksum(rows: pa.Table) -> str:
    return f"{len(rows)} rows, {hashlib.sha256(str(rows.to_pydict()).encode()).hexdigest()}"


@pytest.fixture
def duckdb_placed(tmp_path: Path, trained_template: tuple[Path, Any], run_jobs: Runner) -> Placed:
    """60 customers, to be scored in batches of 20, nothing published yet."""
    folder = tmp_path / "placed"
    shutil.copytree(trained_template[0], folder)
    config = folder / "churnhealth.toml"
    text = config.read_text()
    config.write_text(text.replace('table = "to_score"', 'table = "to_score"\nbatch_rows = 20'))
    return Placed(folder, str(folder / "warehouse.duckdb"), run_jobs)


@pytest.fixture
def postgres_placed(duckdb_placed: Placed, postgres_uri: str, run_jobs: Runner) -> Placed:
    """The same customers and model; tables lie in PostgreSQL."""
    elsewhere = Placed(duckdb_placed.folder, postgres_uri, run_jobs)
    elsewhere.warehouse.write_table("to_score", duckdb_placed.warehouse.read_table("to_score"))
    return elsewhere


@pytest.fixture(params=["duckdb", "postgres"])
def placed(request: pytest.FixtureRequest) -> Placed:
    return request.getfixturevalue(f"{request.param}_placed")
