"""How the key figures are printed: tables for people, one JSON document for machines."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from churnhealth.cli.printing import console, new_table, print_json, print_lines
from churnhealth.jobs.kpi_tables import KpiReport, KpiValue
from churnhealth.jobs.kpi_words import GUIDE_WORDS, KPI_LABELS

_HEADS = {
    "en": {
        "figure": "figure",
        "value": "value",
        "interval": "90 % interval",
        "period": "period",
        "guide": "guide",
        "month": "month",
        "customers": "customers",
        "churned": "churned",
        "joined": "joined",
        "monthly": "By month",
        "cohorts": "Retention by cohort, after so many months",
        "size": "began",
    },
    "ja": {
        "figure": "指標",
        "value": "値",
        "interval": "90%区間",
        "period": "期間",
        "guide": "目安",
        "month": "月",
        "customers": "顧客数",
        "churned": "解約",
        "joined": "新規",
        "monthly": "月ごと",
        "cohorts": "コホート別の継続率（経過月数）",
        "size": "開始数",
    },
}
_PERIODS = (0, 1, 2, 3, 6, 9, 12, 18, 24)
MOST_COHORTS = 13


def figures(report: KpiReport, language: str, *, as_json: bool) -> None:
    """Print the figures, the months, the cohorts, and what could not be told."""
    if as_json:
        print_json(report.to_dict())
        return
    console.print(_values(report, language))
    if len(report.monthly):
        console.print(_monthly(report.monthly, language))
    if len(report.cohorts):
        console.print(_cohorts(report.cohorts, language))
    print_lines(*(note[language] for note in report.notes))


def _values(report: KpiReport, language: str) -> Table:
    heads = _HEADS[language]
    columns = [heads[name] for name in ("figure", "value", "interval", "period", "guide")]
    table = new_table(None, columns)
    for one in report.values:
        guide = GUIDE_WORDS[one.guide][language] if one.guide else ""
        name = KPI_LABELS[one.name][language]
        table.add_row(name, shown_value(one), _interval(one), one.period, guide)
    return table


def shown_value(one: KpiValue) -> str:
    """Write a figure with its unit.

    Examples
    --------
    >>> shown_value(KpiValue("churn_rate", 0.0312, "share/month", "2026-06"))
    '3.1% / month'
    >>> shown_value(KpiValue("lifetime_value", 1234567.0, "JPY", "2026-06"))
    '1,234,567 JPY'
    """
    if one.unit.startswith("share"):
        return f"{one.value:.1%}" + (" / month" if one.unit.endswith("/month") else "")
    if one.unit == "points":
        return f"{one.value:+.0f}"
    if one.unit in ("customers", "months"):
        return f"{one.value:,.1f}".removesuffix(".0")
    return f"{one.value:,.0f} {one.unit}"


def _interval(one: KpiValue) -> str:
    return "" if one.low is None or one.high is None else f"{one.low:.1%} to {one.high:.1%}"


def _monthly(monthly: pd.DataFrame, language: str) -> Table:
    heads = _HEADS[language]
    rates = ("churn_rate", "mrr_churn_rate", "mrr_expansion_rate", "net_revenue_retention")
    counts = ("customers", "churned", "joined")
    columns = [heads["month"], *(heads[one] for one in counts)]
    table = new_table(heads["monthly"], [*columns, *(KPI_LABELS[one][language] for one in rates)])
    for row in monthly.to_dict("records"):
        cells = [f"{row[one]:.1%}" if pd.notna(row[one]) else "" for one in rates]
        table.add_row(f"{row['month']:%Y-%m}", *(f"{row[one]:,}" for one in counts), *cells)
    return table


def _cohorts(cohorts: pd.DataFrame, language: str) -> Table:
    heads = _HEADS[language]
    wide = cohorts.pivot_table(index="cohort", columns="period", values="retention").tail(MOST_COHORTS)
    periods = [one for one in _PERIODS if one in wide and wide[one].notna().any()]
    table = new_table(heads["cohorts"], [heads["month"], heads["size"], *map(str, periods)])
    starts = cohorts.drop_duplicates("cohort")
    sizes = dict(zip(starts["cohort"], starts["customers"], strict=True))
    for cohort, row in wide.iterrows():
        cells = [f"{row[one]:.0%}" if pd.notna(row[one]) else "" for one in periods]
        table.add_row(f"{cohort:%Y-%m}", f"{sizes[cohort]:,}", *cells)
    return table
