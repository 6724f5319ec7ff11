from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
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


class Refusing(BaseHTTPRequestHandler):
    """A server that lets nobody in and quotes what it was given."""

    def do_GET(self) -> None:
        given = f"who are you? {self.headers['Authorization']}".encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(given)))
        self.end_headers()
        self.wfile.write(given)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def refusing() -> Iterator[int]:
    """Give the port of a server that refuses every request."""
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


# "ann:s3cret" as HTTP sends it.
SENT = "YW5uOnMzY3JldA=="


@pytest.mark.parametrize(
    ("user", "variables"),
    [
        ("ann:s3cret@", {}),
        ("", {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "s3cret"}),
        ("", {"MLFLOW_TRACKING_TOKEN": "s3cret"}),
    ],
    ids=["in the address", "in the environment", "as a token"],
)
def test_wrong_credentials_are_an_error_and_stand_in_no_log(
    refusing: int,
    user: str,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    caplog.set_level("DEBUG")
    with pytest.raises(TrackingError, match=r"who are you\? \w+ \*\*\*.*lets you in") as caught:
        at(f"http://{user}127.0.0.1:{refusing}").champion()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + "".join(capfd.readouterr())
    assert "s3cret" not in told
    assert SENT not in told


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
