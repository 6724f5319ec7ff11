"""Pieces of Markdown that the model card is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    """Return text of the data as one cell of a Markdown table: one line, bars escaped.

    Examples
    --------
    >>> cell("one  two")
    'one two'
    """
    return " ".join(text.split()).replace("|", "\\|")


def section(title: str, names: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Return a section with one table; nothing at all without rows."""
    rows = [f"| {' | '.join(line)} |" for line in lines]
    head = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    return ["", f"## {title}", "", *head, *rows] if rows else []
