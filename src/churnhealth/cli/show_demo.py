"""What the demos print."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

from rich.table import Table

from churnhealth.cli import show, show_card, show_history, show_monitor
from churnhealth.cli.printing import console, new_table, print_json, print_lines
from churnhealth.evaluate.report import EvaluationReport
from churnhealth.jobs.demo import OUTCOMES, PANEL, TO_SCORE, DemoResult
from churnhealth.jobs.demo_history import FIRST_QUARTER, HistoryDemo
from churnhealth.jobs.explain_customer import explain_customer

CARDS_SHOWN = 2


def telco(result: DemoResult, *, as_json: bool) -> None:
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
    show.verdict(result.trained)
    show.counts(work, result.scored)
    console.print(show.risk_list(result.scored.riskiest, language))
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


def history(result: HistoryDemo, *, as_json: bool) -> None:
    """Show what was found, who is at risk and why, and the probabilities next to the true ones."""
    if as_json:
        _history_json(result)
        return
    work, checked = result.workplace, result.checked
    language = work.settings.project.language
    rows = int(checked.report.sources["rows"].sum())
    tables = len(checked.report.sources)
    print_lines(f"Checked {rows:,} rows of {tables} tables, {len(checked.findings)} findings")
    console.print(show_history.cutoff_counts(checked))
    print_lines(*checked.learned)
    if result.first:
        print_lines("", f"A first quarter, as of {FIRST_QUARTER}, without surveys and tickets")
        show.verdict(result.first)
    print_lines("", "A later quarter, with them: a challenger meets the champion")
    show.verdict(result.trained)
    console.print(show_monitor.periods(result.monitored, language))
    show.counts(work, result.scored)
    console.print(show.risk_list(result.scored.riskiest, language, result.names))
    for one in result.scored.riskiest[:CARDS_SHOWN]:
        customer = str(one.customer["customer_id"])
        print_lines("", result.names.get(customer, ""))
        show_card.card(work, explain_customer(work, customer), language, as_json=False)
    console.print(_truth(result))
    _history_next(result)


def _history_json(result: HistoryDemo) -> None:
    print_json(
        {
            "findings": len(result.checked.findings),
            "first_decision": result.first.verdict.decision if result.first else None,
            "decision": result.trained.verdict.decision,
            "reasons": list(result.trained.verdict.reasons),
            "model_version": result.scored.model_version,
            "scored": result.scored.rows_scored,
            "bands": result.scored.bands,
            "retrain_due": result.monitored.due,
            "metrics": result.trained.report.to_dict(),
            "truth": result.truth.to_dict("records"),
            "riskiest": [one.to_dict() for one in result.scored.riskiest],
        }
    )


def _history_next(result: HistoryDemo) -> None:
    work, metric = result.workplace, result.trained.report.metric
    program, config = _program(), _config_option(work.config)
    first = result.scored.riskiest[0].customer["customer_id"]
    print_lines(
        f"On the newest quarter with labels, unseen: log loss {metric('log_loss'):.4f} (base rate alone "
        f"{metric('log_loss_base_rate'):.4f}), AUC {metric('roc_auc'):.3f}. The vendor is simulated.",
        "",
        f"Tables   {work.warehouse.describe()}",
        f"Runs     {work.registry.ui_command()}",
        "",
        f"Next     {program} explain {first} --language en{config}",
        f"         {program} check{config}    # every finding, and how well indicators are covered",
        f"         {program} score{config}    # again: unchanged, nothing is written twice",
    )


def _truth(result: HistoryDemo) -> Table:
    title = "Is it true? Customers scored, from the safest fifth to the riskiest"
    table = new_table(title, ["customers", "predicted churn", "true probability"])
    for row in result.truth.to_dict("records"):
        table.add_row(f"{row['customers']}", f"{row['predicted']:.1%}", f"{row['true_probability']:.1%}")
    return table
