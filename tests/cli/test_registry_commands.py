"""history, promote and rollback on the command line, with a real MLflow store."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from churnhealth.adapters.tracking import TrainingRecord
from churnhealth.adapters.tracking_mlflow import MlflowRegistry
from churnhealth.adapters.tracking_mlflow_client import sqlite_uri
from churnhealth.cli.registry_commands import register
from churnhealth.estimator import HealthModel

COMMANDS = ["history", "promote", "rollback"]
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
"""


@pytest.fixture(scope="module")
def run():
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    register(app)

    def call(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture(scope="module")
def config(fitted: HealthModel, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A project with three versions: the second is the champion, the first was it before."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "churnhealth.toml").write_text(CONFIG)
    store = sqlite_uri(folder / "models" / "mlflow.db")
    registry = MlflowRegistry(store, experiment="churnhealth", model_name="churnhealth")
    artifact = fitted.save(folder / "artifact")
    metrics = {"log_loss": 0.41234, "log_loss_base_rate": 0.5}
    for decision in ("promoted", "promoted", "kept"):
        made = TrainingRecord(
            "a quarter",
            artifact,
            str(HealthModel.load(artifact).artifact_hash_),
            metrics=metrics,
            tags={"decision": decision},
        )
        version = registry.log_version(made).version
        if decision == "promoted":
            registry.set_champion(version)
        else:
            registry.set_challenger(version)
    return str(folder / "churnhealth.toml")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: churnhealth {command}" in " ".join(out.split())
    assert "--json" in out
    assert "--debug" in out


def test_the_commands_import_no_heavy_library_before_they_run():
    code = (
        "import sys, typer\n"
        "from churnhealth.cli.registry_commands import register\n"
        "register(typer.Typer())\n"
        "heavy = {'pandas', 'numpy', 'sklearn', 'lightgbm', 'mlflow', 'duckdb', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_history_is_a_table_for_people_and_json_for_machines(run, config):
    code, out, err = run("history", "--config", config)
    assert code == 0, err
    told = " ".join(out.split())
    for text in ("Models", "champion", "previous", "challenger", "0.4123", "kept", "Registry: MLflow"):
        assert text in told
    code, out, _ = run("history", "--json", "--config", config)
    document = json.loads(out)
    assert code == 0
    assert [one["version"] for one in document["versions"]] == ["3", "2", "1"]
    assert document["versions"][1]["aliases"] == ["champion"]
    assert document["versions"][1]["log_loss"] == 0.41234
    assert document["champion_fault"] is None


def test_promote_says_what_changed_and_rollback_goes_back_and_forth(run, config):
    code, out, err = run("promote", "3", "--config", config)
    assert code == 0, err
    assert "is the champion; until now it was 2-" in out
    assert "`churnhealth rollback` would make 2-" in out
    code, out, _ = run("rollback", "--json", "--config", config)
    changed = json.loads(out)
    assert code == 0
    assert (changed["champion"][0], changed["was"][0], changed["previous"][0]) == ("2", "3", "3")
    assert run("rollback", "--config", config)[1].startswith("3-")
    assert run("promote", "2", "--config", config)[0] == 0


def test_an_unknown_version_fails_with_those_that_can_be_promoted(run, config):
    code, _, err = run("promote", "9", "--config", config)
    assert code == 1
    assert "there is no version '9'" in err
    assert "takes one of these: '3-" in err
    assert "Traceback" not in err


def test_a_server_out_of_reach_fails_without_showing_the_password(run, tmp_path, monkeypatch):
    monkeypatch.setenv("OUR_MLFLOW", "http://ann:s3cret@127.0.0.1:9")
    (tmp_path / "churnhealth.toml").write_text(CONFIG + '\n[tracking]\nuri = "env:OUR_MLFLOW"\n')
    code, out, err = run("history", "--json", "--config", str(tmp_path / "churnhealth.toml"))
    assert code == 1
    assert json.loads(out)["error"]["type"] == "TrackingError"
    assert "could not list the versions" in err
    assert "s3cret" not in out + err
