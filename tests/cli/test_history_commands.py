"""check, simulate and indicators on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from churnhealth.cli.history_commands import register

COMMANDS = ["check", "simulate", "indicators"]


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    made = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    register(made)
    return made


@pytest.fixture(scope="module")
def run(app: typer.Typer):
    def call(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "world"
    arguments = ["--customers", "150", "--years", "1", "--out", str(out), "--seed", "3"]
    code, told, err = run(
        "simulate", *arguments, "--timezone", "Asia/Tokyo", "--dirty", "0.01", "--json"
    )
    assert code == 0, err
    assert json.loads(told)["rows"]["customers"] == 151
    return out


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
        "from churnhealth.cli.history_commands import register\n"
        "register(typer.Typer())\n"
        "heavy = {'pandas', 'numpy', 'sklearn', 'lightgbm', 'mlflow', 'duckdb', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_check_tells_people_what_was_found(run, folder):
    code, out, err = run("check", "--config", str(folder / "churnhealth.toml"))
    assert code == 0, err
    for text in (
        "Tables",
        "Findings",
        "usage_events",
        "Customers at each cutoff",
        "the 10 worst covered of 72 indicators",
        "0 or missing for everybody at some of the 4 cutoffs",
        "Passed",
        "health_rejects",
    ):
        assert text in out


def test_check_tells_machines_in_one_document(run, folder):
    code, out, _ = run("check", "--config", str(folder / "churnhealth.toml"), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["passed"] is True
    assert {one["check"] for one in told["findings"]} >= {"orphan", "future", "duplicate", "mutable"}


def test_check_fails_when_something_blocks(run, folder):
    strict = folder / "strict.toml"
    text = (folder / "churnhealth.toml").read_text()
    strict.write_text(text + "\n[check]\nmax_reject_share = 0.0\n")
    code, out, _ = run("check", "--config", str(strict))
    assert code == 1
    assert "findings block" in out


def test_simulate_keeps_a_project_that_is_there(run, folder):
    code, _, err = run("simulate", "--customers", "10", "--years", "1", "--out", str(folder))
    assert code == 2
    assert "--force" in err
    assert run("simulate", "--language", "fr", "--out", str(folder / "x"))[0] == 2


def test_simulate_tells_people_what_to_do_next(run, tmp_path):
    code, out, _ = run("simulate", "--customers", "30", "--years", "1", "--out", str(tmp_path / "w"))
    assert code == 0
    assert "Next: churnhealth check" in out


def test_indicators_are_listed_with_their_words(run, folder):
    code, out, err = run("indicators", "--config", str(folder / "churnhealth.toml"), "--json")
    assert code == 0, err
    listed = {one["name"]: one for one in json.loads(out)["indicators"]}
    assert listed["mrr"]["group"] == "contract"
    assert listed["mrr"]["measure"]
    assert listed["tenure_band"]["measure"] == "segment by tenure_days"
    assert "indicator" in run("indicators", "--built-in", "--language", "ja")[1]


def test_own_indicators_are_marked(run, folder):
    mine = folder / "mine.toml"
    declared = '[indicators.per_seat]\ngroup = "support"\nsql = "tickets_90d / NULLIF(seats, 0)"\n'
    mine.write_text((folder / "churnhealth.toml").read_text() + declared)
    told = json.loads(run("indicators", "--config", str(mine), "--json")[1])["indicators"]
    assert [one["name"] for one in told if one["own"]] == ["per_seat"]
    assert "own" in run("indicators", "--config", str(mine))[1].partition("per_seat")[2]


def test_indicators_without_their_source_are_left_out_and_told(run, folder):
    text = (folder / "churnhealth.toml").read_text().partition("[sources.touches]")
    small = folder / "small.toml"
    small.write_text(text[0])
    told = json.loads(run("indicators", "--config", str(small), "--json")[1])
    assert not [one for one in told["indicators"] if "touches" in one["measure"]]
    assert any("touches" in note for note in told["notes"])


@pytest.mark.parametrize("command", ["check", "indicators"])
def test_a_configuration_that_is_not_there_is_wrong_usage(run, command, tmp_path):
    code, out, _ = run(command, "--json", "--config", str(tmp_path / "none.toml"))
    assert code == 2
    assert json.loads(out)["error"]["type"] == "ConfigError"
