"""Check the tables of a history inside the warehouse: all faults in one go, counted exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd

from churnhealth.domain.sources import History
from churnhealth.features import check_queries as queries
from churnhealth.features.check_columns import SourceChoices, checked_sources
from churnhealth.features.check_judged import judged_ctes
from churnhealth.features.check_result import Notebook, SourcesReport
from churnhealth.features.check_sql import EVENTS_OF_CONTRACTS, CheckedSource, RowFault, row_faults
from churnhealth.features.rejects import REJECT_COLUMNS, reject_rows
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.sql_text import Cte, midnight

_SUMMARY = ("source", "relation", "rows", "rejected", "reject_share")
_COVERAGE = ("source", "month", "rows", "customers")
_FILLED = ("source", "column", "filled")
# A value that cannot be read stops the SQL of the indicators too.
_BLOCKING = ("type",)


@dataclass(frozen=True)
class CheckChoices:
    """How to check.

    Parameters
    ----------
    data_end : date
        The first local day that is not in the data; what happened on it or later is a fault.
    grace_days : int
        Days after the end of a contract in which its use is not outside.
    max_reject_share : float
        Bad rows of a source above this share (0-1) block.
    max_reject_rows : int
        Bad rows kept per source; their count is exact all the same.
    sources : mapping of str to SourceChoices
        Own keys and flags, by table.
    """

    data_end: dt.date
    grace_days: int = 0
    max_reject_share: float = 0.1
    max_reject_rows: int = 1000
    sources: Mapping[str, SourceChoices] = field(default_factory=dict)

    @property
    def limit(self) -> dt.datetime:
        """Return the local midnight at which the first day after the data begins."""
        return midnight(self.data_end)


def check_history(history: History, runner: SqlRunner, choices: CheckChoices) -> SourcesReport:
    """Check every table of a history.

    Parameters
    ----------
    history : History
        As the user describes it; columns need not be there.
    runner : SqlRunner
        Where the tables are. Rows are judged and counted there; only counts, and at most
        `max_reject_rows` bad rows per source, are fetched.
    choices : CheckChoices
        How to check.

    Returns
    -------
    SourcesReport
        All findings. Nothing is raised for what is wrong with the data.
    """
    return _Check(history, runner, choices).run()


class _Check:
    def __init__(self, history: History, runner: SqlRunner, choices: CheckChoices) -> None:
        self.history, self.runner, self.choices = history, runner, choices
        # A relation stands in many questions; its place is asked for once.
        self.relation_sql = cache(runner.relation_sql)
        self.notebook = Notebook()
        self.summary: list[tuple[object, ...]] = []
        self.rows: dict[str, int] = {}
        self.coverage: list[tuple[object, ...]] = []
        self.filled: list[tuple[object, ...]] = []
        self.rejects: list[pd.DataFrame] = []

    def run(self) -> SourcesReport:
        self.sources = checked_sources(
            self.history, self.runner, self.ask, self.notebook, self.choices.sources
        )
        for checked in self.sources.values():
            self._rows(checked)
            self._overlaps(checked)
            self._months(checked)
        self._currencies()
        self._contradictions()
        none = pd.DataFrame(columns=list(REJECT_COLUMNS), dtype=object)
        return SourcesReport(
            findings=self.notebook.ordered(),
            sources=pd.DataFrame(self.summary, columns=list(_SUMMARY)),
            coverage=pd.DataFrame(self.coverage, columns=list(_COVERAGE)),
            columns=pd.DataFrame(self.filled, columns=list(_FILLED)),
            rejects=pd.concat(self.rejects, ignore_index=True) if self.rejects else none,
        )

    def ask(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.runner.query(render(sql, self.runner.dialect)).to_pylist()
        return rows

    def _rows(self, checked: CheckedSource) -> None:
        faults = self._faults(checked)
        judged = judged_ctes(checked, faults, self.sources, self.relation_sql, self.choices.grace_days)
        (counts,) = self.ask(queries.counts_query(checked, faults, judged))
        rows, bad = int(counts["total"]), int(counts["bad"])
        for number, fault in enumerate(faults):
            self._tell(checked, fault, int(counts[f"f{number}"]), rows)
        more_bad = self._repeats(checked, judged, rows)
        self._keep(checked, faults, judged, wrong=bad, repeated=more_bad)
        bad += more_bad
        name = checked.source.table
        self.rows[name] = rows
        share = bad / rows if rows else 0.0
        self.summary.append((name, checked.source.relation, rows, bad, share))
        for column in checked.columns():
            filled = int(counts[f"filled_{column.name}"]) / rows if rows else 0.0
            self.filled.append((name, column.name, filled))
        self._tell_share(name, rows, bad)

    def _faults(self, checked: CheckedSource) -> list[RowFault]:
        table = checked.source.table
        customers = "customers" in self.sources
        contracts = self.sources.get("subscriptions")
        return row_faults(
            checked,
            self.choices.limit,
            customers=customers and table != "customers",
            contracts=table == EVENTS_OF_CONTRACTS
            and customers
            and checked.source.has("occurred_at")
            and contracts is not None
            and contracts.source.has("start_date", "end_date"),
        )

    def _tell(self, checked: CheckedSource, fault: RowFault, rows: int, of: int) -> None:
        if not rows:
            return
        severity = "fault" if fault.rejects or fault.check == "contradiction" else "warning"
        severity = "blocking" if fault.check in _BLOCKING else severity
        table = checked.source.table
        self.notebook.add(
            table, fault.check, fault.told, column=fault.column, severity=severity, rows=rows, of=of
        )

    def _repeats(self, checked: CheckedSource, judged: Sequence[Cte], rows: int) -> int:
        keys = checked.key_columns()
        table = checked.source.table
        if keys is None:
            absent = [name for name in checked.contract.key if not checked.source.has(name)]
            told = f"not looked for repeated keys: {', '.join(absent)} is not there; name a key"
            self.notebook.add(table, "duplicate", told, severity="note")
            return 0
        (counts,) = self.ask(queries.repeats_query(checked, judged))
        if repeats := int(counts["repeats"]):
            named = ", ".join(checked.key or keys)
            told = f"expected every key ({named}) once"
            self.notebook.add(table, "duplicate", told, rows=repeats, of=rows)
        return int(counts["more_bad"])

    def _overlaps(self, checked: CheckedSource) -> None:
        """Look for versions of one contract, or customer, that hold at the same time."""
        (subject, *_), table = checked.contract.key, checked.source.table
        if not checked.source.has(subject, "valid_from", "valid_to"):
            return
        (counts,) = self.ask(queries.overlaps_query(checked, subject, self.relation_sql))
        if rows := int(counts["inside"]):
            told = (
                f"expected versions of one {subject} to follow each other, got some that begin before "
                "the valid_to of an earlier one; the one that began last counts: mend valid_to"
            )
            self.notebook.add(
                table, "overlap", told, column="valid_from", rows=rows, of=self.rows[table]
            )

    def _keep(
        self,
        checked: CheckedSource,
        faults: Sequence[RowFault],
        judged: Sequence[Cte],
        *,
        wrong: int,
        repeated: int,
    ) -> None:
        """Fetch some bad rows, each with all of its reasons."""
        most = self.choices.max_reject_rows
        rejecting = [(number, fault) for number, fault in enumerate(faults) if fault.rejects]
        rows = self.ask(queries.bad_rows_query(checked, faults, judged, most)) if wrong else []
        reasons = [
            "; ".join(
                f"{fault.column}: {fault.told}" for number, fault in rejecting if row[f"f{number}"]
            )
            for row in rows
        ]
        if repeated and len(rows) < most:
            again = self.ask(queries.repeated_rows_query(checked, judged, most - len(rows)))
            rows += again
            reasons += ["repeats the key of another row"] * len(again)
        if rows:
            names = {checked.raw_name(mine): mine for mine in checked.raw}
            # One column after the other: a frame of whole numbers with gaps would become floats.
            columns = {
                mine: pd.Series([row[raw] for row in rows], dtype=object) for raw, mine in names.items()
            }
            self.rejects.append(reject_rows(pd.DataFrame(columns), reasons, checked.source.table))

    def _tell_share(self, table: str, rows: int, bad: int) -> None:
        most = self.choices.max_reject_share
        if rows and bad / rows > most:
            told = f"more bad rows than the share allowed, {most:.1%} (max_reject_share under [check])"
            self.notebook.add(table, "share", told, severity="blocking", rows=bad, of=rows)

    def _months(self, checked: CheckedSource) -> None:
        event = checked.contract.event_time
        time = event.name if event else "start_date"
        if checked.source.has(time):
            limit, relation_sql = self.choices.limit, self.relation_sql
            for row in self.ask(queries.months_query(checked, time, limit, relation_sql)):
                month = pd.Timestamp(row["month"])
                self.coverage.append(
                    (checked.source.table, month, int(row["total"]), int(row["customers"]))
                )

    def _currencies(self) -> None:
        subscriptions = self.sources.get("subscriptions")
        if subscriptions is None or not subscriptions.source.has("mrr"):
            return
        if not subscriptions.source.has("currency"):
            told = "money without its currency: nobody can tell whether amounts may be added up"
            self.notebook.add("subscriptions", "currency", told, column="mrr", severity="warning")
            return
        rows = self.ask(queries.currencies_query(subscriptions, self.relation_sql))
        if len(rows) > 1:
            named = ", ".join(f"{row['currency']} ({row['total']:,} rows)" for row in rows)
            told = f"expected one currency, got {named}: amounts in two currencies cannot be compared"
            others = sum(int(row["total"]) for row in rows[1:])
            total = others + int(rows[0]["total"])
            self.notebook.add(
                "subscriptions", "currency", told, column="currency", rows=others, of=total
            )

    def _contradictions(self) -> None:
        customers, contracts = self.sources.get("customers"), self.sources.get("subscriptions")
        if customers is None or contracts is None:
            return
        if not contracts.source.has("start_date", "end_date"):
            return
        if not customers.churned and not customers.source.has("churned_on"):
            return
        limit, relation_sql = self.choices.limit, self.relation_sql
        (counts,) = self.ask(queries.contradictions_query(customers, contracts, limit, relation_sql))
        flag = customers.churned
        told = {
            "flagged_in_force": f"{flag} says churned, but a contract is in force when the data end",
            "not_flagged_over": f"{flag} says not churned, but every contract is over",
            "dated_in_force": "churned on a day after which a contract is in force",
        }
        total = self.rows["customers"]
        for name, text in told.items():
            column = "churned_on" if name == "dated_in_force" else ""
            if rows := int(counts[name]):
                self.notebook.add("customers", "contradiction", text, column=column, rows=rows, of=total)
