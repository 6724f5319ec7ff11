"""monitor and lists on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from churnhealth.cli import monitor_commands
from churnhealth.jobs.score import score
from churnhealth.jobs.wiring import Workplace


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    monitor_commands.register(app)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr

    return call


@pytest.fixture
def scored(
    trained: Workplace, reopened: Callable[..., Workplace], monkeypatch: pytest.MonkeyPatch
) -> Workplace:
    """Sixty customers scored on 1 May, and what became of them in a newer panel."""
    workplace = reopened(trained, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    customers = workplace.warehouse.read_table("to_score").assign(cutoff="2026-05-01")
    workplace.warehouse.write_table("to_score", customers)
    score(workplace)
    labels = customers.assign(churned=[int(at % 3 == 0) for at in range(len(customers))])
    workplace.warehouse.write_table("panel", labels)
    monkeypatch.setattr(monitor_commands, "open_project", lambda config, progress=None: workplace)
    return workplace


def at(workplace: Workplace, *day: int) -> None:
    workplace.clock.now = datetime(*day, tzinfo=UTC)


def test_monitor_ends_with_0_when_nothing_is_due_and_with_4_when_it_is(run, scored: Workplace) -> None:
    at(scored, 2026, 5, 20)
    code, out, err = run("monitor")
    assert code == 0, err
    assert "A retrain is not due" in out
    at(scored, 2026, 9, 1)
    code, out, _ = run("monitor", "--json")
    told = json.loads(out)
    assert (code, told["due"]) == (4, True)
    assert {check["name"]: check["status"] for check in told["checks"]}["age"] == "due"
    assert told["periods"][0]["churners"] == 20
    assert told["drift"]["customers"] == 60


def test_monitor_shows_people_what_became_of_whom(run, scored: Workplace) -> None:
    at(scored, 2026, 9, 1)
    code, out, _ = run("monitor", "--since", "2026-01-01")
    assert code == 4
    for text in (
        "A retrain is due",
        "Churners predicted and observed",
        "2026-05",
        "Red, but stayed",
        "health_monitor_*",
    ):
        assert text in out


@pytest.mark.parametrize("arguments", [("monitor", "--since", "May"), ("lists", "--most", "-1")])
def test_wrong_usage_ends_with_2(run, scored: Workplace, arguments: tuple[str, ...]) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert "expected" in err


def test_a_failure_ends_with_1(run, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor_commands, "open_project", lambda config, progress=None: workplace)
    code, out, _ = run("monitor", "--json")
    assert code == 1
    assert json.loads(out)["error"]["type"] == "TrackingError"


def test_lists_are_shown_and_written(run, scored: Workplace, tmp_path: Path) -> None:
    code, out, err = run("lists", "--most", "3", "--csv", str(tmp_path / "out"))
    assert code == 0, err
    assert "Prevention: by MRR at risk (3 of " in out
    assert "Expansion: healthy customers" in out
    written = [pd.read_csv(tmp_path / "out" / f"{name}.csv") for name in ("prevention", "expansion")]
    assert sum(map(len, written)) == 60
    told = json.loads(run("lists", "--json", "--most", "0")[1])
    assert len(told["prevention"]) + len(told["expansion"]) == 60
    assert told["prevention"][0]["currency"] == "JPY"
