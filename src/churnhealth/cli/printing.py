"""How commands print: tables, lines of text, one JSON document; nothing of the data is markup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Names of customers, tables and columns are data: nothing in them is ever read as markup.
console = Console(markup=False, highlight=False, emoji=False)


def new_table(title: str | None, columns: Sequence[str]) -> Table:
    """Return an empty table; cells that are too long are folded, not cut."""
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def plain_text(value: object) -> Text:
    r"""Return text of the data as it is, with control characters made visible.

    Examples
    --------
    >>> plain_text("a[bold]\x1b").plain
    'a[bold]\\x1b'
    """
    shown = str(value)
    return Text("".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in shown))


def print_lines(*lines: str) -> None:
    """Print lines without breaking them."""
    for line in lines:
        console.print(plain_text(line), soft_wrap=True)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values for JSON; what is missing becomes None."""
    plain = table.astype(object).where(table.notna(), None)
    return [
        {str(k): v.isoformat() if isinstance(v, pd.Timestamp) else v for k, v in row.items()}
        for row in plain.to_dict("records")
    ]


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    console.print(text, soft_wrap=True)
