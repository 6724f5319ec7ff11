"""kill -9 between each of the writes, and several writers at once, on an sqlite store.

The order is: run, folds, artifact, version, "completed", `previous`, `champion`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from churnhealth.adapters.tracking import ModelVersion
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.estimator import HealthModel

Writers = Callable[..., list[int]]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed") / "mlflow.db"


@pytest.fixture(scope="module")
def artifact(fitted: HealthModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.save(tmp_path_factory.mktemp("artifact") / "model")


@pytest.fixture
def job(store: Path, artifact: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    name = request.node.name
    return {"uri": sqlite_uri(store), "model": name, "artifact": str(artifact)}


@pytest.fixture
def registry(job: dict[str, Any]) -> MlflowRegistry:
    name = job["model"]
    return MlflowRegistry(job["uri"], experiment=f"about {name}", model_name=name)


def loaded_champion(registry: MlflowRegistry, folder: Path) -> ModelVersion:
    version = registry.champion()
    assert version is not None
    model = HealthModel.load(registry.download(version.version, folder))
    assert model.artifact_hash_ == version.artifact_hash
    return version


def statuses(registry: MlflowRegistry) -> list[str]:
    """Return the status of every run of the quarter and of its folds, the oldest first."""
    client = import_mlflow().MlflowClient(registry.tracking_uri, registry.tracking_uri)
    experiment = client.get_experiment_by_name(registry.experiment)
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    return [run.info.status for run in runs]


@pytest.mark.parametrize(
    ("call", "number", "left", "closed"),
    [
        ("log_batch", 1, ["RUNNING"], ["KILLED"]),
        ("log_batch", 3, ["RUNNING", "FINISHED", "RUNNING"], ["KILLED"] * 3),
        ("log_model_artifacts", 1, ["RUNNING", "FINISHED", "FINISHED"], ["KILLED"] * 3),
        ("create_model_version", 1, ["RUNNING", "FINISHED", "FINISHED"], ["KILLED"] * 3),
        ("set_model_version_tag", 1, ["RUNNING", "FINISHED", "FINISHED"], ["KILLED"] * 3),
        ("set_model_version_tag", 2, ["RUNNING", "FINISHED", "FINISHED"], ["KILLED"] * 3),
        ("set_terminated", 3, ["RUNNING", "FINISHED", "FINISHED"], ["FINISHED"] * 3),
        ("set_registered_model_alias", 1, ["FINISHED"] * 3, ["FINISHED"] * 3),
        ("set_registered_model_alias", 2, ["FINISHED"] * 3, ["FINISHED"] * 3),
    ],
    ids=[
        "in the run",
        "in the folds",
        "before the artifact",
        "before the version",
        "before its name",
        "before completed",
        "before the end of the run",
        "before previous",
        "before champion",
    ],
)
def test_after_kill_9_the_old_champion_loads_and_the_next_run_repairs(
    writers: Writers,
    job: dict[str, Any],
    registry: MlflowRegistry,
    tmp_path: Path,
    call: str,
    number: int,
    left: list[str],
    closed: list[str],
) -> None:
    assert writers(job) == [0]
    assert writers({**job, "kill": (call, number)}) == [-9]
    assert loaded_champion(registry, tmp_path / "after the kill").version == "1"
    assert statuses(registry)[3:] == left

    assert writers(job) == [0]
    champion = loaded_champion(registry, tmp_path / "after the next run")
    newest, *older = registry.versions()
    assert champion.version == newest.version
    assert [one.version for one in older if "previous" in one.aliases] == ["1"]
    assert statuses(registry) == ["FINISHED"] * 3 + closed + ["FINISHED"] * 3


def test_a_first_run_that_is_killed_leaves_no_champion_and_the_next_one_makes_it(
    writers: Writers, job: dict[str, Any], registry: MlflowRegistry, tmp_path: Path
) -> None:
    assert writers({**job, "kill": ("set_registered_model_alias", 1)}) == [-9]
    assert registry.champion() is None
    assert [(one.version, one.completed) for one in registry.versions()] == [("1", True)]
    assert writers(job) == [0]
    assert loaded_champion(registry, tmp_path / "copy").version == "2"


def test_of_two_retrains_at_once_one_is_champion_and_the_other_previous(
    writers: Writers, job: dict[str, Any], registry: MlflowRegistry, tmp_path: Path
) -> None:
    assert writers(job) == [0]
    assert writers(job, job) == [0, 0]
    champion = loaded_champion(registry, tmp_path / "copy")
    by_alias = {alias: one.version for one in registry.versions() for alias in one.aliases}
    assert {champion.version, by_alias["previous"]} == {"2", "3"}
    assert statuses(registry) == ["FINISHED"] * 9


def test_two_writers_start_on_a_fresh_store_at_once(
    writers: Writers, job: dict[str, Any], tmp_path: Path
) -> None:
    fresh = {**job, "uri": sqlite_uri(tmp_path / "new" / "mlflow.db")}
    assert writers(fresh, fresh) == [0, 0]
    registry = MlflowRegistry(fresh["uri"], experiment=f"about {job['model']}", model_name=job["model"])
    assert sorted(one.aliases for one in registry.versions()) == [("champion",), ("previous",)]
