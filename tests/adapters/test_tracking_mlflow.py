"""Versions and their aliases, in a real sqlite store that all tests share; each has its own model."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.tracking import ModelRegistry, TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.errors import TrackingError

Log = Callable[..., str]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "a store" / "models" / "mlflow.db"


@pytest.fixture
def registry(store: Path, request: pytest.FixtureRequest) -> MlflowRegistry:
    name = request.node.name
    return MlflowRegistry(sqlite_uri(store), experiment=name, model_name=name)


@pytest.fixture
def log(registry: MlflowRegistry, tmp_path: Path) -> Log:
    """Log one more version; return its number."""

    def write(number: int = 0) -> str:
        folder = tmp_path / f"artifact {number}"
        folder.mkdir(exist_ok=True)
        (folder / "trees_0.txt").write_bytes(b"tree\r\n\x00\xff")
        (folder / "manifest.json").write_text(json.dumps({"schema_version": 1, "number": number}))
        made = TrainingRecord("a run", folder, manifest_hash(folder), metrics={"log_loss": 0.25})
        return registry.log_version(made).version

    return write


def client_of(registry: MlflowRegistry) -> Any:
    uri = registry.tracking_uri
    return import_mlflow().MlflowClient(tracking_uri=uri, registry_uri=uri)


def test_the_registry_of_mlflow_is_a_model_registry(registry: MlflowRegistry) -> None:
    as_protocol: ModelRegistry = registry
    assert as_protocol.describe().startswith("MLflow at sqlite:///")


def test_a_fresh_store_has_no_champion_and_no_versions(registry: MlflowRegistry) -> None:
    assert registry.champion() is None
    assert registry.versions() == []


def test_a_logged_version_is_completed_and_has_no_alias(registry: MlflowRegistry, log: Log) -> None:
    log()
    [version] = registry.versions()
    assert (version.version, version.completed, version.aliases) == ("1", True, ())
    assert version.model_version == f"1-{version.artifact_hash[:12]}"
    assert len(version.artifact_hash) == 64
    assert version.metrics == {"log_loss": 0.25}
    assert abs(pd.Timestamp.now(tz="UTC") - version.created_at) < pd.Timedelta(minutes=5)
    assert registry.champion() is None


def test_the_champion_until_now_becomes_previous(registry: MlflowRegistry, log: Log) -> None:
    registry.set_champion(log(1))
    registry.set_champion(log(2))
    champion = registry.champion()
    assert champion is not None
    assert (champion.version, champion.aliases) == ("2", ("champion",))
    assert [(one.version, one.aliases) for one in registry.versions()] == [
        ("2", ("champion",)),
        ("1", ("previous",)),
    ]


def test_naming_the_champion_again_keeps_the_previous_one(registry: MlflowRegistry, log: Log) -> None:
    registry.set_champion(log(1))
    registry.set_champion(log(2))
    registry.set_champion("2")
    assert [one.aliases for one in registry.versions()] == [("champion",), ("previous",)]


def test_the_alias_champion_is_written_last(
    registry: MlflowRegistry, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.set_champion(log(1))
    second = log(2)
    written: list[tuple[str, str]] = []
    monkeypatch.setattr(
        type(registry._client),
        "set_registered_model_alias",
        lambda self, name, alias, version: written.append((alias, version)),
    )
    registry.set_champion(second)
    assert written == [("previous", "1"), ("champion", "2")]


def test_an_alias_that_another_writer_inserted_in_between_is_written_again(
    registry: MlflowRegistry, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = log(1)
    write, mlflow = type(registry._client).set_registered_model_alias, import_mlflow()
    answers = [mlflow.exceptions.RestException({"error_code": "BAD_REQUEST", "message": "UNIQUE"})]

    def inserted_at_once(*given: object) -> None:
        if answers:
            raise answers.pop()
        write(*given)

    monkeypatch.setattr(type(registry._client), "set_registered_model_alias", inserted_at_once)
    registry.set_champion(version)
    champion = registry.champion()
    assert champion is not None
    assert champion.version == version


def test_a_challenger_stands_beside_the_champion(registry: MlflowRegistry, log: Log) -> None:
    registry.set_champion(log(1))
    registry.set_challenger(log(2))
    assert [one.aliases for one in registry.versions()] == [("challenger",), ("champion",)]


def test_a_version_whose_writing_broke_off_cannot_become_champion(
    registry: MlflowRegistry, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.set_champion(log(1))
    mlflow = import_mlflow()

    def lost(*_: object) -> None:
        raise mlflow.exceptions.MlflowException("the connection was lost")

    with monkeypatch.context() as broken:
        broken.setattr(type(registry._client), "set_model_version_tag", lost)
        with pytest.raises(TrackingError, match="could not log the training run: the connection was"):
            log(2)
    newest = registry.versions()[0]
    assert (newest.version, newest.completed) == ("2", False)
    assert client_of(registry).get_run(newest.run_id).info.status == "FAILED"
    for refuse in (registry.set_champion, registry.set_challenger):
        with pytest.raises(TrackingError, match=r"got '2': its training run was stopped.*versions: '1'"):
            refuse("2")
    champion = registry.champion()
    assert champion is not None
    assert champion.version == "1"


def test_an_alias_set_by_hand_on_an_uncompleted_version_is_an_error(
    registry: MlflowRegistry, log: Log
) -> None:
    registry.set_champion(log())
    client_of(registry).delete_model_version_tag(registry.model_name, "1", "completed")
    with pytest.raises(TrackingError, match=r"which was never completed\. No version.*retrain"):
        registry.champion()


def test_an_unknown_version_cannot_become_champion(registry: MlflowRegistry, log: Log) -> None:
    log()
    with pytest.raises(TrackingError, match=r"got '7': there is none\. Completed versions: '1'"):
        registry.set_champion("7")


def test_deleting_the_champion_in_mlflow_leaves_none(registry: MlflowRegistry, log: Log) -> None:
    registry.set_champion(log())
    client_of(registry).delete_model_version(registry.model_name, "1")
    assert registry.champion() is None


def lose_version(store: Path, model_name: str, version: int) -> None:
    """Mark a version as deleted and leave its alias: what a store that is not sqlite may show."""
    with closing(sqlite3.connect(store)) as database, database:
        database.execute(
            "UPDATE model_versions SET current_stage = ? WHERE name = ? AND version = ?",
            ("Deleted_Internal", model_name, version),
        )


def test_a_champion_whose_version_is_gone_is_an_error_until_another_is_set(
    registry: MlflowRegistry, log: Log, store: Path
) -> None:
    registry.set_champion(log(1))
    log(2)
    lose_version(store, registry.model_name, 1)
    with pytest.raises(TrackingError, match=r"version 1, which does not exist.*promote VERSION.*: '2'"):
        registry.champion()
    registry.set_champion("2")
    assert [one.aliases for one in registry.versions()] == [("champion",)]


def test_a_version_keeps_its_place_when_its_run_was_removed(registry: MlflowRegistry, log: Log) -> None:
    log()
    [before] = registry.versions()
    with closing(sqlite3.connect(str(registry._client.tracking_uri)[len("sqlite:///") :])) as database:
        for table in ("latest_metrics", "metrics", "tags", "inputs", "runs"):
            column = "destination_id" if table == "inputs" else "run_uuid"
            database.execute(f"DELETE FROM {table} WHERE {column} = ?", (before.run_id,))
        database.commit()
    [after] = registry.versions()
    assert (after.version, after.metrics) == ("1", {})


def test_a_download_gives_the_very_bytes(registry: MlflowRegistry, log: Log, tmp_path: Path) -> None:
    version = log(5)
    folder = registry.download(version, tmp_path / "new" / "folder")
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "trees_0.txt"]
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "artifact 5" / path.name).read_bytes()
    assert manifest_hash(folder) == registry.versions()[0].artifact_hash


def stored_files(registry: MlflowRegistry, version: str) -> Path:
    uri = client_of(registry).get_model_version_download_uri(registry.model_name, version)
    return Path(import_mlflow().artifacts.download_artifacts(uri))


def test_a_download_runs_no_code_of_the_model_folder(
    registry: MlflowRegistry, log: Log, tmp_path: Path
) -> None:
    version = log()
    trap = tmp_path / "was here"
    for name in ("pyfunc_model.py", "artifacts/health_model/__init__.py"):
        path = stored_files(registry, version) / name
        path.write_text(f"import pathlib; pathlib.Path({str(trap)!r}).touch()")
    registry.download(version, tmp_path / "new")
    assert not trap.exists()


def test_a_download_refuses_an_artifact_that_was_altered(
    registry: MlflowRegistry, log: Log, tmp_path: Path
) -> None:
    version = log()
    manifest = stored_files(registry, version) / "artifacts/health_model/manifest.json"
    manifest.write_text("{}")
    with pytest.raises(TrackingError, match=r"SHA-256 that was registered, .*, got 44136fa3.*altered"):
        registry.download(version, tmp_path / "new")


def test_a_download_says_which_files_are_gone(
    registry: MlflowRegistry, log: Log, tmp_path: Path
) -> None:
    version = log()
    stored_files(registry, version).rename(tmp_path / "moved")
    with pytest.raises(TrackingError, match=r"No such artifact: 'health_model'\. Its files were moved"):
        registry.download(version, tmp_path / "new")


def test_a_download_does_not_mix_with_other_files(registry: MlflowRegistry, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(TrackingError, match="expected a new or empty folder"):
        registry.download("1", tmp_path)


def test_a_download_of_an_unknown_version_is_an_error(
    registry: MlflowRegistry, log: Log, tmp_path: Path
) -> None:
    log()
    with pytest.raises(TrackingError, match=r"could not download version 9: .*not found"):
        registry.download("9", tmp_path / "new")


def test_a_deleted_experiment_is_named_with_the_way_back(registry: MlflowRegistry, log: Log) -> None:
    log()
    client = client_of(registry)
    experiment = client.get_experiment_by_name(registry.experiment)
    client.delete_experiment(experiment.experiment_id)
    with pytest.raises(TrackingError, match=f"experiments restore -x {experiment.experiment_id}'"):
        log(2)


def test_all_pages_of_versions_are_read(
    registry: MlflowRegistry, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        log(number)
    client = registry._client
    search = client.search_model_versions

    def two_at_a_time(wanted: str, page_token: str | None = None) -> Any:
        return search(wanted, max_results=2, page_token=page_token)

    monkeypatch.setattr(client, "search_model_versions", two_at_a_time)
    assert [one.version for one in registry.versions()] == ["3", "2", "1"]


@pytest.mark.parametrize("name", ["a/b", "a:b", "it's", 'a"b', ""])
def test_a_model_name_that_mlflow_cannot_search_is_refused(name: str) -> None:
    with pytest.raises(TrackingError, match="expected a model name"):
        MlflowRegistry("sqlite:////srv/mlflow.db", experiment="e", model_name=name)
