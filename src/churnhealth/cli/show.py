"""What the commands print: tables for people, or one JSON document for machines."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from churnhealth.domain.health import BAND_LABELS
from churnhealth.domain.indicators import Catalogue
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.jobs.cards import CustomerCard
from churnhealth.jobs.demo import OUTCOMES, PANEL, TO_SCORE, DemoResult
from churnhealth.jobs.init_project import InitResult
from churnhealth.jobs.retrain import RetrainResult
from churnhealth.jobs.score import ScoreResult
from churnhealth.jobs.wiring import Workplace

BAND_STYLES = {"green": "green", "yellow": "yellow", "red": "bold red"}

# Names of customers and columns are data: nothing in them is ever read as markup.
console = Console(markup=False, highlight=False, emoji=False)


def init(result: InitResult, *, as_json: bool) -> None:
    """Show what was inferred, and where to edit it."""
    if as_json:
        _json(
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
    table = _table("Indicators, as inferred", ["indicator", "group", "label"])
    for one in result.catalogue.values():
        table.add_row(_text(one.name), _text(one.group), _text(one.label()))
    console.print(table)
    _lines(
        f"customer: {result.columns.customer_id}   label: {result.columns.label}   "
        f"cutoff: {result.columns.cutoff or 'one date for all'}",
        *result.notes,
        f"Written to {result.config}: look it through, then: churnhealth retrain",
    )


def retrained(workplace: Workplace, result: RetrainResult, *, as_json: bool) -> None:
    """Show the verdict, the quality on rows put aside, and where the run is."""
    if as_json:
        _json(
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
    _lines(*said, *result.notes, "", f"Runs: {workplace.registry.ui_command()}")


def scored(workplace: Workplace, result: ScoreResult, *, as_json: bool) -> None:
    """Show counts, the riskiest customers, and where the tables are."""
    if as_json:
        facts = {
            name: value for name, value in vars(result).items() if name not in ("cutoff", "riskiest")
        }
        cards = [one.to_dict() for one in result.riskiest]
        _json({**facts, "cutoff": result.cutoff.isoformat(), "riskiest": cards})
        return
    _counts(workplace, result)
    language = workplace.settings.project.language
    console.print(_risk_list(result.riskiest, language))
    _lines(*result.notes, f"Tables: {workplace.warehouse.describe()}")


def card(workplace: Workplace, one: CustomerCard, language: str, *, as_json: bool) -> None:
    """Show one customer's score, groups and reasons."""
    if as_json:
        _json(one.to_dict())
        return
    customer, catalogue = one.customer, workplace.catalogue
    band = str(customer["health_band"])
    head = Text.assemble(
        ("health" if language == "en" else "健全度", "bold"),
        f" {customer['health_score']:.1f}  ",
        (BAND_LABELS[language][band], BAND_STYLES[band]),
        f"  P(churn) {customer['churn_probability']:.1%}  "
        f"#{customer['risk_rank']} / {one.customers}{_change(customer)}",
    )
    _lines(f"{customer['customer_id']}   {_day(workplace, customer['cutoff'])}")
    console.print(head)
    if customer["is_stale"]:
        _lines("Not among the customers scored last: this is an older score.")
    console.print(_groups(one, catalogue, language))
    console.print(_reasons(one, language))


def demo(result: DemoResult, *, as_json: bool) -> None:
    """Show who is at risk and why, whether the probabilities were true, and what to try next."""
    if as_json:
        _json(
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
    _lines(
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
    _lines(*(f"  {reason}" for reason in result.verdict.reasons))


def _counts(workplace: Workplace, result: ScoreResult) -> None:
    bands = ", ".join(f"{count} {band}" for band, count in result.bands.items())
    again = " (unchanged: these scores stood there already)" if result.status == "unchanged" else ""
    _lines(
        f"Scored {result.rows_scored} of {result.rows_read} customers at "
        f"{_day(workplace, result.cutoff)}, {result.rows_rejected} rejected{again}: {bands}"
    )


def _metrics(report: EvaluationReport, title: str) -> Table:
    table = _table(title, ["metric", "value", "90 % interval"])
    for row in report.metrics.to_dict("records"):
        low, high = row["low"], row["high"]
        interval = f"{low:.4g} to {high:.4g}" if low == low else ""
        table.add_row(row["metric"], f"{row['value']:.4g}", interval)
    return table


def _reliability(report: EvaluationReport) -> Table:
    title = "Did it come true? Customers put aside, from the safest tenth to the riskiest"
    table = _table(
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
    table = _table("Most at risk", ["#", "customer", "health", "band", "why (health points)"])
    for one in cards:
        customer, band = one.customer, str(one.customer["health_band"])
        told = one.drivers[f"reason_{language}"].iloc[:3]
        table.add_row(
            str(customer["risk_rank"]),
            _text(str(customer["customer_id"])),
            f"{customer['health_score']:.1f}",
            Text(BAND_LABELS[language][band], BAND_STYLES[band]),
            _text("\n".join(told)),
        )
    return table


def _groups(one: CustomerCard, catalogue: Catalogue, language: str) -> Table:
    names = ["group", "points", "sub-score"] if language == "en" else ["区分", "点数", "区分別健全度"]
    table = _table(None, names)
    for row in one.groups.sort_values("points").to_dict("records"):
        label = catalogue.group_label(str(row["indicator_group"]), language)
        table.add_row(_text(label), f"{row['points']:+.1f}", f"{row['sub_score']:.1f}")
    return table


def _reasons(one: CustomerCard, language: str) -> Table:
    base = float(one.customer["base_points"])
    table = _table(None, ["what goes with the score" if language == "en" else "スコアの内訳"])
    table.add_row(f"base {base:.1f}" if language == "en" else f"基準 {base:.1f}点")
    for reason in one.drivers[f"reason_{language}"]:
        table.add_row(_text(str(reason)))
    return table


def _change(customer: dict[str, Any]) -> str:
    change = customer.get("health_score_change")
    return f"  {change:+.1f} since last time" if change is not None and change == change else ""


def _day(workplace: Workplace, moment: Any) -> str:
    local = moment.astimezone(workplace.settings.problem.zone)
    return f"{local:%Y-%m-%d}"


def _table(title: str | None, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _text(value: str) -> Text:
    """Return text of the data as it is, with control characters made visible."""
    return Text("".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in value))


def _lines(*lines: str) -> None:
    for line in lines:
        console.print(_text(line), soft_wrap=True)


def _json(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    console.print(text, soft_wrap=True)
