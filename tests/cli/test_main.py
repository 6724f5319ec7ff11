from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from churnhealth.cli.main import app

COMMANDS = ["init", "demo", "retrain", "score", "explain", "check", "simulate", "indicators"]
COMMANDS += ["history", "promote", "rollback"]
COMMANDS += ["monitor", "lists", "kpi", "report"]
PROGRAM = str(Path(sys.executable).with_name("churnhealth"))


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_the_exit_codes(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: churnhealth {command}" in " ".join(out.split())
    assert "Exit codes: 0 done" in out
    assert "--json" in out
    assert "--debug" in out


def test_help_lists_the_commands_and_the_exit_codes() -> None:
    _, out, _ = run("--help")
    assert all(command in out for command in COMMANDS)
    assert "Exit codes" in out


def test_the_version_comes_from_the_metadata() -> None:
    assert run("--version")[1].strip() == f"churnhealth {version('churnhealth')}"


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys; sys.argv = ['churnhealth', '--help']\n"
        "from churnhealth.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'numpy', 'sklearn', 'lightgbm', 'mlflow', 'duckdb', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", [["retrain"], ["score"], ["explain", "X"]])
def test_a_configuration_that_is_not_there_is_wrong_usage(command: list[str], tmp_path: Path) -> None:
    code, _, err = run(*command, "--config", str(tmp_path / "churnhealth.toml"))
    assert code == 2
    assert "churnhealth init" in err
    assert "Traceback" not in err


def test_an_error_is_json_when_json_was_asked_for(tmp_path: Path) -> None:
    code, out, _ = run("score", "--json", "--config", str(tmp_path / "none.toml"))
    assert code == 2
    assert json.loads(out)["error"]["type"] == "ConfigError"


def test_a_date_that_is_none_and_a_language_that_is_unknown_are_wrong_usage(tmp_path: Path) -> None:
    config = str(tmp_path / "none.toml")
    assert run("score", "--cutoff", "yesterday", "--config", config)[0] == 2
    code, _, err = run("retrain", "--cutoff", "2026-13-01", "--config", config)
    assert code == 2
    assert "expected a date such as 2026-04-01" in err
    panel = tmp_path / "p.csv"
    panel.write_text("customer_id,x,churn\n1,2,Yes\n2,3,No\n")
    assert run("init", str(panel), "--language", "fr", "--config", config)[0] == 2


def test_an_unknown_option_is_wrong_usage() -> None:
    assert run("score", "--nonsense")[0] == 2


def test_the_traceback_is_shown_on_demand(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["score", "--debug", "--config", str(tmp_path / "none.toml")])
    assert type(result.exception).__name__ == "ConfigError"


def small_panel(make_customers, seed: int, n: int = 400) -> pd.DataFrame:
    frame, y, _ = make_customers(n, seed=seed)
    ids = [f"顧客{at:03d}" for at in range(n)]
    return frame.assign(customer_id=ids, churned=["churned" if one else "retained" for one in y])


@pytest.mark.slow
def test_from_an_own_csv_to_an_explained_customer(tmp_path: Path, make_customers) -> None:
    """The whole way by processes of their own, from another folder than the project's."""
    small_panel(make_customers, seed=5, n=800).to_csv(tmp_path / "customers.csv", index=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    config = str(tmp_path / "project" / "churnhealth.toml")

    def call(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [PROGRAM, *arguments], capture_output=True, text=True, cwd=elsewhere, check=False
        )
        return done.returncode, done.stdout, done.stderr

    csv = str(tmp_path / "customers.csv")
    code, out, err = call("init", csv, "--config", config, "--cutoff-date", "2026-04-01", "--json")
    assert code == 0, err
    assert json.loads(out)["label"] == "churned"

    code, out, err = call("retrain", "--config", config, "--json")
    assert code == 0, err
    assert json.loads(out)["decision"] == "promoted"
    assert (tmp_path / "project" / "models" / "mlflow.db").is_file()
    assert list(elsewhere.iterdir()) == []

    code, out, err = call("score", "--config", config, "--json")
    assert code == 0, err
    assert json.loads(out)["rows_scored"] == 800

    code, out, _ = call("score", "--config", config, "--json")
    assert json.loads(out)["status"] == "unchanged"

    code, out, _ = call("explain", "顧客007", "--config", config, "--language", "ja")
    assert code == 0
    assert "健全度" in out

    code, out, _ = call("explain", "顧客7", "--config", config)
    assert code == 1

    warehouse = tmp_path / "project" / "data" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)):
        text = Path(config).read_text() + "\n[warehouse]\nwait_seconds = 0.5\n"
        Path(config).write_text(text)
        started = time.monotonic()
        code, _, err = call("score", "--config", config)
        assert code == 1
        assert str(os.getpid()) in err
        assert time.monotonic() - started < 60

    # The labels turn to noise: the champion is kept, and the exit code says so.
    noise = small_panel(make_customers, seed=5, n=800)
    noise["churned"] = noise["churned"].sample(frac=1.0, random_state=1).to_numpy()
    noise.to_csv(csv, index=False)
    code, out, err = call("retrain", "--config", config, "--json")
    assert (code, json.loads(out)["decision"]) == (3, "kept"), err


@pytest.mark.slow
def test_the_demo_goes_the_whole_way_on_real_customers(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "demo", "--folder", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["decision"] == "promoted"
    assert sum(result["bands"].values()) == result["scored"] > 1300
    told = result["put_aside"]
    assert told["log_loss"] < 0.45 < told["log_loss_base_rate"]
    assert 0.8 < told["calibration_slope"] < 1.2
    for card in result["riskiest"]:
        total = card["base_points"] + sum(one["contribution_points"] for one in card["drivers"])
        assert total == pytest.approx(card["health_score"], abs=1e-9)
