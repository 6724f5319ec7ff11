"""The command of key figures: kpi."""

from __future__ import annotations

from typing import Annotated

import typer

from churnhealth.cli.common import (
    DEFAULT_CONFIG,
    DONE,
    AsJson,
    Config,
    Debug,
    language_of,
    open_project,
    run_command,
)


def register(app: typer.Typer, epilog: str = "") -> None:
    """Add the command to the program; the epilog tells the exit codes."""
    app.command(epilog=epilog)(kpi)


def kpi(
    *,
    config: Config = DEFAULT_CONFIG,
    months: Annotated[int, typer.Option(help="Whole calendar months looked back.")] = 12,
    language: Annotated[
        str | None, typer.Option(help="en or ja; default: the project's language.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show churn rate, retention, expansion, lifetime value, cohorts and NPS, each with its period.

    From the history's contracts and surveys; of a panel what its labels and scores can tell.

    Example: churnhealth kpi --months 6 --json
    """

    def work() -> int:
        from churnhealth.cli.show_kpi import figures
        from churnhealth.jobs.kpi import kpi as run

        workplace = open_project(config)
        chosen = language_of(language or workplace.settings.project.language)
        figures(run(workplace, months=months), chosen, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)
