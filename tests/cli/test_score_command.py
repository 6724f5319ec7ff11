"""score on the command line: one cutoff, a backfill, and lines for machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from churnhealth.cli import score_command
from churnhealth.jobs.wiring import Workplace


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    score_command.register(app)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str, **environment: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments), env=environment)
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture
def weekly(
    trained: Workplace, reopened: Callable[..., Workplace], monkeypatch: pytest.MonkeyPatch
) -> Workplace:
    """Ten customers at each of two Mondays."""
    workplace = reopened(trained, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    some = trained.warehouse.read_table("to_score").head(10)
    both = [some.assign(cutoff="2026-05-04"), some.assign(cutoff="2026-05-11", logins=3.0)]
    workplace.warehouse.write_table("to_score", pd.concat(both, ignore_index=True))
    monkeypatch.setattr(score_command, "open_project", lambda config, progress=None: workplace)
    return workplace


def break_newest(workplace: Workplace) -> None:
    table = workplace.warehouse.read_table("to_score")
    table.loc[table["cutoff"] == "2026-05-11", "logins"] = np.inf
    workplace.warehouse.write_table("to_score", table)


def test_a_backfill_gives_people_a_line_and_machines_a_list_of_runs(run, weekly: Workplace) -> None:
    code, out, err = run("--since", "2026-05-01")
    assert code == 0, err
    assert "Scored 10 of 10 customers at 2026-05-04" in out
    assert "Scored 10 of 10 customers at 2026-05-11" in out
    code, out, _ = run("--since", "2026-05-01", "--json")
    told = json.loads(out)
    assert code == 0
    assert [one["status"] for one in told["runs"]] == ["unchanged", "unchanged"]
    assert (told["failed"], told["not_tried"]) == (None, [])


def test_a_backfill_that_fails_in_the_middle_ends_with_1_and_says_what_was_done(
    run, weekly: Workplace
) -> None:
    break_newest(weekly)
    code, out, err = run("--since", "2026-05-01")
    assert code == 1
    assert "customers at 2026-05-04" in out
    assert "the cutoff 2026-05-11 failed" in err
    assert "Scored before it, and kept: 2026-05-04" in err
    code, out, err = run("--since", "2026-05-01", "--json", "--log-json")
    assert code == 1
    assert json.loads(out)["failed"]["cutoff"] == "2026-05-11"
    lines = [json.loads(line) for line in err.splitlines()]
    assert len({line["run_id"] for line in lines}) == 2
    assert [line["status"] for line in lines][-1] == "failed"


def test_lines_of_json_come_by_an_option_or_by_the_environment(run, weekly: Workplace) -> None:
    for arguments, environment in ((("--log-json",), {}), ((), {"CHURNHEALTH_LOG_JSON": "1"})):
        code, out, err = run(*arguments, **environment)
        assert code == 0
        assert "Most at risk" in out
        stages = [json.loads(line)["stage"] for line in err.splitlines()]
        assert stages[-1] == "publishing"
    assert run()[2] == ""


def test_a_wrong_configuration_is_a_line_too_and_nothing_else(run, tmp_path: Path) -> None:
    code, out, err = run("--config", str(tmp_path / "none.toml"), "--log-json")
    assert (code, out) == (2, "")
    (line,) = map(json.loads, err.splitlines())
    assert (line["job"], line["status"], line["run_id"]) == ("score", "failed", None)
    assert line["error"]["type"] == "ConfigError"


@pytest.mark.parametrize(
    "arguments", [("--since", "May"), ("--since", "2026-05-02", "--cutoff", "2026-05-01")]
)
def test_wrong_usage_ends_with_2(run, weekly: Workplace, arguments: tuple[str, ...]) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert "expected" in err
