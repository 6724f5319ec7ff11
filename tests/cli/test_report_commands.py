"""report on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from churnhealth.cli import report_commands
from churnhealth.jobs.wiring import Workplace


@pytest.fixture
def run(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    workplace.warehouse.prepare()
    monkeypatch.setattr(report_commands, "open_project", lambda config, progress=None: workplace)
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    report_commands.register(app)

    def call(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.stdout, result.stderr

    return call


def test_the_file_is_named_with_its_size_and_customers(run, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    code, said, _ = run("--out", str(out), "--language", "ja")
    assert code == 0
    assert f"{out} (0.1 MB, 0 of 0 customers)" in said
    assert '<html lang="ja">' in out.read_text("utf-8")


def test_json_is_one_document(run, tmp_path: Path) -> None:
    code, said, _ = run("--out", str(tmp_path / "page.html"), "--json")
    assert code == 0
    document = json.loads(said)
    assert document["path"] == str(tmp_path / "page.html")
    assert document["size"] == (tmp_path / "page.html").stat().st_size


def test_another_language_is_wrong_usage(run) -> None:
    code, _, error = run("--language", "fr")
    assert code == 2
    assert "expected en or ja" in error
