"""The Markdown of model cards, read into plain blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from churnhealth.report.markdown import Block, markdown_blocks

CARD = """# Health model of a

## Intended use

One line
goes on. **Not** for others.

- first
- second
| a | b |
|---|---|
| 1 | x \\| y |

| only a head |
|---|
"""


def test_a_card_becomes_its_blocks() -> None:
    assert markdown_blocks(CARD) == [
        Block("heading", 1, (("Health model of a",),)),
        Block("heading", 2, (("Intended use",),)),
        Block("paragraph", 0, (("One line goes on. Not for others.",),)),
        Block("list", 0, (("first",), ("second",))),
        Block("table", 0, (("a", "b"), ("1", "x | y"))),
        Block("table", 0, (("only a head",),)),
    ]


def test_nothing_gives_no_block() -> None:
    assert markdown_blocks("") == []
    assert markdown_blocks("\n \n") == []


def test_two_headings_after_one_another_are_two_blocks() -> None:
    assert [block.level for block in markdown_blocks("# a\n## b\n# c")] == [1, 2, 1]


@given(st.text(alphabet="#-| ab*\\\n"))
def test_whatever_the_text_every_block_has_lines_of_text(text: str) -> None:
    for block in markdown_blocks(text):
        assert block.kind in ("heading", "paragraph", "list", "table")
        assert block.lines
