"""kpi on the command line: a table for people, one document for machines."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from churnhealth.cli import kpi_commands, show_kpi
from churnhealth.jobs.simulate_project import simulate_project


@pytest.fixture
def run(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    kpi_commands.register(app)
    wide = Console(markup=False, highlight=False, emoji=False, width=200)
    monkeypatch.setattr(show_kpi, "console", wide)
    project = simulate_project(60, 2, tmp_path, seed=1, timezone="Asia/Tokyo")

    def call(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["--config", str(project.config), *arguments])
        return result.exit_code, result.stdout, result.stderr

    return call


def test_figures_are_printed_with_their_period_interval_and_guide(run) -> None:
    code, out, _ = run()
    assert code == 0
    assert "Churn rate (customers)" in out
    assert "% / month" in out
    assert "3 % a month" in out
    assert "Retention by cohort" in out


def test_the_japanese_table_has_japanese_words(run) -> None:
    code, out, _ = run("--language", "ja", "--months", "3")
    assert code == 0
    assert "解約率（顧客数）" in out
    assert "コホート別の継続率" in out


def test_json_is_one_document(run) -> None:
    code, out, _ = run("--json", "--months", "3")
    assert code == 0
    document = json.loads(out)
    assert len(document["monthly"]) == 3
    assert document["source"] == "history"
    assert {"cohort", "period", "customers", "retained", "retention"} == set(document["cohorts"][0])


def test_no_month_is_wrong_usage(run) -> None:
    code, _, err = run("--months", "0")
    assert code == 2
    assert "months: expected 1 or more" in err
