"""Everything that the pages show can be run: Python, commands, SQL, settings; and links lead somewhere.

Blocks of a page run in order, in one folder, with one set of names; see conftest.py for the worlds.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest
import tomlkit
from typer.testing import CliRunner

from churnhealth.cli.main import app
from churnhealth.domain.scorecard import PointTable
from churnhealth.jobs.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OWN_TEST = {"reference", "results"}  # made by the build, or by a benchmark
IN_DOCS = (page for page in DOCS.rglob("*.md") if page.relative_to(DOCS).parts[0] not in OWN_TEST)
PAGES = [*sorted(IN_DOCS), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN = ("python", "sh", "sql", "toml")
SHOWN = ("text", "json", "cron", "yaml", "")
# Run beside what they tell of: test_scheduling_docs.py, test_report_docs.py, test_plots_docs.py.
BESIDE = {DOCS / name for name in ("scheduling.md", "report.md", "kpi.md", "plots.md")}
# Done, champion kept, a retrain is due: all are answers.
ANSWERS = (0, 3, 4)
PANEL = {
    "project": {"name": "p"},
    "panel": {"table": "t", "customer_id": "id"},
}
HISTORY = {
    "project": {"name": "p"},
    "problem": {"rule": "contract_end", "horizon_days": 90},
    "sources": {
        name: {"table": name} for name in ("customers", "subscriptions", "usage_events", "tickets")
    },
}
OF_HISTORIES = {"sources", "cutoffs", "cohort", "segments", "catalogue"}


class Block(NamedTuple):
    """A piece of a page."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*one) for one in BLOCK.findall(page.read_text(encoding="utf-8"))]


def world_of(page: Path) -> str:
    if page.name == "README.md":
        return "nothing"
    named = re.search(r"<!-- snippets: (\w+) -->", page.read_text(encoding="utf-8"))
    return named[1] if named else "panel"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def languages_run(page: Path) -> tuple[str, ...]:
    """What of a page runs here; the README's commands run in tests/test_readme.py."""
    return ("python",) if page.name == "README.md" else ("python", "sh", "sql")


RUNNABLE = [
    page
    for page in PAGES
    if page not in BESIDE and any(one.language in languages_run(page) for one in blocks(page))
]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_the_snippets_of_a_page_run(
    page: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = request.getfixturevalue(world_of(page))
    monkeypatch.chdir(world.folder)
    run: dict[str, Callable[[str], None]] = {
        "python": lambda text: exec(text, world.names),
        "sh": run_commands,
        "sql": run_queries,
    }
    for block in blocks(page):
        if block.language in languages_run(page):
            run[block.language](world.said(block.text))
    FIGURES.get(name_of(page), lambda names: None)(world.names)


def run_commands(text: str) -> None:
    for words in commands(text):
        if words[0] != "churnhealth":
            assert is_known(words), words
            continue
        result = CliRunner().invoke(app, in_a_moment(words[1:]))
        assert result.exit_code in ANSWERS, f"{shlex.join(words)}\n{result.output}"


def in_a_moment(words: list[str]) -> list[str]:
    """Give a search a second where the page gives it minutes."""
    return [
        "1s" if before == "--search" else word for before, word in zip(["", *words], words, strict=False)
    ]


def commands(text: str) -> Iterator[list[str]]:
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


def is_known(words: list[str]) -> bool:
    """Is it a command that cannot run here, but is known to be right?"""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    if words[0] == "make":
        return all(re.search(rf"^{one}:", makefile, re.MULTILINE) for one in words[1:])
    if words[:2] == ["pip", "install"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        return all(one in extras for one in re.findall(r"\[(\w+)\]", words[2]))
    if words[:3] == ["python", "-m", "pytest"]:
        return all((ROOT / one).exists() for one in words[3:] if one.startswith("tests/"))
    return words[0] in (".", "cd", "export") or words[:2] == ["mlflow", "ui"]


def run_queries(text: str) -> None:
    with duckdb.connect("data/warehouse.duckdb", read_only=True) as connection:
        for query in text.split(";"):
            if query.strip():
                connection.sql(query).to_arrow_table()


SETTINGS = [
    pytest.param(page, place, id=f"{name_of(page)}-{place}")
    for page in PAGES
    for place, one in enumerate(one for one in blocks(page) if one.language == "toml")
]


@pytest.mark.parametrize(("page", "place"), SETTINGS)
def test_the_settings_of_a_page_are_valid(page: Path, place: int, tmp_path: Path) -> None:
    text = [one.text for one in blocks(page) if one.language == "toml"][place]
    assert loaded(text, tmp_path).project.name


def loaded(text: str, folder: Path) -> Settings:
    """Read settings as a page shows them, in a small project of the kind that they need."""
    shown = tomllib.loads(text)
    declares = any("kind" in one or "sql" in one for one in shown.get("indicators", {}).values())
    base = HISTORY if declares or OF_HISTORIES & shown.keys() else PANEL
    if {"panel", "sources"} & shown.keys():
        base = {name: base[name] for name in base if name == "project"}
    path = folder / "churnhealth.toml"
    path.write_text(tomlkit.dumps(merged(base, shown)), encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"env:(\w+)", text), "postgresql://me@host/db")
    return load_settings(path, environ=environ)


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for name, value in more.items():
        inner = both.get(name)
        both[name] = merged(inner, value) if isinstance(inner, dict) and name != "problem" else value
    return both


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is(page: Path) -> None:
    languages = {one.language for one in blocks(page)}
    assert languages <= {*RUN, *SHOWN}, languages


def check_the_readme(names: dict[str, Any]) -> None:
    assert Path("my-model/manifest.json").is_file()


def check_monitoring(names: dict[str, Any]) -> None:
    assert names["tally"].report().indicators.equals(names["report"].indicators)


def check_the_point_table(names: dict[str, Any]) -> None:
    """The table in TOML is that in Python, and the losses told are those that come out."""
    page = DOCS / "point-table.md"
    words = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
    (text,) = (one.text for one in blocks(page) if one.language == "toml")
    assert PointTable.from_dict(tomllib.loads(text)["points"]) == names["table"]
    base, points, regression = (f"{one:.3f}" for one in names["losses"].values())
    assert f"{base} for the base rate, {points} for the table and {regression} for a log" in words
    assert "point table" in names["reason"]
    assert 1 <= len(names["learned"].rules) <= 8
    assert names["edited"].to_dict()["tech_support"] == {"levels": {"Yes": 2.0}}


FIGURES = {
    "README.md": check_the_readme,
    "docs/monitoring.md": check_monitoring,
    "docs/point-table.md": check_the_point_table,
}

LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", [*PAGES, *sorted(DOCS.glob("reference/*.md"))], ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    prose = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(prose):
        path = target.partition("#")[0]
        if path and "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / path).exists(), target
