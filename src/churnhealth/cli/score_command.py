"""The command that scores: one cutoff, or every cutoff since a date."""

from __future__ import annotations

from typing import Annotated

import typer

from churnhealth.cli.common import (
    DEFAULT_CONFIG,
    DONE,
    FAILED,
    AsJson,
    Config,
    Debug,
    LogJson,
    date_of,
    open_project,
    run_command,
)


def register(app: typer.Typer, epilog: str = "") -> None:
    """Add the command to the program; the epilog tells the exit codes."""
    app.command(epilog=epilog)(score)


def score(
    *,
    config: Config = DEFAULT_CONFIG,
    cutoff: Annotated[str | None, typer.Option(help="Date to score at; default: the newest.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Score every cutoff from this date to --cutoff, the oldest first."),
    ] = None,
    as_json: AsJson = False,
    log_json: LogJson = False,
    debug: Debug = False,
) -> None:
    """Score every customer with the champion and publish scores and drivers in one transaction.

    With --since each cutoff is a run and a transaction of its own; when one fails, those before stay.

    Example: churnhealth score --cutoff 2026-10-01 --since 2026-07-01
    """

    def work() -> int:
        from churnhealth.cli import show
        from churnhealth.cli.progress import stages
        from churnhealth.jobs.backfill import backfill
        from churnhealth.jobs.score import STAGES
        from churnhealth.jobs.score import score as run

        date, first = date_of(cutoff, "--cutoff"), date_of(since, "--since")
        if first is None:
            with stages(STAGES, quiet=as_json or log_json) as progress:
                workplace = open_project(config, progress)
                result = run(workplace, cutoff=date)
            show.scored(workplace, result, as_json=as_json)
            return DONE
        with stages(None, quiet=as_json or log_json) as progress:
            workplace = open_project(config, progress)
            filled = backfill(workplace, first, date)
        if filled.failure is not None and debug:
            raise filled.failure.error
        show.backfilled(workplace, filled, as_json=as_json)
        if filled.failure is None:
            return DONE
        if not log_json:
            typer.echo(f"Error: {filled.message}", err=True)
        return FAILED

    run_command(work, as_json=as_json, debug=debug, log_job="score" if log_json else None)
