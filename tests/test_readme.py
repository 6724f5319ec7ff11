"""The README's commands exist, lead a newcomer to the end, and its numbers are those of the results."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from churnhealth.cli.main import app

ROOT = Path(__file__).parents[1]
PROGRAM = "from churnhealth.cli.main import main; main()"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_two_commands_come_first() -> None:
    (first, *_) = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    assert [line.split("#")[0].strip() for line in first.strip().splitlines()] == [
        "make demo",
        "make test",
    ]


def commands() -> list[list[str]]:
    """Return every command of the README, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words for words in lines if words]


def test_every_command_of_the_readme_exists_with_its_options() -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for program, *words in commands():
        if program == "churnhealth":
            command, *rest = words
            options = {option for one in known[command].params for option in one.opts}
            assert {word for word in rest if word.startswith("-")} <= options, words


def own_customers() -> list[str]:
    """Return the section for newcomers as what has to be typed, from a clone on."""
    section = README.partition("## With your own customers")[2].partition("\n## ")[0]
    before, _, after = section.partition("```sh\n")
    return [*re.findall(r"`(make demo|\. \S+)`", before), *after.partition("```")[0].splitlines()]


# The command that ends a newcomer's way.
END = "report"


@pytest.mark.slow
def test_six_commands_lead_from_a_clone_to_a_report_on_own_customers(
    tmp_path: Path, make_customers: Callable
) -> None:
    typed = own_customers()
    way = typed[: next(at for at, line in enumerate(typed) if f"churnhealth {END}" in line) + 1]
    assert len(way) <= 6
    assert way[:2] == ["make demo", ". .venv/bin/activate"]
    frame, churned, _ = make_customers(500, seed=5)
    frame.insert(0, "customer_id", [f"C{at}" for at in range(len(frame))])
    frame.assign(churned=churned).to_csv(tmp_path / "customers.csv", index=False)
    for line in way[2:]:
        words = shlex.split(line.replace("CUSTOMER_ID", "C1"), comments=True)
        assert words[0] == "churnhealth"
        command = [sys.executable, "-c", PROGRAM, *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    (page,) = tmp_path.glob("*.html")
    assert "健全度" in page.read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_committed_benchmark() -> None:
    table = (ROOT / "benchmarks" / "results" / "telco.md").read_text()
    measured = re.search(r"HealthModel \| ([\d.]+) \| ([\d.]+) \| ([\d.]+)", table)
    told = re.search(r"\| churnhealth \| ([\d.]+) \| ([\d.]+) \| ([\d.]+)", README)
    assert measured is not None
    assert told is not None
    for exact, rounded in zip(measured.groups(), told.groups(), strict=True):
        digits = len(rounded.partition(".")[2])
        assert f"{float(exact):.{digits}f}" == rounded
