"""What the commands on history tables print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from churnhealth.features.check_result import Finding
from churnhealth.jobs.check import CheckResult
from churnhealth.jobs.indicator_list import IndicatorList
from churnhealth.jobs.simulate_project import SimulatedProject
from churnhealth.jobs.wiring import Workplace

SEVERITY_STYLES = {"blocking": "bold red", "fault": "yellow", "warning": "cyan", "note": "dim"}
MONTHS_SHOWN = 12

# Names of tables and columns are data: nothing in them is ever read as markup.
console = Console(markup=False, highlight=False, emoji=False)


def checked(workplace: Workplace, result: CheckResult, *, as_json: bool) -> None:
    """Show the tables, everything that was found, the cutoffs, and what can be learned."""
    if as_json:
        _json(result.to_dict())
        return
    console.print(_sources(result))
    console.print(_findings(result.findings))
    console.print(_coverage(result))
    if len(result.cutoffs):
        console.print(_cutoffs(result))
    blocking = sum(one.severity == "blocking" for one in result.findings)
    kept = len(result.report.rejects)
    _lines(
        *result.learned,
        f"{kept:,} bad rows are kept in health_rejects, {workplace.warehouse.describe()}",
        f"Failed: {blocking} findings block." if blocking else "Passed: indicators can be computed.",
    )


def simulated(result: SimulatedProject, *, as_json: bool) -> None:
    """Show what was written, and what to try next."""
    if as_json:
        _json(
            {
                "config": str(result.config),
                "rows": dict(result.rows),
                "faults": result.faults.to_dict("records"),
                "cutoffs": [one.isoformat() for one in result.cutoffs],
                "data_end": result.data_end.isoformat(),
            }
        )
        return
    table = _table("Written", ["table", "rows", "of these faulty, by choice"])
    faulty = result.faults.groupby("table")["rows"].sum()
    for name, rows in result.rows.items():
        table.add_row(name, f"{rows:,}", f"{int(faulty.get(name, 0)):,}")
    console.print(table)
    _lines(
        f"The data end before {result.data_end}; truth.parquet holds the true churn probability.",
        f"Next: churnhealth check --config {result.config}",
    )


def indicators(result: IndicatorList, language: str, *, as_json: bool) -> None:
    """Show the indicators, which are the user's own, and why others are left out."""
    if as_json:
        _json(result.to_dict())
        return
    table = _table("Indicators", ["indicator", "", "group", "unit", "label", "computed as"])
    for one in result.catalogue.values():
        group = result.catalogue.group_label(one.group, language)
        measure = result.measures.get(one.name, "")
        own = "own" if one.name in result.own else ""
        table.add_row(*map(_text, (one.name, own, group, one.unit, one.label(language), measure)))
    console.print(table)
    _lines(*result.notes)


def _sources(result: CheckResult) -> Table:
    table = _table("Tables", ["table", "from", "rows", "bad rows", "share"])
    for row in result.report.sources.to_dict("records"):
        share = f"{row['reject_share']:.2%}"
        table.add_row(
            _text(row["source"]),
            _text(row["relation"]),
            f"{row['rows']:,}",
            f"{row['rejected']:,}",
            share,
        )
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    table = _table(
        "Findings" if findings else "Nothing was found", ["", "where", "what", "rows", "share"]
    )
    for one in findings:
        place = f"{one.source}.{one.column}" if one.column else one.source
        rows, share = (f"{one.rows:,}", f"{one.share:.2%}") if one.rows else ("", "")
        severity = Text(one.severity, SEVERITY_STYLES[one.severity])
        table.add_row(severity, _text(place), _text(one.told), rows, share)
    return table


def _coverage(result: CheckResult) -> Table:
    """Rows per table and month, the newest months only."""
    coverage = result.report.coverage
    rows = coverage.pivot_table(index="month", columns="source", values="rows", aggfunc="sum")
    newest = rows.sort_index().iloc[-MONTHS_SHOWN:]
    table = _table(
        f"Rows per month, newest {len(newest)} of {len(rows)}", ["month", *map(str, rows.columns)]
    )
    for month, values in zip(newest.index, newest.to_numpy(), strict=True):
        counts = ["" if value != value else f"{int(value):,}" for value in values]
        table.add_row(f"{month:%Y-%m}", *counts)
    return table


def _cutoffs(result: CheckResult) -> Table:
    names = ["cutoff", "at risk", "churned", "stayed", "label not known"]
    table = _table("Customers at each cutoff", names)
    for row in result.cutoffs.to_dict("records"):
        counts = (row["customers"], row["churners"], row["stayed"], row["unlabelled"])
        table.add_row(str(row["cutoff"]), *(f"{count:,}" for count in counts))
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _text(value: object) -> Text:
    """Return text of the data as it is, with control characters made visible."""
    shown = str(value)
    return Text("".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in shown))


def _lines(*lines: str) -> None:
    for line in lines:
        console.print(_text(line), soft_wrap=True)


def _json(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    console.print(text, soft_wrap=True)
