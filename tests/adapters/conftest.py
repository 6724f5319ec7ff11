"""A small world of scored customers for the tests of warehouses."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from adbc_driver_postgresql import dbapi

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.adapters.warehouse import PublishResult, RunRecord, ScoreSlice, Warehouse
from churnhealth.domain.tables import HEALTH_RUNS, OUTPUT_TABLES


class World:
    """Runs and slices with known numbers: a customer's health score is given, the rest follows."""

    @staticmethod
    def run(
        run_id: str = "r1",
        *,
        rows: int,
        cutoff: str | None = "2026-04-01",
        model: str | None = "m1",
        fingerprint: str | None = "f1",
        started: str = "2026-04-02",
        job: str = "score",
    ) -> RunRecord:
        moment = None if cutoff is None else pd.Timestamp(cutoff, tz="UTC")
        return RunRecord(run_id, job, moment, model, fingerprint, rows, pd.Timestamp(started, tz="UTC"))

    @staticmethod
    def slice(run: RunRecord, scores: Mapping[str, float], rejected: int = 0) -> ScoreSlice:
        key = pd.DataFrame({"customer_id": pd.Series(list(scores), dtype="str")})
        key["cutoff"] = pd.Timestamp(run.cutoff)
        key["model_version"] = run.model_version
        health = pd.Series(list(scores.values()), dtype="float64")
        return ScoreSlice(
            scores=World._scores(run, key, health),
            group_scores=key.assign(indicator_group="usage", points=health - 60.0, sub_score=health),
            drivers=World._drivers(key, health),
            indicators=key.assign(indicators=[json.dumps({"logins": value}) for value in health]),
            rejects=World._rejects(rejected),
        )

    @staticmethod
    def _scores(run: RunRecord, key: pd.DataFrame, health: pd.Series) -> pd.DataFrame:
        return key.assign(
            churn_probability=1.0 - health / 100.0,
            probability_low=None,
            probability_high=None,
            health_score=health,
            health_band="green",
            base_points=60.0,
            mrr_at_risk=None,
            currency=None,
            scored_at=pd.Timestamp(run.started_at),
            run_id=run.run_id,
        )

    @staticmethod
    def _drivers(key: pd.DataFrame, health: pd.Series) -> pd.DataFrame:
        first = key.assign(
            rank=1,
            indicator="logins",
            indicator_group="usage",
            value=health.astype("str"),
            typical_value="60.0",
            contribution_points=health - 60.0,
            direction=["raises" if value > 60.0 else "lowers" for value in health],
            reason_en=None,
            reason_ja="ログイン",
        )
        rest = first.assign(
            rank=2,
            indicator="(all others)",
            indicator_group="(all others)",
            value=None,
            typical_value=None,
            contribution_points=0.0,
            direction="none",
        )
        return pd.concat([first, rest], ignore_index=True)

    @staticmethod
    def _rejects(count: int) -> pd.DataFrame:
        rows = [("panel", f"h{i}", "customer_id is missing", f'{{"row": {i}}}') for i in range(count)]
        return pd.DataFrame(rows, columns=["source", "row_hash", "reason", "row_json"])

    @staticmethod
    def contents(database: Path) -> dict[str, list[tuple[Any, ...]]]:
        """Read all rows of every output table but the ledger, in a fixed order."""
        tables = [contract.name for contract in OUTPUT_TABLES if contract is not HEALTH_RUNS]
        with duckdb.connect(database, read_only=True) as connection:
            return {
                name: connection.execute(f"SELECT {name}::VARCHAR FROM {name} ORDER BY 1").fetchall()
                for name in tables
            }

    @staticmethod
    def publish(
        warehouse: DuckDBWarehouse,
        run_id: str,
        scores: Mapping[str, float],
        *,
        rejected: int = 0,
        finished: str = "2026-04-03",
        **about: Any,
    ) -> PublishResult:
        """Start a run and publish its slice."""
        run = World.run(run_id, rows=len(scores) + rejected, **about)
        warehouse.start_run(run)
        slice_ = World.slice(run, scores, rejected)
        return warehouse.publish(run, slice_, pd.Timestamp(finished, tz="UTC"))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "warehouse.duckdb"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its output tables, made once: tests work on copies."""
    path = tmp_path_factory.mktemp("prepared") / "warehouse.duckdb"
    DuckDBWarehouse(path).prepare()
    return path


@pytest.fixture
def warehouse(database: Path, prepared: Path) -> DuckDBWarehouse:
    database.parent.mkdir()
    shutil.copyfile(prepared, database)
    return DuckDBWarehouse(database, wait_seconds=0.2)


@dataclasses.dataclass
class Place:
    """Where a warehouse is, and a way to it that is not ours."""

    engine: str
    location: str

    def open(self, **about: Any) -> Warehouse:
        return open_warehouse(self.location, **{"wait_seconds": 0.2, **about})

    def run(self, *statements: str) -> None:
        with self._cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Read all rows of every output table but the ledger, in a fixed order."""
        tables = [contract.name for contract in OUTPUT_TABLES if contract is not HEALTH_RUNS]
        found = {}
        with self._cursor() as cursor:
            for name in tables:
                cursor.execute(f"SELECT CAST({name} AS VARCHAR) FROM {name} ORDER BY 1")
                found[name] = cursor.fetchall()
        return found

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        if self.engine == "duckdb":
            with duckdb.connect(self.location) as connection:
                yield connection
        else:
            own = dbapi.connect(self.location, autocommit=True)
            with own as connection, connection.cursor() as cursor:
                yield cursor


@pytest.fixture(scope="session")
def postgres_prepared(new_postgres_database: Callable[..., str]) -> str:
    """The name of a database with its output tables, made once: tests work on copies."""
    uri = new_postgres_database()
    open_warehouse(uri).prepare()
    return uri.partition("?")[0].rpartition("/")[2]


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place with output tables in it."""
    if request.param == "duckdb":
        shutil.copyfile(request.getfixturevalue("prepared"), tmp_path / "warehouse.duckdb")
        yield Place("duckdb", str(tmp_path / "warehouse.duckdb"))
        return
    make = request.getfixturevalue("new_postgres_database")
    drop = request.getfixturevalue("drop_postgres_database")
    uri = make(request.getfixturevalue("postgres_prepared"))
    yield Place("postgres", uri)
    drop(uri)


@pytest.fixture(scope="session")
def writers() -> Iterator[Callable[..., list[int]]]:
    """Return what starts writers of a registry at once and gives their exit codes; -9: killed."""
    command = [sys.executable, str(Path(__file__).with_name("mlflow_writers.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"

        def start(*jobs: Mapping[str, Any]) -> list[int]:
            running.stdin.write(json.dumps(jobs) + "\n")
            running.stdin.flush()
            return json.loads(running.stdout.readline())

        yield start
        running.stdin.close()
