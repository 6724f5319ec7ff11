"""What the commands print: tables for people, or one JSON document for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from churnhealth.cli import show_backtest
from churnhealth.cli.printing import (
    console,
    new_table,
    plain_text,
    print_json,
    print_lines,
    records,
)
from churnhealth.domain.health import BAND_LABELS
from churnhealth.evaluate.missing import coverage_line
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.jobs.backfill import BackfillResult
from churnhealth.jobs.cards import CustomerCard
from churnhealth.jobs.init_project import InitResult
from churnhealth.jobs.retrain import RetrainResult
from churnhealth.jobs.score import ScoreResult
from churnhealth.jobs.wiring import Workplace

BAND_STYLES = {"green": "green", "yellow": "yellow", "red": "bold red"}


def init(result: InitResult, *, as_json: bool) -> None:
    """Show what was inferred, and where to edit it."""
    if as_json:
        print_json(
            {
                "config": str(result.config),
                "customer_id": result.columns.customer_id,
                "label": result.columns.label,
                "cutoff": result.columns.cutoff,
                "ignore": list(result.columns.ignore),
                "indicators": result.catalogue.to_dict()["indicators"],
                "notes": list(result.notes),
            }
        )
        return
    table = new_table("Indicators, as inferred", ["indicator", "group", "label"])
    for one in result.catalogue.values():
        table.add_row(plain_text(one.name), plain_text(one.group), plain_text(one.label()))
    console.print(table)
    print_lines(
        f"customer: {result.columns.customer_id}   label: {result.columns.label}   "
        f"cutoff: {result.columns.cutoff or 'one date for all'}",
        *([f"left out: {', '.join(result.columns.ignore)}"] if result.columns.ignore else []),
        *result.notes,
        f"Written to {result.config}: look it through, then: churnhealth retrain",
    )


def retrained(workplace: Workplace, result: RetrainResult, *, as_json: bool) -> None:
    """Show the verdict, the quality on rows put aside, and where the run is."""
    if as_json:
        print_json(
            {
                "decision": result.verdict.decision,
                "dry_run": result.dry_run,
                "reasons": list(result.verdict.reasons),
                "checks": [{**vars(one), "outcome": one.outcome} for one in result.verdict.checks],
                "model_version": result.version and result.version.model_version,
                "run_id": result.run_id,
                "mlflow_run": result.version and result.version.run_id,
                "split": result.split,
                "metrics": result.report.to_dict(),
                "backtest": show_backtest.document(result.backtest),
                "notes": list(result.notes),
                "coverage": records(result.coverage),
            }
        )
        return
    verdict(result)
    console.print(show_backtest.checks(result.verdict))
    console.print(show_backtest.windows(result.backtest))
    console.print(show_backtest.models(result.backtest))
    console.print(_metrics(result.report, f"On rows put aside: {result.split}"))
    said = result.report.sentences(workplace.settings.project.language)
    told = (*said, *result.notes, coverage_line(result.coverage))
    print_lines(*told, "", f"Runs: {workplace.registry.ui_command()}")


def scored(workplace: Workplace, result: ScoreResult, *, as_json: bool) -> None:
    """Show counts, the riskiest customers, and where the tables are."""
    if as_json:
        print_json(result.to_dict())
        return
    counts(workplace, result)
    language = workplace.settings.project.language
    console.print(risk_list(result.riskiest, language))
    print_lines(
        *result.notes, coverage_line(result.coverage), f"Tables: {workplace.warehouse.describe()}"
    )


def backfilled(workplace: Workplace, result: BackfillResult, *, as_json: bool) -> None:
    """Show what became of every cutoff that was scored, and every note once."""
    if as_json:
        print_json(result.to_dict())
        return
    for run in result.runs:
        counts(workplace, run)
    notes = dict.fromkeys(note for run in result.runs for note in run.notes)
    print_lines(*notes, f"Tables: {workplace.warehouse.describe()}")


def verdict(result: RetrainResult) -> None:
    """Show whether the new model was promoted, and why."""
    promoted = result.verdict.decision == "promoted"
    style = "bold green" if promoted else "bold yellow"
    told = "promoted to champion" if promoted else "kept as challenger"
    if result.version is None:
        dry = ("would be " + told, style)
        console.print(Text.assemble("Dry run, nothing was written. The new model ", dry))
    else:
        console.print(
            Text.assemble("Model ", (result.version.model_version, "bold"), " ", (told, style))
        )
    print_lines(*(f"  {reason}" for reason in result.verdict.reasons))


def counts(workplace: Workplace, result: ScoreResult) -> None:
    """Show how many customers were scored, and how many are in each band."""
    bands = ", ".join(f"{count} {band}" for band, count in result.bands.items())
    again = " (unchanged: these scores stood there already)" if result.status == "unchanged" else ""
    print_lines(
        f"Scored {result.rows_scored} of {result.rows_read} customers at "
        f"{_day(workplace, result.cutoff)}, {result.rows_rejected} rejected{again}: {bands}"
    )


def _metrics(report: EvaluationReport, title: str) -> Table:
    table = new_table(title, ["metric", "value", "90 % interval"])
    for row in report.metrics.to_dict("records"):
        low, high = row["low"], row["high"]
        interval = f"{low:.4g} to {high:.4g}" if low == low else ""
        table.add_row(row["metric"], f"{row['value']:.4g}", interval)
    return table


def risk_list(
    cards: Sequence[CustomerCard], language: str, names: Mapping[str, str] | None = None
) -> Table:
    """Return the riskiest customers with their reasons, by name where there are names."""
    table = new_table("Most at risk", ["#", "customer", "health", "band", "why (health points)"])
    for one in cards:
        customer, band = one.customer, str(one.customer["health_band"])
        told = one.drivers[f"reason_{language}"].iloc[:3]
        table.add_row(
            str(customer["risk_rank"]),
            plain_text(_called(str(customer["customer_id"]), names)),
            f"{customer['health_score']:.1f}",
            Text(BAND_LABELS[language][band], BAND_STYLES[band]),
            plain_text("\n".join(told)),
        )
    return table


def _called(customer_id: str, names: Mapping[str, str] | None) -> str:
    name = (names or {}).get(customer_id)
    return f"{customer_id}\n{name}" if name else customer_id


def _day(workplace: Workplace, moment: Any) -> str:
    local = moment.astimezone(workplace.settings.problem.zone)
    return f"{local:%Y-%m-%d}"
