"""The little Markdown that a model card is made of, as blocks that the template writes escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """One block of text.

    Parameters
    ----------
    kind : {"heading", "paragraph", "list", "table"}
    level : int
        Of a heading, 1 to 6; 0 for other blocks.
    lines : tuple of tuple of str
        A heading or paragraph has one line with one text; a list a line per item; a table a line of
        cells per row, the head first.
    """

    kind: str
    level: int
    lines: tuple[tuple[str, ...], ...]


def markdown_blocks(text: str) -> list[Block]:
    r"""Read headings, paragraphs, bullet lists and tables; whatever else stands there is a paragraph.

    Bold marks are taken away, escaped bars are bars. Nothing is trusted: the texts are plain.

    Examples
    --------
    >>> card = "# Model\n\n- **one**\n- two\n\n| a | b |\n|---|---|\n| 1 | x \\| y |"
    >>> for block in markdown_blocks(card):
    ...     print(block.kind, block.level, block.lines)
    heading 1 (('Model',),)
    list 0 (('one',), ('two',))
    table 0 (('a', 'b'), ('1', 'x | y'))
    """
    return [block for lines in _runs(text) for block in [_block(lines)] if block.lines]


def _runs(text: str) -> Iterator[list[str]]:
    """Give lines of one kind that follow each other."""
    run: list[str] = []
    for line in text.splitlines():
        if run and _kind(line) != _kind(run[0]):
            yield run
            run = []
        if line.strip():
            if _kind(line) == "heading" and run:
                yield run
                run = []
            run.append(line.strip())
    if run:
        yield run


def _kind(line: str) -> str:
    stripped = line.strip()
    if not stripped:
        return "empty"
    if re.match(r"#{1,6} ", stripped):
        return "heading"
    if stripped.startswith("- "):
        return "list"
    return "table" if stripped.startswith("|") else "paragraph"


def _block(lines: list[str]) -> Block:
    kind = _kind(lines[0])
    if kind == "heading":
        marks, _, words = lines[0].partition(" ")
        return Block(kind, len(marks), ((_plain(words),),))
    if kind == "list":
        return Block(kind, 0, tuple((_plain(line[2:]),) for line in lines))
    if kind == "table":
        rows = [_cells(line) for line in lines if not re.fullmatch(r"[|\-: ]+", line)]
        return Block(kind, 0, tuple(rows))
    return Block("paragraph", 0, ((_plain(" ".join(lines)),),))


def _cells(line: str) -> tuple[str, ...]:
    inner = re.split(r"(?<!\\)\|", line)[1:-1]
    return tuple(_plain(cell.strip().replace("\\|", "|")) for cell in inner)


def _plain(text: str) -> str:
    return text.replace("**", "")
