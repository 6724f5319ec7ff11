"""The notebooks run, show what their stored outputs show, and can be read where they are hosted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_BYTES, MOST_LINES, MOST_CELL_LINES = 600_000, 75, 12
A_FOLDER_OF_THIS_MACHINE = re.compile(r"(?<![\w/.:])/(?:tmp|root|home|work|usr|var|Users|private)/")

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, 4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [one for cell in code_cells(notebook) for one in cell.outputs]


def kinds(notebook: nbformat.NotebookNode) -> list[list[tuple[str, ...]]]:
    """Say what every cell put out: streams by name, values by the forms in which they can be shown."""
    return [
        [(one.output_type, *sorted(one.get("data", [one.get("name", "")]))) for one in cell.outputs]
        for cell in code_cells(notebook)
    ]


def test_there_are_six_notebooks_each_with_its_script() -> None:
    assert len(NOTEBOOKS) == 6
    assert [path.stem for path in NOTEBOOKS] == sorted(path.stem for path in FOLDER.glob("*.py"))


def test_every_notebook_is_listed_in_the_documentation() -> None:
    page = (FOLDER.parent / "docs" / "notebooks.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\(\.\./notebooks/(\w+)\.ipynb\)", page)) == [
        one.stem for one in NOTEBOOKS
    ]


@each
def test_a_notebook_is_its_script(path: Path) -> None:
    script = jupytext.read(path.with_suffix(".py"))
    assert [cell.source for cell in read(path).cells] == [cell.source for cell in script.cells]


@each
def test_a_notebook_opens_with_the_question_that_it_answers(path: Path) -> None:
    first = read(path).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# .+\?$", first.source.splitlines()[0])


@each
def test_a_notebook_is_short(path: Path) -> None:
    lines = [len([line for line in cell.source.splitlines() if line]) for cell in code_cells(read(path))]
    assert sum(lines) <= MOST_LINES
    assert max(lines) <= MOST_CELL_LINES


@each
def test_stored_outputs_are_whole_and_without_noise(path: Path) -> None:
    notebook = read(path)
    count = len(code_cells(notebook))
    assert [cell.execution_count for cell in code_cells(notebook)] == list(range(1, count + 1))
    assert {one.output_type for one in outputs(notebook)} <= {"execute_result", "display_data", "stream"}
    assert {one.name for one in outputs(notebook) if one.output_type == "stream"} <= {"stdout"}


@each
def test_stored_outputs_are_small_and_name_no_folder_of_this_machine(path: Path) -> None:
    assert path.stat().st_size <= MOST_BYTES
    assert not A_FOLDER_OF_THIS_MACHINE.search(json.dumps(outputs(read(path)), ensure_ascii=False))


@each
def test_a_notebook_shows_tables_and_pictures_that_any_host_can_show(path: Path) -> None:
    forms = {form for one in outputs(read(path)) for form in one.get("data", [])}
    assert {"text/html", "image/png"} <= forms <= {"text/html", "image/png", "text/plain"}


@pytest.mark.slow
@each
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs_and_shows_what_is_stored(path: Path) -> None:
    fresh = read(path)
    NotebookClient(fresh, timeout=900, kernel_name="python3").execute(cwd=str(path.parent))
    assert kinds(fresh) == kinds(read(path))
