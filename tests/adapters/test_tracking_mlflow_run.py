"""What a run holds, and what logging one leaves alone in the process of the caller."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.tracking import ModelVersion, TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.errors import TrackingError


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "a store" / "models" / "mlflow.db"


@pytest.fixture
def registry(store: Path, request: pytest.FixtureRequest) -> MlflowRegistry:
    name = request.node.name
    return MlflowRegistry(sqlite_uri(store), experiment=name, model_name=name)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"schema_version": 1}')
    return folder


def record(artifact: Path, **more: Any) -> TrainingRecord:
    return TrainingRecord("quarter 2", artifact, manifest_hash(artifact), **more)


def client_of(registry: MlflowRegistry) -> Any:
    uri = registry.tracking_uri
    return import_mlflow().MlflowClient(tracking_uri=uri, registry_uri=uri)


def text_of(registry: MlflowRegistry, version: ModelVersion, path: str) -> str:
    client = client_of(registry)
    return Path(client.download_artifacts(version.run_id, path)).read_text(encoding="utf-8")


def test_a_run_holds_params_metrics_and_tags(registry: MlflowRegistry, artifact: Path) -> None:
    params: dict[str, str | int | float | bool] = {
        "learner": "stack",
        "trees": 40,
        "rate": 0.1,
        "bag": True,
    }
    made = record(artifact, params=params, metrics={"auc": 0.75}, tags={"fingerprint": "f1"})
    version = registry.log_version(made)
    run = client_of(registry).get_run(version.run_id)
    assert (run.info.run_name, run.info.status) == ("quarter 2", "FINISHED")
    assert run.data.params == {"learner": "stack", "trees": "40", "rate": "0.1", "bag": "True"}
    assert run.data.metrics == version.metrics == {"auc": 0.75}
    assert run.data.tags["fingerprint"] == "f1"
    [output] = run.outputs.model_outputs
    model = client_of(registry).get_logged_model(output.model_id)
    assert (model.status, model.metrics[0].value) == ("READY", 0.75)
    assert model.tags["mlflow.modelVersions"] == f'[{{"name": "{registry.model_name}", "version": 1}}]'


def test_many_params_are_all_logged(registry: MlflowRegistry, artifact: Path) -> None:
    many = {f"p{i}": i for i in range(250)}  # MLflow takes 100 at a time
    version = registry.log_version(record(artifact, params=many))
    assert len(client_of(registry).get_run(version.run_id).data.params) == 250


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_measure_that_is_not_finite_is_left_out(
    registry: MlflowRegistry, artifact: Path, value: float
) -> None:
    version = registry.log_version(record(artifact, metrics={"slope": value, "auc": 0.5}))
    assert version.metrics == {"auc": 0.5}


def test_tables_and_texts_can_be_read_back(registry: MlflowRegistry, artifact: Path) -> None:
    table = pd.DataFrame({"plan": ["日本", None], "observed": [0.1, 2.0]})
    texts = {"model_card.md": "# 健康\n"}
    made = record(artifact, tables={"calibration": table}, texts=texts)
    version = registry.log_version(made)
    assert text_of(registry, version, "tables/calibration.csv") == "plan,observed\n日本,0.1\n,2.0\n"
    assert text_of(registry, version, "model_card.md") == "# 健康\n"


def test_pictures_are_logged_byte_by_byte_in_a_folder_of_their_own(
    registry: MlflowRegistry, artifact: Path
) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00"
    made = record(artifact, pictures={"reliability.png": png, "backtest.svg": "<svg>健\n</svg>"})
    version = registry.log_version(made)
    client = client_of(registry)
    assert (
        Path(client.download_artifacts(version.run_id, "pictures/reliability.png")).read_bytes() == png
    )
    assert text_of(registry, version, "pictures/backtest.svg") == "<svg>健\n</svg>"


def test_a_logged_text_is_read_by_version_and_one_that_is_not_there_is_none(
    registry: MlflowRegistry, artifact: Path
) -> None:
    table = pd.DataFrame({"bin": [1], "observed": [0.25]})
    made = TrainingRecord(
        "a run",
        artifact,
        manifest_hash(artifact),
        tables={"reliability": table},
        texts={"model_card.md": "# モデル\n"},
    )
    version = registry.log_version(made).version
    assert registry.logged_text(version, "model_card.md") == "# モデル\n"
    assert registry.logged_text(version, "tables/reliability.csv") == "bin,observed\n1,0.25\n"
    assert registry.logged_text(version, "tables/lift.csv") is None
    with pytest.raises(TrackingError, match=r"read model_card.md of version 99"):
        registry.logged_text("99", "model_card.md")


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\b", ""], ids=["up", "in", "back", "none"])
def test_a_file_name_that_leads_elsewhere_fails_the_run(
    registry: MlflowRegistry, artifact: Path, name: str
) -> None:
    with pytest.raises(TrackingError, match="expected a plain file name"):
        registry.log_version(record(artifact, texts={name: "x"}))
    assert registry.versions() == []


def test_a_parameter_that_mlflow_refuses_is_a_tracking_error(
    registry: MlflowRegistry, artifact: Path
) -> None:
    with pytest.raises(TrackingError, match=r"could not log the training run: .*not-allowed!"):
        registry.log_version(record(artifact, params={"not-allowed!": 1}))


def test_the_model_folder_holds_no_pickle(registry: MlflowRegistry, artifact: Path) -> None:
    example = pd.DataFrame({"logins": [3, 4]})
    registry.log_version(record(artifact, input_example=example))
    uri = client_of(registry).get_model_version_download_uri(registry.model_name, "1")
    folder = Path(import_mlflow().artifacts.download_artifacts(uri))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "MLmodel",
        "artifacts/health_model/manifest.json",
        "conda.yaml",
        "input_example.json",
        "pyfunc_model.py",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    }


def test_a_lock_file_in_the_working_folder_does_not_enter_the_model(
    registry: MlflowRegistry, artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("uv.lock", "pyproject.toml"):
        (tmp_path / name).write_text('version = 1\n[project]\nname = "theirs"\n')
    monkeypatch.chdir(tmp_path)
    registry.log_version(record(artifact))
    uri = client_of(registry).get_model_version_download_uri(registry.model_name, "1")
    stored = Path(import_mlflow().artifacts.download_artifacts(uri))
    assert not list(stored.rglob("*.toml"))
    assert not list(stored.rglob("*.lock"))
    assert not (tmp_path / "mlruns").exists()


def test_nothing_is_printed_and_no_warning_surfaces(
    registry: MlflowRegistry, artifact: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings(record=True) as surfaced:
        warnings.simplefilter("always")
        example = pd.DataFrame({"logins": [3, 4]})
        version = registry.log_version(record(artifact, input_example=example))
        registry.set_champion(version.version)
        registry.download(version.version, tmp_path / "new")
    assert capfd.readouterr() == ("", "")
    assert [str(one.message) for one in surfaced] == []


@pytest.fixture
def open_run(store: Path) -> Iterator[str]:
    """Give the id of a run that the caller has open, the process's tracking URI leading elsewhere."""
    mlflow = import_mlflow()
    mlflow.set_tracking_uri(sqlite_uri(store))
    try:
        run_id = mlflow.start_run(experiment_id="0").info.run_id
        mlflow.set_tracking_uri("http://127.0.0.1:9")
        yield run_id
        mlflow.set_tracking_uri(sqlite_uri(store))
        mlflow.end_run()
    finally:
        mlflow.set_tracking_uri(None)


def test_the_callers_run_address_and_environment_stay_as_they_are(
    registry: MlflowRegistry, artifact: Path, open_run: str
) -> None:
    mlflow = import_mlflow()
    before = dict(os.environ)
    version = registry.log_version(record(artifact, metrics={"auc": 0.5}))
    registry.set_champion(version.version)
    assert mlflow.get_tracking_uri() == "http://127.0.0.1:9"
    assert mlflow.active_run().info.run_id == open_run
    run = client_of(registry).get_run(open_run)
    assert (run.info.status, run.data.metrics, run.outputs.model_outputs) == ("RUNNING", {}, [])
    assert dict(os.environ) == before
