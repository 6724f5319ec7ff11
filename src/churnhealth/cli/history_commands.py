"""The commands on history tables: check, simulate, indicators."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnhealth.cli.common import (
    DEFAULT_CONFIG,
    DONE,
    FAILED,
    AsJson,
    Config,
    Debug,
    language_of,
    open_project,
    run_command,
)


def register(app: typer.Typer, epilog: str = "") -> None:
    """Add the commands to the program; the epilog tells the exit codes."""
    for command in (check, simulate, indicators):
        app.command(epilog=epilog)(command)


def check(*, config: Config = DEFAULT_CONFIG, as_json: AsJson = False, debug: Debug = False) -> None:
    """Read every history table, tell all faults at once, and what can be learned from the rest.

    Bad rows go to health_rejects with their reasons; when something blocks, the command fails.

    Example: churnhealth check --json
    """

    def work() -> int:
        from churnhealth.cli import show_history
        from churnhealth.cli.progress import stages
        from churnhealth.jobs.check import STAGES
        from churnhealth.jobs.check import check as run

        with stages(STAGES, quiet=as_json) as progress:
            workplace = open_project(config, progress)
            result = run(workplace)
        show_history.checked(workplace, result, as_json=as_json)
        return DONE if result.passed else FAILED

    run_command(work, as_json=as_json, debug=debug)


def simulate(
    *,
    customers: Annotated[int, typer.Option(help="Customers ever signed.")] = 2000,
    years: Annotated[int, typer.Option(help="Years of history.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for the tables and churnhealth.toml.")] = Path(
        "simulated"
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same tables.")] = 0,
    timezone: Annotated[str, typer.Option(help="Zone of all dates, such as Asia/Tokyo.")] = "UTC",
    language: Annotated[str, typer.Option(help="Names of customers and plans: en or ja.")] = "en",
    dirty: Annotated[float, typer.Option(help="Share of faulty rows of every kind, 0 to 1.")] = 0.0,
    late: Annotated[float, typer.Option(help="Share of rows recorded days later, 0 to 1.")] = 0.0,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there already.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Simulate a vendor's history with a known churn probability, as a project ready for every command.

    Example: churnhealth simulate --customers 2000 --years 3 --out simulated --timezone Asia/Tokyo
    """

    def work() -> int:
        from churnhealth.cli import show_history
        from churnhealth.jobs.simulate_project import simulate_project

        result = simulate_project(
            customers,
            years,
            out,
            seed=seed,
            timezone=timezone,
            language=language_of(language),
            dirty_share=dirty,
            late_share=late,
            force=force,
        )
        show_history.simulated(result, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)


def indicators(
    *,
    config: Config = DEFAULT_CONFIG,
    built_in: Annotated[
        bool, typer.Option("--built-in", help="List the whole catalogue, without a project.")
    ] = False,
    language: Annotated[str, typer.Option(help="Language of the labels: en or ja.")] = "en",
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the indicators that the tables of the project can give, and why others are left out.

    Example: churnhealth indicators --language ja
    """

    def work() -> int:
        from churnhealth.cli import show_history
        from churnhealth.jobs.indicator_list import built_in_indicators, list_indicators

        chosen = language_of(language)
        result = built_in_indicators() if built_in else list_indicators(open_project(config))
        show_history.indicators(result, chosen, as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)
