"""The site builds without a warning, asks nobody for anything, and its reference is complete."""

from __future__ import annotations

import html
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

import churnhealth
from churnhealth import errors
from churnhealth.cli.main import app
from churnhealth.domain import promotion_checks
from churnhealth.domain.history import HISTORY
from churnhealth.domain.monitor_tables import CREATED_TABLES

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built as `make docs` builds them."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += ["-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.fixture
def settings_reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The part of the build that knows the settings."""
    monkeypatch.syspath_prepend(DOCS / "_ext")
    return importlib.import_module("settings_reference")


def words(site: Path, page: str) -> str:
    """Return what a reader of a page reads, with single blanks."""
    text = re.sub(r"<[^>]+>", "", (site / page).read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", html.unescape(text))


def test_every_page_is_there(site: Path) -> None:
    sources = list(DOCS.rglob("*.md"))
    assert len(sources) > 30
    for page in sources:
        assert (site / page.relative_to(DOCS).with_suffix(".html")).is_file(), page


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    fetched = re.compile(
        r"""<(?:script|img|iframe|source|link)\b[^>]*?(?:src|href)=["'](?:https?:)?//[^"']+"""
    )
    for page in site.rglob("*.html"):
        assert not fetched.findall(page.read_text(encoding="utf-8")), page
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//", text), style


def test_every_public_name_is_documented(site: Path) -> None:
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    names = [name for name in churnhealth.__all__ if name != "__version__"]
    assert not [name for name in names if f'id="churnhealth.{name}"' not in page]
    assert "churnhealth.__version__" in page


def test_what_the_snippets_import_is_documented(site: Path) -> None:
    page = (site / "reference" / "more-names.html").read_text(encoding="utf-8")
    assert 'id="churnhealth.jobs.drift.check_drift"' in page
    assert 'id="churnhealth.explain.similar.same_segment"' in page


def test_every_command_and_option_is_documented(site: Path) -> None:
    page = words(site, "reference/commands.html")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert f"churnhealth {name}" in page
        for one in command.params:
            if one.param_type_name == "option":
                assert all(option in page for option in one.opts), (name, one.opts)
                assert " ".join((one.help or "").split()) in page
                assert one.help, (name, one.opts)


def test_every_settings_key_is_there_with_a_meaning(site: Path, settings_reference: Any) -> None:
    page = words(site, "reference/settings.html")
    silent = []
    for section, model in settings_reference.sections():
        assert f"[{section}" in page
        for key in model.model_fields if model else ():
            told = settings_reference.meaning(section, key)
            silent += [] if told else [f"{section}.{key}"]
            assert re.search(rf"\b{key}\b", page), key
    # A new key needs a line in docs/_ext/settings.toml.
    assert silent == []


def test_no_meaning_is_told_of_a_key_that_is_not_there(settings_reference: Any) -> None:
    known = {
        section: set(model.model_fields) if model else None
        for section, model in settings_reference.sections()
    }
    for section, told in settings_reference.WORDS.items():
        names = set(known) if section == "sections" else known[section]
        assert names is None or set(told) <= names, (section, set(told) - names)


def test_every_table_and_column_is_documented(site: Path) -> None:
    written, read = (words(site, f"reference/{one}tables.html") for one in ("", "history-"))
    for contract in CREATED_TABLES:
        assert contract.name in written
        assert all(f" {one.name} {one.kind} " in written for one in contract.columns)
    for name, table in HISTORY.items():
        assert name in read
        assert all(f" {one.name} {one.kind} " in read for one in table.columns)


def test_the_view_is_documented_with_all_its_columns(site: Path, tmp_path: Path) -> None:
    warehouse = churnhealth.DuckDBWarehouse(tmp_path / "w.duckdb")
    warehouse.prepare()
    page = words(site, "reference/tables.html")
    assert [name for name, _ in warehouse.columns("health_current") if name not in page] == []


def test_errors_exit_codes_and_checks_are_documented(site: Path) -> None:
    page = words(site, "reference/errors.html")
    for name, one in vars(errors).items():
        if isinstance(one, type) and issubclass(one, errors.ChurnHealthError):
            assert name in page
    assert "4 monitor: a retrain is due" in page
    source = Path(promotion_checks.__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'"(CH-G\d\d)"', source))
    assert len(codes) == 13
    assert codes == set(re.findall(r"CH-G\d\d", page))


def test_japanese_emphasis_is_set_as_such(site: Path) -> None:
    # Two asterisks between a Japanese bracket and a letter stay as they are.
    assert "**" not in words(site, "ja/index.html")


def test_browsers_are_told_which_pages_are_japanese(site: Path) -> None:
    assert '<html class="no-js" lang="ja"' in (site / "ja" / "index.html").read_text(encoding="utf-8")
    assert '<html class="no-js" lang="en"' in (site / "index.html").read_text(encoding="utf-8")
