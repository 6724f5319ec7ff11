"""Stages of a job as a progress bar on the terminal, or as plain lines in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from churnhealth.search.judge import Told


class Stages:
    """Shows each stage as it begins, and how far a search is.

    Parameters
    ----------
    console : Console
        On standard error.
    total : int, optional
        How many stages there will be; None where nobody knows.
    bar : Progress, optional
        None: plain lines.
    """

    def __init__(self, console: Console, total: int | None, bar: Progress | None = None) -> None:
        self._console, self._bar = console, bar
        whole = None if total is None else total + 1
        self._stage = bar.add_task("starting", total=whole) if bar else TaskID(0)
        self._part: TaskID | None = None

    def __call__(self, stage: str) -> None:
        """Show that a stage begins."""
        if self._bar is None:
            self._line(stage)
            return
        self._bar.update(self._stage, description=escape(stage), advance=1)
        if self._part is not None:
            self._bar.remove_task(self._part)
            self._part = None

    def searched(self, told: Told) -> None:
        """Show how far a search for options is."""
        text = search_text(told)
        if self._bar is None:
            self._line(f"{told.share:.0%}: {text}")
            return
        if self._part is None:
            self._part = self._bar.add_task(text, total=1.0)
        self._bar.update(self._part, description=escape(text), completed=told.share)

    def _line(self, text: str) -> None:
        self._console.print(f"… {text}", markup=False, highlight=False)


def search_text(told: Told) -> str:
    """Say how many options were tried, and the lowest log loss beside that of the defaults."""
    tried = f"{told.trials} {'trial' if told.trials == 1 else 'trials'}"
    return f"{tried}, best log loss {told.log_loss:.4f} (defaults {told.default:.4f})"


@contextmanager
def stages(total: int | None, *, quiet: bool = False) -> Iterator[Stages]:
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
        yield Stages(console, total)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield Stages(console, total, bar)
