"""The README's snippets run, and its numbers are those of the committed results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from churnhealth.cli.main import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_python_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(snippet, names)
    assert (tmp_path / "my-model" / "manifest.json").is_file()


def test_the_two_commands_come_first() -> None:
    (first, *_) = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    assert [line.split("#")[0].strip() for line in first.strip().splitlines()] == [
        "make demo",
        "make test",
    ]


def test_every_command_of_the_readme_exists() -> None:
    for command in set(re.findall(r"^churnhealth (\w+)", README, flags=re.MULTILINE)):
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (ROOT / target).exists(), target


def test_the_figures_are_those_of_the_committed_benchmark() -> None:
    table = (ROOT / "benchmarks" / "results" / "telco.md").read_text()
    measured = re.search(r"HealthModel \| ([\d.]+) \| ([\d.]+) \| ([\d.]+)", table)
    told = re.search(r"\| churnhealth \| ([\d.]+) \| ([\d.]+) \| ([\d.]+)", README)
    assert measured is not None
    assert told is not None
    for exact, rounded in zip(measured.groups(), told.groups(), strict=True):
        digits = len(rounded.partition(".")[2])
        assert f"{float(exact):.{digits}f}" == rounded
