"""Execute the notebooks anew from their scripts: `python docs/notebooks.py`, or some of them by name."""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"


def execute(script: Path) -> Path:
    """Run a script as a notebook and keep its outputs beside it, without times and random ids."""
    notebook = jupytext.read(script)
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"{script.stem}-{place}"
    NotebookClient(notebook, kernel_name="python3", record_timing=False).execute(cwd=str(FOLDER))
    jupytext.write(notebook, script.with_suffix(".ipynb"))
    return script.with_suffix(".ipynb")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(one.stem for one in FOLDER.glob("*.py")):
        execute(FOLDER / f"{name}.py")
