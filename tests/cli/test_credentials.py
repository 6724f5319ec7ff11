"""Passwords of warehouse and tracking server: in no output, log or traceback, and not in the ledger."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.cli.main import app
from churnhealth.jobs.wiring import Workplace

pytestmark = pytest.mark.slow

SECRET = "Tr0ub4dor&3"  # noqa: S105
IN_URI = "Tr0ub4dor%263"
COMMANDS = ["score", "retrain", "lists", "explain N0001"]


@pytest.fixture
def said(
    workplace: Workplace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Return what runs a command on the project: its exit code, and all that anybody can read of it."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    def run(command: str, *options: str) -> tuple[int, str]:
        caplog.clear()
        with caplog.at_level(logging.DEBUG):
            called = [*command.split(), *options, "--config", str(workplace.config)]
            result = CliRunner().invoke(app, called)
        trace = traceback.format_exception(result.exception) if result.exception else []
        return result.exit_code, "".join([result.stdout, result.stderr, caplog.text, *trace])

    return run


def configure(workplace: Workplace, **places: str) -> None:
    sections = "".join(f'\n[{name}]\n{key} = "env:{name.upper()}"\n' for name, key in places.items())
    workplace.config.write_text(workplace.config.read_text() + sections)


@pytest.mark.parametrize("options", [(), ("--json",), ("--debug",)], ids=["plain", "json", "debug"])
def test_a_warehouse_that_lets_nobody_in_is_told_without_the_password(
    workplace: Workplace, said: Callable, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    configure(workplace, warehouse="path")
    monkeypatch.setenv("WAREHOUSE", f"postgresql://ann:{IN_URI}@127.0.0.1:1/crm")
    for command in COMMANDS:
        code, text = said(command, *options)
        assert code == 1, (command, text)
        assert "PostgreSQL at 127.0.0.1:1" in text, (command, text)
        assert SECRET not in text
        assert IN_URI not in text


@pytest.mark.parametrize("options", [(), ("--json",), ("--debug",)], ids=["plain", "json", "debug"])
def test_a_tracking_server_that_lets_nobody_in_is_told_without_the_password_in_the_ledger_too(
    workplace: Workplace, said: Callable, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    configure(workplace, warehouse="path", tracking="uri")
    file = workplace.settings.folder / "warehouse.duckdb"
    monkeypatch.setenv("WAREHOUSE", str(file))
    monkeypatch.setenv("TRACKING", f"http://ann:{IN_URI}@127.0.0.1:1")
    for command in ("score", "promote 1"):
        code, text = said(command, *options)
        assert code == 1, (command, text)
        assert "***@127.0.0.1:1" in text
        assert SECRET not in text
        assert IN_URI not in text
    ledger = DuckDBWarehouse(file).read_table("health_runs")
    assert ledger["status"].tolist() == ["failed", "failed"]
    messages = " ".join(ledger["message"])
    assert "***@127.0.0.1:1" in messages
    assert SECRET not in messages
    assert IN_URI not in messages
    assert all(raw.encode() not in file.read_bytes() for raw in (SECRET, IN_URI))


def test_a_password_in_the_configuration_is_refused_and_not_repeated(
    workplace: Workplace, said: Callable
) -> None:
    text = workplace.config.read_text()
    Path(workplace.config).write_text(
        f'{text}\n[warehouse]\npath = "postgresql://ann:{IN_URI}@db/crm"\n'
    )
    for options in ((), ("--json",), ("--debug",)):
        code, text = said("score", *options)
        assert code in (1, 2)
        assert "a password does not belong in this file" in text
        assert IN_URI not in text
