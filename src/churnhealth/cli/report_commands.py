"""The command that writes the page for customer success: report."""

from __future__ import annotations

from pathlib import Path
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
    app.command(epilog=epilog)(report)


def report(
    *,
    config: Config = DEFAULT_CONFIG,
    out: Annotated[
        Path | None, typer.Option(help="The file; default: health-report.html in the project's folder.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="en or ja, in which it opens; default: the project's language.")
    ] = None,
    customers: Annotated[int, typer.Option(help="At most so many customers in the page.")] = 1000,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write ONE HTML file with the portfolio, the work list, a card per customer, KPIs and the model.

    It asks for nothing from outside and works from a mail attachment, in English and Japanese.

    Example: churnhealth report --out health.html --language ja
    """

    def work() -> int:
        from churnhealth.cli.printing import print_json, print_lines
        from churnhealth.cli.progress import stages
        from churnhealth.jobs.report import STAGES
        from churnhealth.jobs.report import write_report as run

        chosen = None if language is None else language_of(language)
        with stages(STAGES, quiet=as_json) as progress:
            workplace = open_project(config, progress)
            result = run(workplace, out=out, language=chosen, customers=customers)
        if as_json:
            print_json(result.to_dict())
            return DONE
        told = chosen or workplace.settings.project.language
        size = f"{result.size / 1e6:.1f} MB"
        print_lines(f"{result.path} ({size}, {result.embedded:,} of {result.customers:,} customers)")
        print_lines(*(f"- {note[told]}" for note in result.notes))
        return DONE

    run_command(work, as_json=as_json, debug=debug)
