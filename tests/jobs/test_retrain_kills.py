"""kill -9 at every boundary of a retraining, two retrainings at once, and a store without room.

Boundaries inside the registry's own writes are those of tests/adapters/test_tracking_mlflow_kill.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.estimator import HealthModel
from churnhealth.jobs.wiring import Workplace

pytestmark = pytest.mark.slow

Retrain = Callable[..., list[dict[str, Any]]]
DEATHS = {
    "before the panel": {"die_at": "reading the panel"},
    "before judging": {"die_at": "training and judging on rows put aside, quarter by quarter"},
    "before the fit": {"die_at": "fitting on all customers"},
    "before the registry": {"die_at": "registering in MLflow"},
    "before the version": {"die_before_mlflow": ["create_model_version", 1]},
    "before previous": {"die_before_mlflow": ["set_registered_model_alias", 1]},
    "between the aliases": {"die_before_mlflow": ["set_registered_model_alias", 2]},
    "before the ledger's end": {"die_before_warehouse": "finish_run"},
}


@pytest.fixture
def retrain(
    quarterly: Workplace, reopened: Callable[..., Workplace], run_tracked_jobs: Callable[..., Any]
) -> Retrain:
    reopened(quarterly, "backtest_windows = 3", "backtest_windows = 2")
    folder = quarterly.settings.folder
    common = {
        "job": "retrain",
        "project": str(folder),
        "warehouse": str(folder / "warehouse.duckdb"),
        "mlflow": sqlite_uri(folder / "mlflow.db"),
        "wait_seconds": 120.0,
    }
    return lambda *jobs: run_tracked_jobs(*({**common, **job} for job in jobs))


@pytest.fixture
def registry(quarterly: Workplace) -> MlflowRegistry:
    store = sqlite_uri(quarterly.settings.folder / "mlflow.db")
    return MlflowRegistry(store, experiment="churn", model_name="b2b")


def champion(registry: MlflowRegistry, folder: Path) -> str:
    """Return the champion's version, having read its model."""
    version = registry.champion()
    assert version is not None
    copy = registry.download(version.version, folder / f"copy {len(list(folder.iterdir()))}")
    assert HealthModel.load(copy).artifact_hash_ == version.artifact_hash
    return version.version


def statuses(registry: MlflowRegistry) -> set[str]:
    client = import_mlflow().MlflowClient(registry.tracking_uri, registry.tracking_uri)
    place = client.get_experiment_by_name(registry.experiment).experiment_id
    return {run.info.status for run in client.search_runs([place])}


def test_a_death_at_any_boundary_leaves_a_champion_and_the_next_run_mends(
    quarterly: Workplace, retrain: Retrain, registry: MlflowRegistry, tmp_path: Path
) -> None:
    assert retrain({})[0]["version"] == "1"
    for when, death in DEATHS.items():
        assert retrain(death)[0]["code"] == -9, when
        if when == "before the ledger's end":
            break
        assert champion(registry, tmp_path) == "1", when
    # All but the alias was written: what was promoted is in place, and can be loaded.
    newest = champion(registry, tmp_path)
    assert newest == registry.versions()[0].version

    [poor] = retrain({"file_limit": ["registering in MLflow", 300_000]})
    assert poor["error"] == "TrackingError", poor
    assert "could not log the training run" in poor["message"]
    assert champion(registry, tmp_path) == newest

    [mended] = retrain({})
    assert champion(registry, tmp_path) == mended["version"]
    assert [one.version for one in registry.versions() if "previous" in one.aliases] == [newest]
    assert "RUNNING" not in statuses(registry)
    ledger = quarterly.warehouse.read_table("health_runs")["status"].value_counts().to_dict()
    # Who dies before the panel is read has not started yet.
    assert ledger == {"completed": 2, "failed": len(DEATHS)}


def test_of_two_retrains_at_once_one_waits_and_a_third_is_told_who_holds_the_job(
    quarterly: Workplace, retrain: Retrain, registry: MlflowRegistry, tmp_path: Path
) -> None:
    done = retrain({}, {})
    assert sorted(one["version"] for one in done) == ["1", "2"], done
    with quarterly.warehouse.job_lock("retrain"):
        [refused] = retrain({"wait_seconds": 0.2})
    assert refused["error"] == "WarehouseError"
    assert f"job 'retrain': already running in process {os.getpid()}" in refused["message"]
    assert champion(registry, tmp_path) == "2"
    assert {one.version: one.aliases for one in registry.versions()} == {
        "2": ("champion",),
        "1": ("previous",),
    }
    ledger = quarterly.warehouse.read_table("health_runs").sort_values("started_at")
    assert ledger["status"].tolist() == ["completed", "completed"]
    ends, starts = ledger["finished_at"], ledger["started_at"]
    assert pd.Timestamp(ends.iloc[0]) <= pd.Timestamp(starts.iloc[1])
