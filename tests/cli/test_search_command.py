"""`retrain --search`: times that are understood, and what is shown while it runs."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from churnhealth.cli import main
from churnhealth.cli.common import seconds_of
from churnhealth.cli.progress import Stages, search_text
from churnhealth.errors import ConfigError
from churnhealth.search.judge import Told


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("10m", 600.0), (" 2h ", 7200.0), (None, None)]
)
def test_times_are_understood(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text, "--search") == seconds


@pytest.mark.parametrize("text", ["10", "m", "0s", "-5m", "1.5h", "10 m", "10min", "1d", "", "١m"])
def test_any_other_text_is_an_error_that_shows_what_is_expected(text: str) -> None:
    with pytest.raises(ConfigError, match="--search: expected a time such as 90s, 10m or 2h, got"):
        seconds_of(text, "--search")


def test_the_command_refuses_a_wrong_time_before_anything_is_read(tmp_path: Path) -> None:
    config = str(tmp_path / "none.toml")
    result = CliRunner().invoke(main.app, ["retrain", "--search", "soon", "--config", config])
    assert result.exit_code == 2
    assert "expected a time such as 90s, 10m or 2h, got 'soon'" in result.stderr


def test_the_command_hands_the_time_and_the_bar_to_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}

    def retrain(workplace, **rest):
        given.update(rest, workplace=workplace)
        rest["search"].told(Told(3, 0.5, 0.41, 0.42))
        return SimpleNamespace(verdict=SimpleNamespace(decision="kept"))

    monkeypatch.setattr("churnhealth.jobs.retrain.retrain", retrain)
    monkeypatch.setattr(main, "open_project", lambda *_: "workplace")
    monkeypatch.setattr("churnhealth.cli.show.retrained", lambda *_, **__: None)
    result = CliRunner().invoke(main.app, ["retrain", "--search", "10m"])
    assert result.exit_code == 3
    assert given["search"].seconds == 600.0
    assert "… 50%: 3 trials, best log loss 0.4100 (defaults 0.4200)" in result.stderr
    CliRunner().invoke(main.app, ["retrain"], catch_exceptions=True)
    assert given["search"] is None


def test_a_bar_shows_the_search_until_the_next_stage_begins() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with Progress(console=console, auto_refresh=False) as bar:
        shown = Stages(console, 3, bar)
        shown("searching")
        shown.searched(Told(1, 0.25, 0.5, 0.5))
        shown.searched(Told(2, 0.5, 0.4, 0.5))
        stage, part = bar.tasks
        assert (stage.completed, stage.description) == (1, "searching")
        assert (part.completed, part.description) == (0.5, search_text(Told(2, 0.5, 0.4, 0.5)))
        shown("judging")
        assert [task.description for task in bar.tasks] == ["judging"]
