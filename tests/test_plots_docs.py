"""The snippets of docs/plots.md run, every picture is told there, and the files shown are small."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from churnhealth import plots

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "plots.md").read_text(encoding="utf-8")


def _pictures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_pictures", DOCS / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_is_told() -> None:
    for name in plots.__all__:
        assert f"`{name}`" in PAGE or f"plots.{name}(" in PAGE, name


def test_the_pictures_shown_are_committed_and_small() -> None:
    shown = re.findall(r"\]\((pictures/[^)]+)\)", PAGE)
    assert sorted(shown) == sorted(f"pictures/{name}.png" for name in _pictures().SHOWN)
    files = list((DOCS / "pictures").iterdir())
    here = {f"pictures/{one.name}" for one in files}
    assert {one for one in here if not one.startswith("pictures/report-")} == set(shown)
    assert sum(one.stat().st_size for one in files) < 1_500_000


@pytest.mark.slow
def test_the_snippets_run_and_every_chart_is_a_picture() -> None:
    names: dict[str, Any] = _pictures().run_snippets()
    charts = [value for value in names.values() if type(value).__module__.startswith("altair.")]
    assert len(charts) >= 11
    assert names["svg"].startswith("<svg")
    assert names["png"].startswith(b"\x89PNG")
