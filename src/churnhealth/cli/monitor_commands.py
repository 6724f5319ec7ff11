"""The commands that look back and ahead: monitor, lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnhealth.cli.common import (
    DEFAULT_CONFIG,
    DONE,
    DUE,
    AsJson,
    Config,
    Debug,
    LogJson,
    date_of,
    open_project,
    run_command,
)
from churnhealth.errors import ConfigError


def register(app: typer.Typer, epilog: str = "") -> None:
    """Add the commands to the program; the epilog tells the exit codes."""
    for command in (monitor, lists):
        app.command(epilog=epilog)(command)


def monitor(
    *,
    config: Config = DEFAULT_CONFIG,
    since: Annotated[
        str | None, typer.Option(help="First cutoff looked at; default: a year before now.")
    ] = None,
    as_json: AsJson = False,
    log_json: LogJson = False,
    debug: Debug = False,
) -> None:
    """Join past scores with what happened since, and say whether a retrain is due, and why.

    The tables health_monitor_* hold everything. Exit code 4: a retrain is due; 0: it is not.

    Example: churnhealth monitor --since 2026-01-01
    """

    def work() -> int:
        from churnhealth.cli import show_monitor
        from churnhealth.cli.progress import stages
        from churnhealth.jobs.monitor import STAGES
        from churnhealth.jobs.monitor import monitor as run

        first = date_of(since, "--since")
        with stages(STAGES, quiet=as_json or log_json) as progress:
            workplace = open_project(config, progress)
            result = run(workplace, since=first)
        show_monitor.monitored(workplace, result, as_json=as_json)
        return DUE if result.due else DONE

    run_command(work, as_json=as_json, debug=debug, log_job="monitor" if log_json else None)


def lists(
    *,
    config: Config = DEFAULT_CONFIG,
    most: Annotated[int, typer.Option(help="Customers shown per list; 0 shows all.")] = 20,
    csv: Annotated[
        Path | None, typer.Option(help="Folder for prevention.csv and expansion.csv.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show whom to keep, by MRR at risk, and whom to grow: healthy customers, by score and MRR.

    Both come from the scores published last. Files for spreadsheets hold all customers.

    Example: churnhealth lists --most 50 --csv lists
    """

    def work() -> int:
        from churnhealth.cli import show_monitor
        from churnhealth.jobs.lists import customer_lists, write_csv

        if most < 0:
            raise ConfigError(f"--most: expected 0 or more, got {most}")
        workplace = open_project(config)
        result = customer_lists(workplace.warehouse)
        written = () if csv is None else write_csv(result, csv)
        show_monitor.lists(workplace, result, most, written, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)
