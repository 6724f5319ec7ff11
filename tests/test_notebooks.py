"""The notebooks run, and say what their stored outputs say they do."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_its_script(path: Path) -> None:
    notebook, script = nbformat.read(path, 4), jupytext.read(path.with_suffix(".py"))
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in script.cells]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs_and_shows_what_is_stored(path: Path) -> None:
    stored = nbformat.read(path, 4)
    fresh = nbformat.read(path, 4)
    NotebookClient(fresh, timeout=300, kernel_name="python3").execute(cwd=str(path.parent))
    shown = [[one.output_type for one in cell.get("outputs", [])] for cell in fresh.cells]
    assert shown == [[one.output_type for one in cell.get("outputs", [])] for cell in stored.cells]
