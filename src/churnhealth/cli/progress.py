"""Stages of a job as a progress bar on the terminal, or as plain lines in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def stages(total: int | None, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Show each stage as it begins; on standard error, so that results can be piped.

    Parameters
    ----------
    total : int, optional
        How many stages there will be; None where nobody knows.
    quiet : bool
        Show nothing.
    """
    console = Console(stderr=True, quiet=quiet)
    if not console.is_terminal:
        yield lambda stage: console.print(f"… {stage}", markup=False, highlight=False)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None if total is None else total + 1)

        def show(stage: str) -> None:
            bar.update(task, description=escape(stage), advance=1)

        yield show
