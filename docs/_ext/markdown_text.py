"""Small pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""Write a table; strokes inside cells are escaped.

    Examples
    --------
    >>> print(table(["a", "b"], [["1", "x|y"]]))
    | a | b |
    |---|---|
    | 1 | x\|y |
    """
    lines = [list(head), ["---"] * len(head), *(list(row) for row in rows)]
    cells = [[one.replace("|", "\\|").replace("\n", " ") for one in line] for line in lines]
    written = ["| " + " | ".join(line) + " |" for line in cells]
    written[1] = "|" + "---|" * len(head)
    return "\n".join(written)


def code(text: object) -> str:
    """Set a text as code; an empty one stays empty."""
    return f"`{text}`" if str(text) else ""
