"""Measures: how an indicator is computed from a history table, declared and not coded."""

from __future__ import annotations

from dataclasses import dataclass

from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_contract import HistoryColumn, HistoryTable
from churnhealth.errors import ConfigError, LeakageError, listed, nearest

# kind: (what it needs, what it gives)
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    # rows whose date lies in the window
    "count": (("window",), "number of rows"),
    "any": (("window",), "1 when there is a row, else 0"),
    "sum": (("window", "column"), "sum of a column"),
    "mean": (("window", "column"), "mean of a column"),
    "distinct": (("window", "column"), "number of different values of a column"),
    "distinct_days": (("window",), "number of days with a row"),
    "ratio": (("window",), "rows in the window / rows in the window of the same length before"),
    "trend": (("window",), "least-squares slope of the rows per day, in rows per day per day"),
    "per": (("window", "column"), "number of rows / number of different values of a column"),
    "seats_share": (("window", "column"), "different values of a column / seats in force"),
    "promoters": (("window", "column"), "share of answers of 9 and 10 less share of answers up to 6"),
    "hours": (("window", "date"), "mean hours from the row's event to its date"),
    "open": (("window", "until"), "rows whose `until` had not come at the cutoff"),
    "closed_share": (("window", "until"), "share of the rows whose `until` came before the cutoff"),
    "last_value": (("window", "column"), "value of a column in the newest row"),
    # all rows before the cutoff; recency with a window looks only there
    "recency": ((), "days since the last row"),
    "time_since": ((), "days since the first row"),
    # contracts in force at the cutoff
    "level": (("column",), "sum of a column over the contracts in force"),
    "change": (("window", "column"), "relative change of the level since `window` days before"),
    "category": (("column",), "value of a column in the largest contract in force"),
    "contracts": ((), "number of contracts in force"),
    "days_until": (("column",), "days to the next date of a column among the contracts in force"),
    "changes": (("window", "column"), "how often a column changed, by a version or a successor"),
    "end_announced": ((), "1 when the end of a contract in force was announced, else 0"),
    # the customer itself
    "attribute": (("column",), "value of a column of the customer, in the version known"),
    # steps agreed before the cutoff
    "reached_share": (("until",), "share of the steps reached"),
    "reach_days": (("until",), "days from the first agreement to the last step; empty: not all reached"),
    "overdue": (("until", "column"), "steps due before the cutoff and not reached"),
}
CONTRACT_KINDS = (
    "level",
    "change",
    "category",
    "contracts",
    "days_until",
    "changes",
    "end_announced",
)
STEP_KINDS = ("reached_share", "reach_days", "overdue")
SURVEY_NUMBERS = ("sum", "mean", "promoters", "last_value")
Where = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Measure:
    """How one indicator is computed.

    Parameters
    ----------
    table : str
        History table, see `domain.history.HISTORY`; never `actions`.
    kind : str
        One of `KINDS`.
    window : int, optional
        Days before the cutoff: `[cutoff - window, cutoff)` in local calendar days.
    column : str
        The column that is summed, averaged or counted.
    date : str
        The column that places a row in time; empty: the time of its event.
    until : str
        The fact date that closes a row: answered, resolved, reached.
    where : tuple of (str, tuple of str)
        Only rows whose column has one of the values.

    Raises
    ------
    ConfigError
        A word is unknown, or an argument is missing or too much.
    LeakageError
        A column is used that is not known when the row's date comes.

    Examples
    --------
    >>> Measure("usage_events", "distinct", window=28, column="user_id").date_column
    'occurred_at'
    >>> Measure("tickets", "mean", window=90, column="csat")
    Traceback (most recent call last):
    churnhealth.errors.LeakageError: measure 'mean' of 'tickets': 'csat' becomes known at \
'csat_given_at', and the rows are placed by 'opened_at'; use date='csat_given_at'
    """

    table: str
    kind: str
    window: int | None = None
    column: str = ""
    date: str = ""
    until: str = ""
    where: Where = ()

    def __post_init__(self) -> None:
        _require_word("table", self.table, [name for name in HISTORY if name != "actions"])
        _require_word("kind", self.kind, KINDS)
        self._require_arguments()
        self._require_table()
        for name in (self.column, self.date, self.until, *(column for column, _ in self.where)):
            if name:
                self.contract.column(name)
        if self.kind == "attribute":
            self._refuse_no_attribute()
            return
        if not self.date_column:
            raise ConfigError(f"{self}: name the column that dates a row of {self.table!r} (date=...)")
        self._refuse_dates()
        self._refuse_later_columns()

    def __str__(self) -> str:
        return f"measure {self.kind!r} of {self.table!r}"

    @property
    def contract(self) -> HistoryTable:
        """Return the contract of the table."""
        return HISTORY[self.table]

    @property
    def date_column(self) -> str:
        """Return the column that places a row in time."""
        event = self.contract.event_time
        default = "start_date" if self.table == "subscriptions" else event.name if event else ""
        return self.date or default

    @property
    def reach(self) -> int:
        """Return the days before the cutoff that are looked at; 0 when all are."""
        return (self.window or 0) * (2 if self.kind == "ratio" else 1)

    def needs(self) -> dict[str, tuple[str, ...]]:
        """Return the columns without which this measure cannot be computed, by table.

        Examples
        --------
        >>> Measure("usage_events", "seats_share", window=28, column="user_id").needs()
        {'usage_events': ('customer_id', 'occurred_at', 'user_id'), \
'subscriptions': ('customer_id', 'subscription_id', 'start_date', 'seats')}
        """
        date = "" if self.kind == "attribute" else self.date_column
        names = ["customer_id", date, self.column, self.until]
        names += [column for column, _ in self.where]
        if self.kind in CONTRACT_KINDS:
            names.append("subscription_id")
        if self.kind == "end_announced":
            names += ["end_date", "end_announced_at"]
        if self.kind == "hours":
            names.append(self.event_column)
        needed = {self.table: tuple(dict.fromkeys(name for name in names if name))}
        if self.kind == "seats_share":
            needed["subscriptions"] = ("customer_id", "subscription_id", "start_date", "seats")
        return needed

    @property
    def words(self) -> str:
        """Return the whole declaration in one line; two that differ never have the same.

        Examples
        --------
        >>> mails = (("channel", ("mail",)),)
        >>> Measure("touches", "distinct", 28, "touch_id", where=mails).words
        "distinct of touch_id in touches, 28 days, where channel in ('mail')"
        """
        column = f" of {self.column}" if self.column else ""
        window = f", {self.window} days" if self.window else ""
        date = f", by {self.date}" if self.date else ""
        until = f", until {self.until}" if self.until else ""
        where = "".join(
            f", where {name} in ({', '.join(map(repr, values))})" for name, values in self.where
        )
        return f"{self.kind}{column} in {self.table}{window}{date}{until}{where}"

    @property
    def event_column(self) -> str:
        """Return the time of the row's event."""
        event = self.contract.event_time
        return event.name if event else ""

    def _require_arguments(self) -> None:
        needed, _ = KINDS[self.kind]
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ConfigError(f"{self}: expected {listed(missing)} as well, got none")
        optional = {"recency": ("window", "date"), "reach_days": (), "overdue": ()}
        allowed = {*needed, *optional.get(self.kind, ("date",)), "where"}
        extra = [name for name in ("window", "column", "until") if getattr(self, name)]
        extra = [name for name in extra if name not in allowed]
        if extra:
            raise ConfigError(f"{self}: it has no use for {listed(extra)}")
        if self.window is not None and not 1 <= self.window <= 3660:
            raise ConfigError(f"{self}: expected a window of 1 to 3660 days, got {self.window!r}")

    def _require_table(self) -> None:
        if self.kind in CONTRACT_KINDS:
            fits, where = self.table == "subscriptions", "'subscriptions'"
        elif self.kind in STEP_KINDS:
            fits, where = self.table == "milestones", "'milestones'"
        elif self.kind == "attribute":
            fits, where = self.table == "customers", "'customers'"
        elif self.kind == "hours":
            fits, where = self.table == "tickets", "'tickets'"
        elif self.table == "subscriptions":
            fits, where = self.kind in {"recency", "time_since"}, "a table of events"
        else:
            fits, where = self.table != "customers" or self.kind in {"recency", "time_since"}, "events"
        if not fits:
            raise ConfigError(f"{self}: this kind reads {where}")

    def _refuse_no_attribute(self) -> None:
        column = self.contract.column(self.column)
        if column.role != "attribute" or column.dated_by:
            known = [one.name for one in self.contract.with_role("attribute")]
            raise LeakageError(
                f"{self}: {self.column!r} does not describe the customer; use one of {listed(known)}"
            )

    def _refuse_dates(self) -> None:
        dates = self.contract.with_role("event_time") + self.contract.with_role("fact_date")
        known = {column.name: column.role for column in dates}
        if self.table == "subscriptions":
            known["start_date"] = "event_time"
        if self.date_column not in known:
            raise LeakageError(
                f"{self}: {self.date_column!r} does not say when a row became known; use one of "
                f"{listed(known)}"
            )
        if self.until and known.get(self.until) != "fact_date":
            facts = [name for name, role in known.items() if role == "fact_date"]
            raise ConfigError(f"{self}: expected until to be one of {listed(facts)}, got {self.until!r}")

    def _refuse_later_columns(self) -> None:
        for name in (self.column, *(column for column, _ in self.where)):
            if name and not self._known(self.contract.column(name)):
                dated_by = self.contract.column(name).dated_by
                raise LeakageError(
                    f"{self}: {name!r} becomes known at {dated_by!r}, and the rows are placed by "
                    f"{self.date_column!r}; use date={dated_by!r}"
                )

    def _known(self, column: HistoryColumn) -> bool:
        return column.dated_by in {"", self.date_column}


def _require_word(
    what: str, word: str, known: list[str] | dict[str, tuple[tuple[str, ...], str]]
) -> None:
    if word not in known:
        raise ConfigError(
            f"measure, {what}: expected one of {listed(known, most=40)}, got {word!r}"
            f"{nearest(word, known)}"
        )
