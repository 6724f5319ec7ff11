"""The same registry behind a real tracking server, which keeps the files on its own side."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.tracking import TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow, sqlite_uri

PATIENCE_SECONDS = 240


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Start `mlflow server` on a free port with an empty store; give its address."""
    import_mlflow()  # turns telemetry off, for the server as well
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    side = tmp_path / "server"
    side.mkdir()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", sqlite_uri(side / "mlflow.db")]
    command += ["--artifacts-destination", str(side / "files")]
    with (side / "log.txt").open("w") as log:
        running = subprocess.Popen(command, cwd=side, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(timeout=60)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, TimeoutError):
            assert time.monotonic() < deadline, f"{address} does not answer"
            time.sleep(0.2)


@pytest.mark.slow
def test_a_server_keeps_versions_aliases_and_files(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    registry = MlflowRegistry(server, experiment="churn", model_name="b2b")
    assert registry.champion() is None

    artifact = tmp_path / "artifact"
    artifact.mkdir()
    (artifact / "manifest.json").write_text(json.dumps({"schema_version": 1}))
    record = TrainingRecord(
        "first",
        artifact,
        manifest_hash(artifact),
        metrics={"auc": 0.75},
        tables={"bands": pd.DataFrame({"band": ["red"]})},
        input_example=pd.DataFrame({"logins": [1, 2]}),
    )
    for version in ("1", "2"):
        assert registry.log_version(record).version == version
        registry.set_champion(version)

    aliases = [(one.version, one.aliases, one.metrics) for one in registry.versions()]
    assert aliases == [("2", ("champion",), {"auc": 0.75}), ("1", ("previous",), {"auc": 0.75})]
    copy = registry.download("1", tmp_path / "copy")
    assert (copy / "manifest.json").read_bytes() == (artifact / "manifest.json").read_bytes()
    assert list(here.iterdir()) == []
    assert len(list((tmp_path / "server" / "files").rglob("bands.csv"))) == 2
