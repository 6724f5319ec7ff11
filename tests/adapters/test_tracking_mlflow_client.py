from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import (
    check_uri,
    import_mlflow,
    masked,
    sqlite_path,
    sqlite_uri,
    talking,
)
from churnhealth.errors import TrackingError


def at(uri: str) -> MlflowRegistry:
    return MlflowRegistry(uri, experiment="e", model_name="m")


@given(st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1))
def test_the_uri_of_any_path_leads_back_to_it(name: str) -> None:
    path = Path("/srv/models") / name / "mlflow.db"
    assert sqlite_path(sqlite_uri(path)) == path


@pytest.mark.parametrize("uri", ["", "./mlruns", "/srv/mlruns", "file:///srv/mlruns", "C:\\mlruns"])
def test_the_old_file_store_is_refused(uri: str) -> None:
    with pytest.raises(TrackingError, match=r"old file store.*name an sqlite file instead"):
        at(uri)


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:models.db"])
def test_an_sqlite_uri_without_a_file_is_refused(uri: str) -> None:
    with pytest.raises(TrackingError, match=r"expected sqlite:////absolute/path/mlflow\.db, got"):
        at(uri)


@pytest.mark.parametrize("uri", ["https://h:5000", "postgresql+psycopg2://h/db", "databricks"])
def test_other_stores_are_left_to_mlflow(uri: str) -> None:
    check_uri(uri)
    assert sqlite_path(uri) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:s3cret@h:5000/p", "https://***@h:5000/p"),
        ("https://token@h", "https://***@h"),
        ("mysql://ann:p@ss/w@h/db failed", "mysql://***@h/db failed"),
        ("postgresql://h/db?user=ann&password=s3cret", "postgresql://h/db?user=ann&password=***"),
        ("sqlite:////home/ann@work/mlflow.db", "sqlite:////home/ann@work/mlflow.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_credentials_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_no_description_or_command_shows_credentials() -> None:
    for uri in ("http://ann:s3cret@h:5000", "postgresql://ann:s3cret@h/db"):
        assert "s3cret" not in at(uri).describe() + at(uri).ui_command()
    assert at("http://ann:s3cret@h:5000").ui_command() == "python -m webbrowser http://h:5000"


def test_the_command_for_a_file_can_be_pasted_into_a_shell() -> None:
    command = at("sqlite:////srv/our models/mlflow.db").ui_command()
    assert command.endswith("mlflow ui --backend-store-uri 'sqlite:////srv/our models/mlflow.db'")


def test_telemetry_is_off_whatever_was_set_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "1")
    import_mlflow()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == os.environ["DO_NOT_TRACK"] == "true"


def test_what_the_user_set_for_requests_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    with talking("http://h", "test"):
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "5"
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "30"
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


def test_a_server_out_of_reach_is_an_error_within_seconds_and_without_credentials(
    capfd: pytest.CaptureFixture[str],
) -> None:
    import_mlflow()
    uri = "http://ann:s3cret@127.0.0.1:9"
    started = time.monotonic()
    with pytest.raises(
        TrackingError, match=r"at http://\*\*\*@127\.0\.0\.1:9: could not read"
    ) as caught:
        at(uri).champion()
    assert time.monotonic() - started < 20  # three tries and 2 s of waiting; MLflow alone: minutes
    assert "that the server runs" in str(caught.value)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert capfd.readouterr() == ("", "")


def test_the_credentials_in_a_store_s_own_words_are_masked() -> None:
    with (
        pytest.raises(TrackingError, match=r"could not test: login of ann with \*\*\* failed"),
        talking("postgresql://ann:s3%20cret@h/db", "test"),
    ):
        raise OSError("login of ann with s3 cret failed")


def test_a_missing_database_driver_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(TrackingError, match=r"psycopg2.*Install the database's driver"):
        at("postgresql+psycopg2://127.0.0.1:9/db").champion()


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("customer_id,churned\n" * 100)
    with pytest.raises(TrackingError, match=r"file is not a database\. Expected an sqlite file"):
        at(sqlite_uri(tmp_path / "mlflow.db")).champion()


def test_a_place_where_no_folder_can_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").touch()
    with pytest.raises(TrackingError, match=r"could not read the champion: .*can be written"):
        at(sqlite_uri(tmp_path / "models" / "mlflow.db")).champion()


def test_a_store_of_another_mlflow_is_named_with_the_way_to_bring_it_up_to_date() -> None:
    words = "Detected out-of-date database schema (found version 1, but expected 2)"
    with (
        pytest.raises(TrackingError, match=r"'mlflow db upgrade sqlite:////srv/mlflow\.db'"),
        talking("sqlite:////srv/mlflow.db", "test") as mlflow,
    ):
        raise mlflow.exceptions.MlflowException(words)


def test_a_new_experiment_in_a_database_needs_a_folder_for_its_files() -> None:
    registry = at("postgresql://h/db")
    assert registry.artifact_root is None
    with pytest.raises(TrackingError, match="expected artifact_root"):
        registry._make_experiment()


def test_importing_the_registry_does_not_import_mlflow() -> None:
    code = "import sys, churnhealth.adapters.tracking_mlflow; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


WRITER = """
import sys
from pathlib import Path
from churnhealth.adapters.tracking import TrainingRecord, manifest_hash
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import import_mlflow

import_mlflow()
print("ready", flush=True)
sys.stdin.readline()
folder = Path(sys.argv[2])
registry = MlflowRegistry(sys.argv[1], experiment="e", model_name="m")
print(registry.log_version(TrainingRecord("r", folder, manifest_hash(folder))).version)
"""


@pytest.mark.slow
def test_two_processes_can_start_on_a_fresh_store_at_once(tmp_path: Path) -> None:
    artifact = tmp_path / "artifact"
    artifact.mkdir()
    (artifact / "manifest.json").write_text(json.dumps({"schema_version": 1}))
    uri = sqlite_uri(tmp_path / "models" / "mlflow.db")
    command = [sys.executable, "-c", WRITER, uri, str(artifact)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    writers = [subprocess.Popen(command, text=True, **pipes) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=300) for writer in writers]
    assert sorted(out for out, _ in said) == ["1\n", "2\n"]
    assert [err for _, err in said] == ["", ""]
    assert [writer.returncode for writer in writers] == [0, 0]
    with sqlite3.connect(tmp_path / "models" / "mlflow.db") as database:
        assert database.execute("SELECT count(*) FROM model_versions").fetchone() == (2,)
    database.close()
