"""The pages on the report and on key figures: their snippets run, their commands and pictures exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from churnhealth.cli.main import app
from churnhealth.domain.kpi import against_guide
from churnhealth.errors import SchemaError
from churnhealth.jobs import wiring
from churnhealth.jobs.wiring import Workplace

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("report", "kpi")}


def snippet_of(name: str) -> str:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGES[name], flags=re.DOTALL)
    return snippet


def test_the_snippet_on_the_report_writes_it(
    by_hand: Callable[..., Workplace],
    make_customer: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workplace = by_hand(("2026-04-01", "m1", [make_customer(1)]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wiring, "open_workplace", lambda config: workplace)
    exec(snippet_of("report"), {})
    assert (tmp_path / "health.html").stat().st_size > 50_000


def test_the_snippet_on_the_guide_says_what_it_says() -> None:
    names: dict[str, Any] = {}
    exec(snippet_of("kpi"), names)
    assert against_guide(names["quarter"].monthly()) == "within"
    assert round(names["quarter"].monthly().value, 4) == 0.0204
    with pytest.raises(SchemaError):
        against_guide(names["quarter"])


@pytest.mark.parametrize("name", PAGES)
def test_every_option_in_the_pages_exists(name: str) -> None:
    for command, options in re.findall(r"^churnhealth (\w+)([^#\n]*)", PAGES[name], flags=re.MULTILINE):
        told = CliRunner().invoke(app, [command, "--help"]).stdout
        assert all(option in told for option in re.findall(r"--\w+", options))


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_picture_is_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGES[name]):
        assert (DOCS / target).exists(), target


def test_pictures_are_small() -> None:
    found = list((DOCS / "pictures").glob("report-*.png"))
    # The reliability diagram is the README's.
    assert {one.stem for one in found} == {
        f"report-{it}" for it in ("card", "overview", "phone", "reliability")
    }
    assert all(one.stat().st_size < 300_000 for one in found)
