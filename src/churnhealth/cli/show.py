"""What the commands print: tables for people, or one JSON document for machines."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import console, new_table, plain_text, print_json, print_lines
from churnhealth.domain.health import BAND_LABELS
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.jobs.cards import CustomerCard
from churnhealth.jobs.demo import OUTCOMES, PANEL, TO_SCORE, DemoResult
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
        *result.notes,
        f"Written to {result.config}: look it through, then: churnhealth retrain",
    )


def retrained(workplace: Workplace, result: RetrainResult, *, as_json: bool) -> None:
    """Show the verdict, the quality on rows put aside, and where the run is."""
    if as_json:
        print_json(
            {
                "decision": result.verdict.decision,
                "reasons": list(result.verdict.reasons),
                "model_version": result.version.model_version,
                "run_id": result.run_id,
                "mlflow_run": result.version.run_id,
                "split": result.split,
                "metrics": result.report.to_dict(),
                "notes": list(result.notes),
            }
        )
        return
    _verdict(result)
    console.print(_metrics(result.report, f"On rows put aside: {result.split}"))
    said = result.report.sentences(workplace.settings.project.language)
    print_lines(*said, *result.notes, "", f"Runs: {workplace.registry.ui_command()}")


def scored(workplace: Workplace, result: ScoreResult, *, as_json: bool) -> None:
    """Show counts, the riskiest customers, and where the tables are."""
    if as_json:
        facts = {
            name: value for name, value in vars(result).items() if name not in ("cutoff", "riskiest")
        }
        cards = [one.to_dict() for one in result.riskiest]
        print_json({**facts, "cutoff": result.cutoff.isoformat(), "riskiest": cards})
        return
    _counts(workplace, result)
    language = workplace.settings.project.language
    console.print(_risk_list(result.riskiest, language))
    print_lines(*result.notes, f"Tables: {workplace.warehouse.describe()}")


def demo(result: DemoResult, *, as_json: bool) -> None:
    """Show who is at risk and why, whether the probabilities were true, and what to try next."""
    if as_json:
        print_json(
            {
                "decision": result.trained.verdict.decision,
                "model_version": result.scored.model_version,
                "scored": result.scored.rows_scored,
                "bands": result.scored.bands,
                "put_aside": result.truth.to_dict(),
                "riskiest": [one.to_dict() for one in result.scored.riskiest],
            }
        )
        return
    work = result.workplace
    language = work.settings.project.language
    _verdict(result.trained)
    _counts(work, result.scored)
    console.print(_risk_list(result.scored.riskiest, language))
    console.print(_reliability(result.truth))
    metric = result.truth.metric
    first = result.scored.riskiest[0].customer["customer_id"]
    program, config = _program(), _config_option(work.config)
    print_lines(
        f"{result.scored.rows_scored} customers whose labels the model never saw: log loss "
        f"{metric('log_loss'):.4f} (base rate alone {metric('log_loss_base_rate'):.4f}), "
        f"AUC {metric('roc_auc'):.3f}, calibration slope {metric('calibration_slope'):.2f}.",
        "These customers have no dates: whether the probabilities hold on later time is not shown here.",
        "",
        f"Tables   {work.warehouse.describe()}",
        f"         {PANEL}, {TO_SCORE}, {OUTCOMES}; health_scores, health_drivers, health_current, ...",
        f"Runs     {work.registry.ui_command()}",
        "",
        f"Next     {program} explain {first} --language ja{config}",
        f"         {program} score{config}    # again: unchanged, nothing is written twice",
        f"         {program} retrain{config}  # a challenger meets the champion",
        f"         {program} init YOUR_CUSTOMERS.csv --config mine/churnhealth.toml",
    )


def _program() -> str:
    """Return what to type: the bare name when it is on the path, else where it lies."""
    if shutil.which("churnhealth"):
        return "churnhealth"
    beside = Path(sys.executable).with_name("churnhealth")
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _config_option(config: Path) -> str:
    here = config.resolve() == Path("churnhealth.toml").resolve()
    return "" if here else f" --config {shlex.quote(str(config))}"


def _verdict(result: RetrainResult) -> None:
    style = "bold green" if result.verdict.decision == "promoted" else "bold yellow"
    told = "promoted to champion" if result.verdict.decision == "promoted" else "kept as challenger"
    console.print(Text.assemble("Model ", (result.version.model_version, "bold"), " ", (told, style)))
    print_lines(*(f"  {reason}" for reason in result.verdict.reasons))


def _counts(workplace: Workplace, result: ScoreResult) -> None:
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


def _reliability(report: EvaluationReport) -> Table:
    title = "Did it come true? Customers put aside, from the safest tenth to the riskiest"
    table = new_table(
        title, ["customers", "predicted churn", "what happened", "range if predictions are true"]
    )
    for row in report.reliability.to_dict("records"):
        table.add_row(
            f"{row['customers']}",
            f"{row['mean_predicted']:.1%}",
            f"{row['observed']:.1%}",
            f"{row['band_low']:.1%} to {row['band_high']:.1%}" + ("" if row["inside"] else "  outside"),
        )
    return table


def _risk_list(cards: Sequence[CustomerCard], language: str) -> Table:
    table = new_table("Most at risk", ["#", "customer", "health", "band", "why (health points)"])
    for one in cards:
        customer, band = one.customer, str(one.customer["health_band"])
        told = one.drivers[f"reason_{language}"].iloc[:3]
        table.add_row(
            str(customer["risk_rank"]),
            plain_text(str(customer["customer_id"])),
            f"{customer['health_score']:.1f}",
            Text(BAND_LABELS[language][band], BAND_STYLES[band]),
            plain_text("\n".join(told)),
        )
    return table


def _day(workplace: Workplace, moment: Any) -> str:
    local = moment.astimezone(workplace.settings.problem.zone)
    return f"{local:%Y-%m-%d}"
