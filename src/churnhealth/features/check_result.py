"""What a check of the history found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

SEVERITIES = ("blocking", "fault", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Parameters
    ----------
    source : str
        The history table.
    check : str
        What was looked at: "source", "column", "type", "text_date", "missing", "range", "words",
        "order", "future", "orphan", "outside", "duplicate", "overlap", "contradiction", "undated",
        "mutable", "identity", "currency", "zone", "share".
    column : str
        The contract's column; empty for the whole source.
    severity : {"blocking", "fault", "warning", "note"}
        "blocking": nothing can be computed from it until it is mended. "fault": rows are wrong.
        "warning": something is left out. "note": read like this.
    rows : int
        Rows concerned, exactly; 0 where it is not about rows.
    share : float
        Of the rows of the source, 0-1.
    told : str
        Expected, got, and what to do.
    """

    source: str
    check: str
    column: str
    severity: str
    rows: int
    share: float
    told: str

    def __str__(self) -> str:
        place = f"{self.source}.{self.column}" if self.column else self.source
        rows = f" ({self.rows:,} rows, {self.share:.1%})" if self.rows else ""
        return f"{place}: {self.told}{rows}"


@dataclass(frozen=True)
class SourcesReport:
    """What was found in the tables of a history.

    Parameters
    ----------
    findings : tuple of Finding
        Blocking ones first, then by severity, source and rows.
    sources : DataFrame
        source, relation, rows, rejected (bad rows, exactly), reject_share (0-1).
    coverage : DataFrame
        source, month (first day), rows, customers.
    columns : DataFrame
        source, column, filled (share of rows with a value, 0-1).
    rejects : DataFrame
        source, row_hash, reason, row_json: some of the bad rows of every source.
    """

    findings: tuple[Finding, ...]
    sources: pd.DataFrame
    coverage: pd.DataFrame
    columns: pd.DataFrame
    rejects: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Is there nothing that blocks?"""
        return not any(one.severity == "blocking" for one in self.findings)

    def of(self, check: str, source: str = "") -> tuple[Finding, ...]:
        """Return the findings of one check, of one source or of all."""
        return tuple(one for one in self.findings if one.check == check and source in ("", one.source))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; rejects are counted, not shown."""
        return {
            "passed": self.passed,
            "findings": [asdict(one) for one in self.findings],
            "sources": self.sources.to_dict("records"),
            "coverage": self.coverage.assign(month=self.coverage["month"].astype(str)).to_dict(
                "records"
            ),
            "columns": self.columns.to_dict("records"),
        }


@dataclass
class Notebook:
    """Where a check writes down what it finds."""

    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        source: str,
        check: str,
        told: str,
        *,
        column: str = "",
        severity: str = "fault",
        rows: int = 0,
        of: int = 0,
    ) -> None:
        """Write a finding down; `of` is how many rows the source has."""
        share = rows / of if of else 0.0
        self.findings.append(Finding(source, check, column, severity, rows, share, told))

    def ordered(self, more: Sequence[Finding] = ()) -> tuple[Finding, ...]:
        """Return everything that was found, what blocks first."""
        return tuple(
            sorted(
                [*self.findings, *more],
                key=lambda one: (SEVERITIES.index(one.severity), one.source, -one.rows),
            )
        )
