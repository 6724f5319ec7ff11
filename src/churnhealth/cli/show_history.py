"""What the commands on history tables print."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import console, new_table, plain_text, print_json, print_lines
from churnhealth.features.check_result import Finding
from churnhealth.jobs.check import CheckResult
from churnhealth.jobs.indicator_list import IndicatorList
from churnhealth.jobs.simulate_project import SimulatedProject
from churnhealth.jobs.wiring import Workplace

SEVERITY_STYLES = {"blocking": "bold red", "fault": "yellow", "warning": "cyan", "note": "dim"}
MONTHS_SHOWN, CUTOFFS_SHOWN, INDICATORS_SHOWN = 12, 4, 10


def checked(workplace: Workplace, result: CheckResult, *, as_json: bool) -> None:
    """Show the tables, everything that was found, the cutoffs, and what can be learned."""
    if as_json:
        print_json(result.to_dict())
        return
    console.print(_sources(result))
    console.print(_findings(result.findings))
    console.print(_coverage(result))
    if len(result.cutoffs):
        console.print(cutoff_counts(result))
    if len(result.coverage):
        console.print(_values(result))
    blocking = sum(one.severity == "blocking" for one in result.findings)
    kept = len(result.report.rejects)
    print_lines(
        *_nothing(result),
        *result.learned,
        f"{kept:,} bad rows are kept in health_rejects, {workplace.warehouse.describe()}",
        f"Failed: {blocking} findings block." if blocking else "Passed: indicators can be computed.",
    )


def simulated(result: SimulatedProject, *, as_json: bool) -> None:
    """Show what was written, and what to try next."""
    if as_json:
        print_json(
            {
                "config": str(result.config),
                "rows": dict(result.rows),
                "faults": result.faults.to_dict("records"),
                "cutoffs": [one.isoformat() for one in result.cutoffs],
                "data_end": result.data_end.isoformat(),
            }
        )
        return
    table = new_table("Written", ["table", "rows", "of these faulty, by choice"])
    faulty = result.faults.groupby("table")["rows"].sum()
    for name, rows in result.rows.items():
        table.add_row(name, f"{rows:,}", f"{int(faulty.get(name, 0)):,}")
    console.print(table)
    print_lines(
        f"The data end before {result.data_end}; truth.parquet holds the true churn probability.",
        f"Next: churnhealth check --config {result.config}",
    )


def indicators(result: IndicatorList, language: str, *, as_json: bool) -> None:
    """Show the indicators, which are the user's own, and why others are left out."""
    if as_json:
        print_json(result.to_dict())
        return
    table = new_table("Indicators", ["indicator", "", "group", "unit", "label", "computed as"])
    for one in result.catalogue.values():
        group = result.catalogue.group_label(one.group, language)
        measure = result.measures.get(one.name, "")
        own = "own" if one.name in result.own else ""
        table.add_row(*map(plain_text, (one.name, own, group, one.unit, one.label(language), measure)))
    console.print(table)
    print_lines(*result.notes)


def _sources(result: CheckResult) -> Table:
    table = new_table("Tables", ["table", "from", "rows", "bad rows", "share"])
    for row in result.report.sources.to_dict("records"):
        share = f"{row['reject_share']:.2%}"
        table.add_row(
            plain_text(row["source"]),
            plain_text(row["relation"]),
            f"{row['rows']:,}",
            f"{row['rejected']:,}",
            share,
        )
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    table = new_table(
        "Findings" if findings else "Nothing was found", ["", "where", "what", "rows", "share"]
    )
    for one in findings:
        place = f"{one.source}.{one.column}" if one.column else one.source
        rows, share = (f"{one.rows:,}", f"{one.share:.2%}") if one.rows else ("", "")
        severity = Text(one.severity, SEVERITY_STYLES[one.severity])
        table.add_row(severity, plain_text(place), plain_text(one.told), rows, share)
    return table


def _coverage(result: CheckResult) -> Table:
    """Rows per table and month, the newest months only."""
    coverage = result.report.coverage
    rows = coverage.pivot_table(index="month", columns="source", values="rows", aggfunc="sum")
    newest = rows.sort_index().iloc[-MONTHS_SHOWN:]
    table = new_table(
        f"Rows per month, newest {len(newest)} of {len(rows)}", ["month", *map(str, rows.columns)]
    )
    for month, values in zip(newest.index, newest.to_numpy(), strict=True):
        counts = ["" if value != value else f"{int(value):,}" for value in values]
        table.add_row(f"{month:%Y-%m}", *counts)
    return table


def cutoff_counts(result: CheckResult) -> Table:
    """Return the customers at each cutoff, and what became of them."""
    names = ["cutoff", "at risk", "churned", "stayed", "label not known"]
    table = new_table("Customers at each cutoff", names)
    for row in result.cutoffs.to_dict("records"):
        counts = (row["customers"], row["churners"], row["stayed"], row["unlabelled"])
        table.add_row(str(row["cutoff"]), *(f"{count:,}" for count in counts))
    return table


def _values(result: CheckResult) -> Table:
    """Return the indicators that fewest customers have, with the newest cutoffs side by side."""
    coverage = result.coverage
    shares = coverage.pivot_table(index="indicator", columns="cutoff", values="share", sort=False)
    shares = shares[sorted(shares.columns)]
    worst = shares.loc[list(dict.fromkeys(coverage["indicator"]))[:INDICATORS_SHOWN]]
    newest = list(shares.columns[-CUTOFFS_SHOWN:])
    table = new_table(
        f"Customers at risk with a value: the {len(worst)} worst covered of {len(shares)} indicators",
        ["indicator", "mean", *map(str, newest)],
    )
    for name, values in zip(worst.index, worst.to_numpy(), strict=True):
        told = [f"{share:.0%}" for share in (values.mean(), *values[-len(newest) :])]
        table.add_row(plain_text(name), *told)
    return table


def _nothing(result: CheckResult) -> list[str]:
    """Tell the indicators that are 0 or missing for everybody, at how many cutoffs."""
    coverage = result.coverage
    empty = coverage[coverage["not_zero"] == 0].groupby("indicator", sort=False)["cutoff"]
    if not len(empty):
        return []
    total = coverage["cutoff"].nunique()
    named = [f"{name} ({len(at)})" for name, at in empty]
    more = f" and {len(named) - INDICATORS_SHOWN} more" if len(named) > INDICATORS_SHOWN else ""
    told = ", ".join(named[:INDICATORS_SHOWN]) + more
    return [f"0 or missing for everybody at some of the {total} cutoffs (at how many): {told}"]
