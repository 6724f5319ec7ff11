"""Cells: the columns that indicators need, gathered so that each source is read as seldom as possible.

A *part* is one named SELECT with one row per customer_id and cutoff; a *cell* is one of its columns.
Two indicators that need the same cell share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from churnhealth.domain.measures import Measure, Where
from churnhealth.features.sql_text import literal


@dataclass(frozen=True)
class PartKey:
    """What tells one part from another.

    Parameters
    ----------
    kind : {"rows", "things", "newest", "ever", "contracts", "changes", "steps"}
    table : str
        History table.
    date : str
        The column that places a row in time.
    column : str
        What is counted once ("things"), taken from the newest row, or compared ("changes").
    where : tuple
        Rows that count, where the part cannot hold several conditions side by side ("newest").
    back : int
        Days before the cutoff at which contracts are looked at.
    """

    kind: str
    table: str
    date: str = ""
    column: str = ""
    where: Where = ()
    back: int = 0


@dataclass
class Part:
    """The cells of one part.

    Attributes
    ----------
    name : str
        Its name in the query.
    cells : dict of str to str
        SQL of an aggregate, to the name of its column.
    inner : dict of str to str
        The same one level deeper, for parts that aggregate twice.
    reach : int
        Days before the cutoff that any of its cells looks at.
    """

    name: str
    cells: dict[str, str] = field(default_factory=dict)
    inner: dict[str, str] = field(default_factory=dict)
    reach: int = 0


@dataclass
class Cells:
    """All parts of one query.

    Attributes
    ----------
    parts : dict of PartKey to Part
    windows : set of (int, int)
        First and last age in days of every stretch of days in which rows are counted.
    days : bool
        Are days told apart by their bits?
    """

    parts: dict[PartKey, Part] = field(default_factory=dict)
    windows: set[tuple[int, int]] = field(default_factory=set)
    days: bool = False

    def window(self, first: int, last: int) -> str:
        """Ask for a column of the calendar: 1 for ages from `first` to `last`, else empty."""
        self.windows.add((first, last))
        return f"k.{window_name(first, last)}"

    def add(self, key: PartKey, sql: str, reach: int = 0) -> str:
        """Ask for a cell; return how the final SELECT names it."""
        part = self._part(key, reach)
        return f"{part.name}.{part.cells.setdefault(sql, f'c{len(part.cells) + 1}')}"

    def add_inner(self, key: PartKey, sql: str, reach: int = 0) -> str:
        """Ask for a column of the inner aggregate; return its name there."""
        part = self._part(key, reach)
        return part.inner.setdefault(sql, f"a{len(part.inner) + 1}")

    def _part(self, key: PartKey, reach: int) -> Part:
        number = sum(one.kind == key.kind and one.table == key.table for one in self.parts) + 1
        part = self.parts.setdefault(key, Part(f"{key.kind}_{key.table}_{number}"))
        part.reach = max(part.reach, reach)
        return part


def condition(where: Where, alias: str = "e") -> str:
    """Write a filter; empty when there is none.

    Examples
    --------
    >>> condition((("channel", ("mail", "chat")),))
    "e.channel IN ('mail', 'chat')"
    """
    return " AND ".join(
        f"{alias}.{column} IN ({', '.join(literal(value) for value in values)})"
        for column, values in where
    )


def both(*conditions: str) -> str:
    """Join conditions, leaving out empty ones; TRUE when none is left.

    Examples
    --------
    >>> both("a = 1", "", "b = 2"), both("")
    ('a = 1 AND b = 2', 'TRUE')
    """
    return " AND ".join(one for one in conditions if one) or "TRUE"


def when(condition_sql: str, value: str, otherwise: str = "") -> str:
    """Write a CASE with one branch.

    Examples
    --------
    >>> when("k.age <= 7", "1", "0")
    'CASE WHEN k.age <= 7 THEN 1 ELSE 0 END'
    """
    rest = f" ELSE {otherwise}" if otherwise else ""
    return f"CASE WHEN {condition_sql} THEN {value}{rest} END"


def counted(condition_sql: str, value: str = "1") -> str:
    """Write a conditional count; it needs less memory per group than a sum of ones and zeros.

    Examples
    --------
    >>> counted("t.age <= 7"), counted("e.kind IN ('mail')", "k.w1_7"), counted("TRUE", "k.w1_7")
    ('COUNT(CASE WHEN t.age <= 7 THEN 1 END)', "COUNT(CASE WHEN e.kind IN ('mail') THEN k.w1_7 END)", \
'COUNT(k.w1_7)')
    """
    if condition_sql == "TRUE" and value != "1":
        return f"COUNT({value})"
    return f"COUNT({when(condition_sql, value)})"


def window_name(first: int, last: int) -> str:
    """Name the column of the calendar that marks the ages from `first` to `last`.

    Examples
    --------
    >>> window_name(1, 28)
    'w1_28'
    """
    return f"w{first}_{last}"


def select_lines(columns: Sequence[str]) -> str:
    """Write a SELECT clause, one column a line."""
    return "SELECT\n  " + ",\n  ".join(columns)


def rows_key(measure: Measure) -> PartKey:
    """Return the part that counts the rows of a measure's table by their date."""
    return PartKey("rows", measure.table, measure.date_column)
