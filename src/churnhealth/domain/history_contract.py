"""Contracts of history tables: columns with units and ranges, and what each says about time."""

from __future__ import annotations

from dataclasses import dataclass

from churnhealth.errors import ConfigError, listed, nearest

KINDS = ("string", "timestamp", "date", "double", "integer", "boolean")
ROLES = ("attribute", "key", "event_time", "fact_date", "recorded_at", "valid_from", "valid_to")
LEVELS = ("obligatory", "churn_source", "optional")


@dataclass(frozen=True)
class HistoryColumn:
    """One column of a history table.

    Parameters
    ----------
    name : str
        Column name.
    kind : {"string", "timestamp", "date", "double", "integer", "boolean"}
        `timestamp` is an instant (time zone aware), `date` a calendar day of the source's time zone
        (in pandas: `datetime64` without a zone, at midnight).
    description : str
        What it means, in one sentence.
    nullable : bool
        May it be empty?
    unit : str
        Such as "days" or "currency/month"; empty when it has none.
    low, high : float, optional
        Smallest and largest value allowed, both included.
    allowed : tuple of str
        The only values allowed; empty when any is.
    role : str
        One of `ROLES`: what the column says about time, or that it is part of the key.
    dated_by : str
        The column of the same row that says when this value became known, itself for a fact date.
        Empty: known since the row was inserted.
    mutable : bool
        Overwritten without a date of its own. Usable only with `valid_from` and `valid_to`.
    obligatory : bool
        Must the table have the column?

    Examples
    --------
    >>> HistoryColumn("resolved_at", "timestamp", "when it was solved", role="fact_date").nullable
    True
    """

    name: str
    kind: str
    description: str
    nullable: bool = True
    unit: str = ""
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    role: str = "attribute"
    dated_by: str = ""
    mutable: bool = False
    obligatory: bool = False

    def __post_init__(self) -> None:
        for word, value, known in (("kind", self.kind, KINDS), ("role", self.role, ROLES)):
            if value not in known:
                raise ConfigError(
                    f"column {self.name!r}: expected {word} one of {listed(known)}, got {value!r}"
                )


@dataclass(frozen=True)
class HistoryTable:
    """The contract of one history table.

    Parameters
    ----------
    name : str
        Table name.
    description : str
        What one row is.
    key : tuple of str
        Columns that together stand in one row only.
    columns : tuple of HistoryColumn
        In the order in which they are written.
    level : {"obligatory", "churn_source", "optional"}
        `churn_source`: one of these is needed, so that a churn date can be found.
    ordered : tuple of (str, str)
        Pairs of columns of which the first is never later than the second.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[HistoryColumn, ...]
    level: str = "optional"
    ordered: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ConfigError(
                f"table {self.name!r}: expected level one of {listed(LEVELS)}, got {self.level!r}"
            )
        dates = (column.dated_by for column in self.columns if column.dated_by)
        for name in (*self.key, *dates, *(name for pair in self.ordered for name in pair)):
            self.column(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> HistoryColumn:
        """Return a column by name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ConfigError(f"table {self.name!r} has no column {name!r}{nearest(name, self.names)}")

    def with_role(self, role: str) -> tuple[HistoryColumn, ...]:
        """Return the columns of one role, such as every fact date.

        Examples
        --------
        >>> when = HistoryColumn("sent_at", "timestamp", "when", role="event_time")
        >>> HistoryTable("mails", "a mail", (), (when,)).with_role("event_time")[0].name
        'sent_at'
        """
        return tuple(column for column in self.columns if column.role == role)

    @property
    def event_time(self) -> HistoryColumn | None:
        """Return the column that says when the row's event happened, None for slow facts."""
        found = self.with_role("event_time")
        return found[0] if found else None
