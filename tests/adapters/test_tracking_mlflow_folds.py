"""One run a quarter with its windows nested in it, and what becomes of them when it breaks off."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.tracking import FoldRecord, TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.adapters.tracking_mlflow_repair import writer_tags
from churnhealth.errors import TrackingError

FOLDS = (
    FoldRecord("2025-10-01", {"rows": 400, "churners": 31}, {"log_loss": 0.21, "slope": float("nan")}),
    FoldRecord("2026-01-01", {"rows": 450, "churners": 40}, {"log_loss": 0.19, "base_rate/ici": 0.1}),
)
DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "a store" / "models" / "mlflow.db"


@pytest.fixture
def registry(store: Path, request: pytest.FixtureRequest) -> MlflowRegistry:
    name = request.node.name
    return MlflowRegistry(sqlite_uri(store), experiment=name, model_name=name)


@pytest.fixture
def record(tmp_path: Path) -> TrainingRecord:
    manifest = '{"schema_version": 2, "label_known_through": "2026-04-30T15:00:00+00:00"}'
    (tmp_path / "manifest.json").write_text(manifest)
    tags = {"decision": "promoted"}
    return TrainingRecord("2026 Q2", tmp_path, manifest_hash(tmp_path), tags=tags, folds=FOLDS)


@pytest.fixture
def client(registry: MlflowRegistry) -> Any:
    registry.versions()
    return import_mlflow().MlflowClient(registry.tracking_uri, registry.tracking_uri)


def runs_by_name(registry: MlflowRegistry, client: Any) -> dict[str, Any]:
    experiment = client.get_experiment_by_name(registry.experiment)
    return {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}


def test_every_window_is_a_run_nested_in_the_quarters(
    registry: MlflowRegistry, client: Any, record: TrainingRecord
) -> None:
    version = registry.log_version(record)
    runs = runs_by_name(registry, client)
    assert set(runs) == {"2026 Q2", "2025-10-01", "2026-01-01"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    first, second = runs["2025-10-01"], runs["2026-01-01"]
    assert first.data.params == {"rows": "400", "churners": "31"}
    assert first.data.metrics == {"log_loss": 0.21}
    assert second.data.metrics == {"log_loss": 0.19, "base_rate/ici": 0.1}
    parents = {run.data.tags["mlflow.parentRunId"] for run in (first, second)}
    assert parents == {version.run_id}
    assert version.metrics == {}


def test_the_measures_of_a_window_name_the_model_and_the_run_of_the_window(
    registry: MlflowRegistry, client: Any, record: TrainingRecord
) -> None:
    version = registry.log_version(record)
    [output] = client.get_run(version.run_id).outputs.model_outputs
    metrics = client.get_logged_model(output.model_id).metrics
    judged = {(client.get_run(one.run_id).info.run_name, one.key, one.value) for one in metrics}
    assert judged == {
        ("2025-10-01", "log_loss", 0.21),
        ("2026-01-01", "log_loss", 0.19),
        ("2026-01-01", "base_rate/ici", 0.1),
    }


def test_a_version_says_its_decision_its_labels_and_what_it_was_made_with(
    registry: MlflowRegistry, record: TrainingRecord
) -> None:
    version = registry.log_version(record)
    assert version.tags["decision"] == "promoted"
    assert version.tags["package.pandas"] == pd.__version__
    assert {"package.python", "package.lightgbm", "package.churnhealth"} <= set(version.tags)
    assert version.label_known_through == pd.Timestamp("2026-04-30 15:00", tz="UTC")
    assert not [name for name in version.tags if name.startswith("mlflow.")]


def test_a_manifest_that_is_no_json_is_refused(registry: MlflowRegistry, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[1]")
    with pytest.raises(TrackingError, match=r"expected a JSON object in manifest\.json"):
        registry.log_version(TrainingRecord("q", tmp_path, manifest_hash(tmp_path)))
    assert registry.versions() == []


def fail_at(client: Any, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    mlflow = import_mlflow()

    def lost(*_: object, **__: object) -> None:
        raise mlflow.exceptions.MlflowException("the connection was lost")

    monkeypatch.setattr(type(client), call, lost)


def test_when_a_run_fails_its_windows_and_its_model_have_failed_too(
    registry: MlflowRegistry, client: Any, record: TrainingRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        fail_at(client, broken, "log_model_artifacts")
        with pytest.raises(TrackingError, match="the connection was lost"):
            registry.log_version(record)
    runs = runs_by_name(registry, client)
    assert [run.info.status for run in runs.values()] == ["FAILED"] * 3
    [model] = client.search_logged_models([runs["2026 Q2"].info.experiment_id])
    assert model.status == "FAILED"


def left_open(registry: MlflowRegistry, client: Any, **tags: str) -> str:
    """Make a run that stands as running, by the writer that the tags name."""
    found = client.get_experiment_by_name(registry.experiment)
    files = registry.artifact_root.as_uri()
    place = found.experiment_id if found else client.create_experiment(registry.experiment, files)
    return client.create_run(place, run_name="left open", tags=tags).info.run_id


@pytest.mark.parametrize(
    ("writer", "status"),
    [
        (f"{socket.gethostname()}:{os.getppid()}", "RUNNING"),
        (f"{socket.gethostname()}:1", "RUNNING"),
        (f"{socket.gethostname()}:999999999", "KILLED"),
        (f"{socket.gethostname()}:{os.getpid()}", "KILLED"),
        ("another machine:5", "RUNNING"),
        ("", "RUNNING"),
    ],
    ids=["lives", "of root", "is gone", "was ours", "elsewhere", "unknown"],
)
def test_an_open_run_is_closed_when_its_writer_is_gone(
    registry: MlflowRegistry, client: Any, record: TrainingRecord, writer: str, status: str
) -> None:
    tags = {**writer_tags(registry.model_name), "churnhealth_writer": writer}
    run_id = left_open(registry, client, **tags)
    registry.log_version(record)
    assert client.get_run(run_id).info.status == status


def test_a_run_of_another_machine_is_closed_after_a_day(
    registry: MlflowRegistry, client: Any, record: TrainingRecord
) -> None:
    tags = {**writer_tags(registry.model_name), "churnhealth_writer": "another machine:5"}
    left_open(registry, client, **tags)
    [run] = runs_by_name(registry, client).values()
    old = client.create_run(
        run.info.experiment_id, start_time=run.info.start_time - DAY_MS - 60_000, tags=tags
    )
    registry.log_version(record)
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    assert client.get_run(old.info.run_id).info.status == "KILLED"


def test_runs_of_others_in_the_same_experiment_are_left_alone(
    registry: MlflowRegistry, client: Any, record: TrainingRecord
) -> None:
    theirs = left_open(registry, client)
    rival = left_open(registry, client, **writer_tags("another model"))
    registry.log_version(record)
    assert {client.get_run(one).info.status for one in (theirs, rival)} == {"RUNNING"}
