"""The same registry behind a real tracking server, which keeps the files on its own side."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.tracking import FoldRecord, TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri
from churnhealth.errors import TrackingError

PATIENCE_SECONDS = 240
pytestmark = pytest.mark.slow


class Server:
    """`mlflow server` on a free port with an empty store, which can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        import_mlflow()  # turns telemetry off, for the server as well
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", sqlite_uri(self.folder / "mlflow.db")]
        command += ["--artifacts-destination", str(self.folder / "files")]
        with (self.folder / "log.txt").open("a") as log:
            self.running = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, f"{self.address} does not answer"
            time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        os.killpg(self.running.pid, how)
        self.running.wait(timeout=60)

    def _answers(self) -> bool:
        try:
            address = f"{self.address}/health"
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310 - our own address
                return True
        except (urllib.error.URLError, TimeoutError):
            return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"schema_version": 1}')
    return folder


@pytest.fixture
def record(artifact: Path) -> TrainingRecord:
    return TrainingRecord(
        "first",
        artifact,
        manifest_hash(artifact),
        metrics={"auc": 0.75},
        tables={"bands": pd.DataFrame({"band": ["red"]})},
        input_example=pd.DataFrame({"logins": [1, 2]}),
        folds=(FoldRecord("2026-01-01", {"rows": 4}, {"auc": 0.7}),),
    )


def statuses(registry: MlflowRegistry) -> list[tuple[str, str]]:
    """Return name and status of every run, the oldest first."""
    client = import_mlflow().MlflowClient(registry.tracking_uri, registry.tracking_uri)
    place = client.get_experiment_by_name(registry.experiment).experiment_id
    runs = client.search_runs([place], order_by=["attributes.start_time ASC"])
    return [(run.info.run_name, run.info.status) for run in runs]


def test_a_server_keeps_versions_aliases_folds_and_files(
    server: Server,
    record: TrainingRecord,
    artifact: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    registry = MlflowRegistry(server.address, experiment="churn", model_name="b2b")
    assert registry.champion() is None
    for version in ("1", "2"):
        assert registry.log_version(record).version == version
        registry.set_champion(version)

    aliases = [(one.version, one.aliases, one.metrics) for one in registry.versions()]
    assert aliases == [("2", ("champion",), {"auc": 0.75}), ("1", ("previous",), {"auc": 0.75})]
    copy = registry.download("1", tmp_path / "copy")
    assert (copy / "manifest.json").read_bytes() == (artifact / "manifest.json").read_bytes()
    assert statuses(registry) == [("first", "FINISHED"), ("2026-01-01", "FINISHED")] * 2
    assert list(here.iterdir()) == []
    assert len(list((server.folder / "files").rglob("bands.csv"))) == 2


def test_two_writers_start_on_a_new_model_at_once(
    server: Server, writers: Callable[..., list[int]], artifact: Path
) -> None:
    job = {"uri": server.address, "model": "two", "artifact": str(artifact)}
    assert writers(job, job) == [0, 0]
    registry = MlflowRegistry(server.address, experiment="about two", model_name="two")
    assert [(one.version, one.completed) for one in registry.versions()] == [("2", True), ("1", True)]
    assert registry.champion() is not None
    assert statuses(registry).count(("a quarter", "FINISHED")) == 2


@pytest.mark.parametrize(
    ("call", "number", "left"),
    [("log_batch", 3, "KILLED"), ("set_registered_model_alias", 2, "FINISHED")],
    ids=["in the folds", "before champion"],
)
def test_after_kill_9_the_old_champion_stays_and_the_next_run_repairs(
    server: Server,
    writers: Callable[..., list[int]],
    artifact: Path,
    call: str,
    number: int,
    left: str,
) -> None:
    job = {"uri": server.address, "model": f"killed at {call}", "artifact": str(artifact)}
    assert writers(job) == [0]
    assert writers({**job, "kill": (call, number)}) == [-9]
    registry = MlflowRegistry(
        server.address, experiment=f"about {job['model']}", model_name=job["model"]
    )
    champion = registry.champion()
    assert champion is not None
    assert champion.version == "1"
    assert writers(job) == [0]
    assert [one.version for one in registry.versions() if "previous" in one.aliases] == ["1"]
    assert {status for _, status in statuses(registry)[3:6]} == {left}


def test_a_server_that_goes_away_in_mid_run_leaves_the_champion_and_shows_no_password(
    server: Server, record: TrainingRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = server.address.replace("://", "://ann:s3cret@")
    registry = MlflowRegistry(address, experiment="gone", model_name="gone")
    registry.set_champion(registry.log_version(record).version)
    upload = type(registry._client).log_model_artifacts

    def gone(*given: object) -> None:
        server.stop(signal.SIGKILL)
        upload(*given)

    with monkeypatch.context() as broken:
        broken.setattr(type(registry._client), "log_model_artifacts", gone)
        with pytest.raises(
            TrackingError, match=r"at http://\*\*\*@127.*could not log the.*runs"
        ) as caught:
            registry.log_version(record)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))

    server.start()
    champion = registry.champion()
    assert champion is not None
    assert champion.version == "1"
    assert registry.download("1", tmp_path / "copy").is_dir()
    registry.set_champion(registry.log_version(record).version)
    left = [status for _, status in statuses(registry)]
    assert left == ["FINISHED"] * 2 + ["KILLED"] * 2 + ["FINISHED"] * 2


def test_a_server_that_goes_away_before_the_champion_is_fetched_is_told_without_a_password(
    server: Server, record: TrainingRecord, tmp_path: Path
) -> None:
    address = server.address.replace("://", "://ann:s3cret@")
    registry = MlflowRegistry(address, experiment="fetched", model_name="fetched")
    registry.set_champion(registry.log_version(record).version)
    champion = registry.champion()
    assert champion is not None
    server.stop(signal.SIGKILL)
    with pytest.raises(TrackingError, match=r"could not download version 1: .*server runs") as caught:
        registry.download(champion.version, tmp_path / "copy")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    server.start()
    assert registry.download(champion.version, tmp_path / "copy").is_dir()
