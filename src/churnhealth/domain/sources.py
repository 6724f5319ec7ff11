"""Where a customer's history lies: the user's own tables and columns behind our contracts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from churnhealth.domain.history import HISTORY
from churnhealth.errors import ConfigError, listed, nearest

EXTENSIBLE = ("usage_events", "touches")


@dataclass(frozen=True)
class Source:
    """One of the user's tables, read as a history table.

    Parameters
    ----------
    table : str
        Name of a contract in `domain.history.HISTORY`.
    relation : str
        The user's table or view: "name", "schema.name", or anything else that the warehouse knows.
    columns : mapping of str to str
        Contract column to the user's column. Only columns that exist; equal names are written out.
    timezone : str, optional
        IANA zone of timestamps without a zone; None: the project's.
    extra : mapping of str to str
        Columns of the user's own, by the names that SQL expressions call them; only in tables whose
        rows are never overwritten (`EXTENSIBLE`).
    stored : mapping of str to str
        The user's column to the type that the warehouse stores, such as "TIMESTAMP WITH TIME ZONE";
        see `features.source_sql.described`. A column that is not in it is taken to be stored as its
        contract says (timestamps are instants).

    Examples
    --------
    >>> Source("tickets", "crm.cases", {"ticket_id": "case", "customer_id": "account"}).has("csat")
    False
    """

    table: str
    relation: str
    columns: Mapping[str, str]
    timezone: str | None = None
    stored: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.table not in HISTORY:
            raise ConfigError(
                f"source {self.relation!r}: expected a history table, one of {listed(HISTORY)}, got "
                f"{self.table!r}{nearest(self.table, HISTORY)}"
            )
        known = HISTORY[self.table].names
        for name in self.columns:
            if name not in known:
                raise ConfigError(
                    f"source {self.relation!r}: the table {self.table!r} has no column {name!r}"
                    f"{nearest(name, known)}; its columns are {listed(known, most=20)}"
                )
        self._require_extra(known)
        if self.timezone is not None:
            _require_zone(f"source {self.relation!r}", self.timezone)

    def _require_extra(self, known: tuple[str, ...]) -> None:
        if self.extra and self.table not in EXTENSIBLE:
            raise ConfigError(
                f"source {self.relation!r}: rows of {self.table!r} are overwritten, and nobody knows "
                f"what a column of your own was at the cutoff; extra fits {listed(EXTENSIBLE)}"
            )
        for name in self.extra:
            if name in (*known, "age") or not re.fullmatch("[a-z][a-z0-9_]{0,62}", name):
                raise ConfigError(
                    f"source {self.relation!r}, extra: expected a new name of small letters, digits "
                    f"and _, got {name!r}"
                )

    def has(self, *columns: str) -> bool:
        """Are all of these contract columns there?"""
        return all(name in self.columns for name in columns)


@dataclass(frozen=True)
class History:
    """All sources of a project.

    Parameters
    ----------
    sources : mapping of str to Source
        By contract table name.
    timezone : str
        IANA zone of the project, in which a date begins at local midnight.

    Examples
    --------
    >>> History({"customers": Source("customers", "accounts", {"customer_id": "id"})}, "Asia/Tokyo").has(
    ...     "customers", "customer_id"
    ... )
    True
    """

    sources: Mapping[str, Source]
    timezone: str

    def __post_init__(self) -> None:
        _require_zone("history", self.timezone)
        for name, source in self.sources.items():
            if name != source.table:
                raise ConfigError(
                    f"history: expected sources by table name, got {source.table!r} under {name!r}"
                )

    def has(self, table: str, *columns: str) -> bool:
        """Is this table there, with all of these contract columns?"""
        source = self.sources.get(table)
        return source is not None and source.has(*columns)


def _require_zone(where: str, name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"{where}, timezone: expected an IANA name such as 'Asia/Tokyo', got {name!r}"
        ) from error
