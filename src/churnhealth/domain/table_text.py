"""Tables for people: set in plain text, or in HTML with every word escaped."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

# A number that somebody has already written out, or the dash of a missing one.
_NUMBER = re.compile(r"[+\-−±]?[\d,]*\.?\d+%?|–")
_RIGHT_HEAD = '<th style="text-align:right">'


def shown(value: object) -> str:
    """Write a cell: whole numbers whole, others with four decimals, what is missing as a dash.

    Examples
    --------
    >>> [shown(value) for value in (7043, 0.41234, float("nan"), True, "plan")]
    ['7,043', '0.4123', '–', 'yes', 'plan']
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}"
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{round(float(value), 4) + 0.0:,.4f}"
    return str(value)


def text_table(table: pd.DataFrame) -> str:
    """Set a table in plain text: numbers to the right, words to the left, a line under the names.

    Widths count East Asian characters as two, as terminals do.

    Examples
    --------
    >>> text_table(pd.DataFrame({"plan": ["A", "Basic"], "customers": [1200, 7]})).splitlines()
    ['plan   customers', '-----  ---------', 'A          1,200', 'Basic          7']
    """
    names, lines = [str(name) for name in table.columns], _cells(table)
    widths = [max(map(_width, cells)) for cells in zip(names, *lines, strict=True)]
    right = _numeric(table)
    ruled = [names, ["-" * width for width in widths], *lines]
    return "\n".join(_line(cells, widths, right).rstrip() for cells in ruled)


def html_table(table: pd.DataFrame, caption: str = "") -> str:
    """Return a table as HTML; names and values are escaped.

    Examples
    --------
    >>> "&lt;b&gt;" in html_table(pd.DataFrame({"plan": ["<b>"]}))
    True
    """
    right = _numeric(table)
    starts = [_RIGHT_HEAD if number else "<th>" for number in right]
    heads = zip(starts, table.columns, strict=True)
    head = "".join(f"{start}{html.escape(str(name))}</th>" for start, name in heads)
    body = "".join(f"<tr>{_html_cells(row, right)}</tr>" for row in _cells(table))
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_cells(row: Sequence[str], right: Sequence[bool]) -> str:
    return "".join(
        f'<td style="text-align:{"right" if number else "left"}">{html.escape(cell)}</td>'
        for cell, number in zip(row, right, strict=True)
    )


def _cells(table: pd.DataFrame) -> list[list[str]]:
    columns = [_column(table.iloc[:, place]) for place in range(table.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _column(column: pd.Series[Any]) -> list[str]:
    # A column of counts that happens to hold floats reads better without decimals.
    if pd.api.types.is_float_dtype(column) and column.max() > 1 and (column % 1 == 0).all():
        return [f"{value:,.0f}" for value in column]
    return [shown(value) for value in column]


def _numeric(table: pd.DataFrame) -> list[bool]:
    return [_is_number(table.iloc[:, place]) for place in range(table.shape[1])]


def _is_number(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_bool_dtype(column.dtype):
        return False
    if not pd.api.types.is_string_dtype(column.dtype):
        return True
    return bool(len(column)) and all(_NUMBER.fullmatch(str(cell)) for cell in column)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    set_cells = []
    for cell, width, number in zip(cells, widths, right, strict=True):
        space = " " * (width - _width(cell))
        set_cells.append(space + cell if number else cell + space)
    return "  ".join(set_cells)
