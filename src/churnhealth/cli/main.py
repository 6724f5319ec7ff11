"""The commands of `churnhealth`, their options, and their exit codes."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from churnhealth.cli import (
    history_commands,
    kpi_commands,
    monitor_commands,
    registry_commands,
    report_commands,
    score_command,
)
from churnhealth.cli.common import (
    DEFAULT_CONFIG,
    DONE,
    KEPT,
    AsJson,
    Config,
    Debug,
    LogJson,
    date_of,
    language_of,
    open_project,
    run_command,
    seconds_of,
)

EXIT_CODES = (
    "Exit codes: 0 done (retrain: promoted), 1 failed, 2 wrong usage or configuration, 3 retrain kept "
    "the champion, 4 monitor: a retrain is due."
)

app = typer.Typer(
    help="Customer health scores that are calibrated churn probabilities and explain themselves.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    # Plain help: laying it out with rich takes four times as long as everything else.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(*, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"churnhealth {version('churnhealth')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=lambda value: _version(wanted=value),
            help="Show the version.",
        ),
    ] = False,
) -> None:
    """Hold the options that belong to no command."""


@app.command(epilog=EXIT_CODES)
def init(
    panel: Annotated[Path, typer.Argument(help="CSV, TSV or Parquet: customers with a churn label.")],
    *,
    config: Config = DEFAULT_CONFIG,
    customer_id: Annotated[str | None, typer.Option(help="Column of the customer.")] = None,
    label: Annotated[str | None, typer.Option(help="Column that says who churned.")] = None,
    positive_label: Annotated[str | None, typer.Option(help="Value that means churned.")] = None,
    cutoff: Annotated[str | None, typer.Option(help="Column with the moment of prediction.")] = None,
    cutoff_date: Annotated[
        str | None, typer.Option(help="The one cutoff of a panel without such a column: 2026-04-01.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Zone of all dates, such as Asia/Tokyo.")] = "UTC",
    language: Annotated[str, typer.Option(help="Language of reasons: en or ja.")] = "en",
    horizon_days: Annotated[int | None, typer.Option(help="Days in which churning counts.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Column that is no indicator.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing configuration.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a first churnhealth.toml for a panel; what was inferred is listed in it.

    Example: churnhealth init customers.csv --label Churn --cutoff-date 2026-04-01
    """

    def work() -> int:
        from churnhealth.cli import show
        from churnhealth.jobs.init_project import init_project

        result = init_project(
            panel,
            config,
            customer_id=customer_id,
            label=label,
            cutoff=cutoff,
            cutoff_date=date_of(cutoff_date, "--cutoff-date"),
            timezone=timezone,
            language=language_of(language),
            positive_label=positive_label,
            horizon_days=horizon_days,
            ignore=ignore or (),
            force=force,
        )
        show.init(result, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)


@app.command(epilog=EXIT_CODES)
def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Where churnhealth.toml, data/ and models/ go.")] = Path(),
    history: Annotated[
        bool, typer.Option("--history", help="From the tables of a simulated vendor in Tokyo.")
    ] = False,
    language: Annotated[
        str | None,
        typer.Option(help="Language of reasons: en or ja; default: en, with --history ja."),
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Go the whole way on 7,043 real customers: train, score, explain, and look at the truth.

    With --history the way begins at tables of contracts, usage, contacts, tickets and surveys.

    Example: churnhealth demo --folder demo
    """

    def work() -> int:
        from churnhealth.cli import show_demo
        from churnhealth.cli.progress import stages
        from churnhealth.jobs import demo, demo_history

        chosen = language_of(language or ("ja" if history else "en"))
        if history:
            with stages(demo_history.STAGES, quiet=as_json) as progress:
                vendor = demo_history.demo_history(folder, language=chosen, progress=progress)
            show_demo.history(vendor, as_json=as_json)
            return DONE
        with stages(demo.STAGES, quiet=as_json) as progress:
            result = demo.demo(folder, language=chosen, progress=progress)
        show_demo.telco(result, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)


@app.command(epilog=EXIT_CODES)
def retrain(
    *,
    config: Config = DEFAULT_CONFIG,
    cutoff: Annotated[
        str | None, typer.Option(help="Retrain as if today were this date; default: all that is known.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but register, and say what would be done.")
    ] = False,
    search: Annotated[
        str | None,
        typer.Option(
            help="Look for better options of the learners first, for so long: 90s, 10m, 2h. The next "
            "search on the same data goes on from there."
        ),
    ] = None,
    as_json: AsJson = False,
    log_json: LogJson = False,
    debug: Debug = False,
) -> None:
    """Train on the panel, judge on past quarters, and promote only with reasons.

    Example: churnhealth retrain --cutoff 2026-10-01 --dry-run

    With --search 10m options are tried on rows that no judged window knows; the defaults are kept
    unless others are better by more than chance. Later retrainings keep the champion's options.
    """

    def work() -> int:
        from churnhealth.cli import show
        from churnhealth.cli.progress import stages
        from churnhealth.jobs.retrain import STAGES
        from churnhealth.jobs.retrain import retrain as run
        from churnhealth.jobs.search import Search

        today, seconds = date_of(cutoff, "--cutoff"), seconds_of(search, "--search")
        with stages(STAGES + (seconds is not None), quiet=as_json or log_json) as progress:
            workplace = open_project(config, progress)
            wish = None if seconds is None else Search(seconds, progress.searched)
            result = run(workplace, cutoff=today, dry_run=dry_run, search=wish)
        show.retrained(workplace, result, as_json=as_json)
        return DONE if result.verdict.decision == "promoted" else KEPT

    run_command(work, as_json=as_json, debug=debug, log_job="retrain" if log_json else None)


@app.command(epilog=EXIT_CODES)
def explain(
    customer_id: Annotated[str, typer.Argument(help="The customer, as the source writes it.")],
    *,
    config: Config = DEFAULT_CONFIG,
    cutoff: Annotated[str | None, typer.Option(help="Date of the score; default: the latest.")] = None,
    language: Annotated[
        str | None, typer.Option(help="en or ja; default: the project's language.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show one customer's score, what it is made of, why it moved, and what would help.

    Example: churnhealth explain T0042 --language ja --cutoff 2026-04-01
    """

    def work() -> int:
        from churnhealth.cli.progress import stages
        from churnhealth.cli.show_card import card
        from churnhealth.jobs.explain_customer import STAGES, explain_customer

        day = date_of(cutoff, "--cutoff")
        with stages(STAGES, quiet=as_json) as progress:
            workplace = open_project(config, progress)
            chosen = language_of(language or workplace.settings.project.language)
            told = explain_customer(workplace, customer_id, cutoff=day)
        card(workplace, told, chosen, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)


score_command.register(app, EXIT_CODES)
history_commands.register(app, EXIT_CODES)
registry_commands.register(app, EXIT_CODES)
monitor_commands.register(app, EXIT_CODES)
kpi_commands.register(app, EXIT_CODES)
report_commands.register(app, EXIT_CODES)


def main() -> None:
    """Run the command line."""
    # Spelled out: MLflow does not understand "1".
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    for stream in (sys.stdout, sys.stderr):
        # Customers' names are Japanese; a terminal that cannot show one shows a question mark.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
