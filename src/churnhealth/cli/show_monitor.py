"""What monitor and lists print: tables for people, or one JSON document for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import (
    console,
    new_table,
    plain_text,
    print_json,
    print_lines,
    records,
)
from churnhealth.domain.health import BAND_LABELS
from churnhealth.domain.monitor_words import (
    CHECK_WORDS,
    FINDING_WORDS,
    PERIOD_WORDS,
    STATUS_WORDS,
    word,
)
from churnhealth.jobs.lists import CustomerLists
from churnhealth.jobs.monitor import MonitorResult
from churnhealth.jobs.wiring import Workplace

STATUS_STYLES = {"due": "bold red", "ok": "green", "unknown": "dim"}
MOST_SURPRISES, MOST_PERIODS = 5, 13


def monitored(workplace: Workplace, result: MonitorResult, *, as_json: bool) -> None:
    """Show whether a retrain is due and why, predicted and observed churners, and the surprises."""
    if as_json:
        print_json(_document(result))
        return
    style, words = ("bold red", "is due") if result.due else ("bold green", "is not due")
    console.print(Text.assemble("A retrain ", (words, style), f" (model {result.model_version})"))
    language = workplace.settings.project.language
    console.print(_checks(result, language))
    if len(result.periods):
        console.print(periods(result, language))
    for finding in FINDING_WORDS:
        rows = result.customers[result.customers["finding"] == finding]
        if len(rows):
            console.print(_surprises(rows, word(FINDING_WORDS, finding, language), language))
    print_lines(
        *_lead_time(result),
        *result.notes,
        f"Tables: health_monitor_*, {workplace.warehouse.describe()}",
    )


def lists(
    workplace: Workplace, result: CustomerLists, most: int, written: Sequence[Path], *, as_json: bool
) -> None:
    """Show both lists, and which files were written."""
    if as_json:
        print_json({**result.to_dict(most), "files": [str(path) for path in written]})
        return
    language = workplace.settings.project.language
    grow = "by the probability to grow" if result.by_expansion else "by score and MRR"
    for title, table in (
        ("Prevention: by MRR at risk", result.prevention),
        (f"Expansion: healthy customers, {grow}", result.expansion),
    ):
        shown = table.head(most) if most else table
        console.print(_customers(shown, f"{title} ({len(shown)} of {len(table)})", language))
    stale = f"{result.stale} customers without a score at the newest cutoff are in neither list"
    print_lines(*([stale] if result.stale else []), *(f"Written: {path}" for path in written))


def _document(result: MonitorResult) -> dict[str, Any]:
    return {
        "due": result.due,
        "model_version": result.model_version,
        "run_id": result.run_id,
        "checks": [
            {
                **vars(check),
                **{f"check_{code}": text for code, text in CHECK_WORDS[check.name].items()},
            }
            for check in result.checks
        ],
        "periods": records(result.periods),
        "customers": records(result.customers),
        "lead_times": records(result.lead_times),
        "lead_quantiles": {
            name: None if value != value else value for name, value in result.lead_quantiles.items()
        },
        "drift": result.drift.to_dict(),
        "notes": list(result.notes),
    }


def _checks(result: MonitorResult, language: str) -> Table:
    table = new_table(None, ["check", "", "why"])
    for check in result.checks:
        status = Text(word(STATUS_WORDS, check.status, language), STATUS_STYLES[check.status])
        name = word(CHECK_WORDS, check.name, language)
        table.add_row(name, status, plain_text(check.reason(language)))
    return table


def periods(result: MonitorResult, language: str) -> Table:
    """Return predicted and observed churners by month of the cutoffs."""
    shown = result.of_kind("month").tail(MOST_PERIODS)
    columns = ["month of the cutoffs", "scores", "predicted", "churned", "by chance", "", "lift"]
    table = new_table("Churners predicted and observed", columns)
    for row in [*shown.to_dict("records"), *result.of_kind("all").to_dict("records")]:
        lift = row["lift_at_10pct"]
        table.add_row(
            row["period"] or "all",
            f"{row['customers']:,}",
            f"{row['predicted_churners']:,.1f}",
            f"{row['churners']:,}",
            f"{row['churners_low']:,.0f} to {row['churners_high']:,.0f}",
            word(PERIOD_WORDS, row["verdict"], language),
            f"{lift:.1f}" if lift == lift else "",
        )
    return table


def _surprises(rows: pd.DataFrame, title: str, language: str) -> Table:
    shown = f"{title} ({min(len(rows), MOST_SURPRISES)} of {len(rows)})"
    table = new_table(shown, ["customer", "cutoff", "health", "what was said"])
    for row in rows.head(MOST_SURPRISES).to_dict("records"):
        reasons = row[f"reasons_{language}"]
        table.add_row(
            plain_text(row["customer_id"]),
            f"{row['cutoff']:%Y-%m-%d %H:%M} UTC",
            f"{row['health_score']:.1f}",
            plain_text(reasons if isinstance(reasons, str) else ""),
        )
    return table


def _lead_time(result: MonitorResult) -> list[str]:
    known = result.lead_quantiles
    churners, red = int(known["churners"]), int(known["red_before"])
    if not churners:
        return ["Nobody is known to have churned: no lead time."]
    said = f"Of {churners} customers who churned, {red} had been red"
    low, high = known["lead_days_low_50pct"], known["lead_days_high_50pct"]
    if not red:
        return [f"{said}."]
    days = f"{low:.0f} to {high:.0f} days" if high == high else f"at least {low:.0f} days"
    return [f"{said}; the first red came {days} before the churn (medians of both bounds)."]


def _customers(rows: pd.DataFrame, title: str, language: str) -> Table:
    names = ["customer", "health", "band", "MRR", "MRR at risk", "change"]
    grows = "expansion_probability" in rows and bool(rows["expansion_probability"].notna().any())
    table = new_table(title, [*names, "P(growth)"] if grows else names)
    for row in rows.to_dict("records"):
        money = [_money(row[name], row["currency"]) for name in ("mrr", "mrr_at_risk")]
        change = row["health_score_change"]
        table.add_row(
            plain_text(row["customer_id"]),
            f"{row['health_score']:.1f}",
            BAND_LABELS[language][str(row["health_band"])],
            *money,
            f"{change:+.1f}" if pd.notna(change) else "",
            *([_share(row["expansion_probability"])] if grows else []),
        )
    return table


def _share(value: float) -> str:
    return f"{value:.1%}" if pd.notna(value) else ""


def _money(amount: float, currency: object) -> Text:
    return plain_text(f"{amount:,.0f} {currency}" if pd.notna(amount) else "")
