"""The commands on registered models: history, promote, rollback."""

from __future__ import annotations

from typing import Annotated

import typer

from churnhealth.cli.common import (
    DEFAULT_CONFIG,
    DONE,
    AsJson,
    Config,
    Debug,
    open_project,
    run_command,
)


def register(app: typer.Typer, epilog: str = "") -> None:
    """Add the commands to the program; the epilog tells the exit codes."""
    for command in (history, promote, rollback):
        app.command(epilog=epilog)(command)


def history(*, config: Config = DEFAULT_CONFIG, as_json: AsJson = False, debug: Debug = False) -> None:
    """List every registered model: which one scores, how good it was, what was decided.

    Example: churnhealth history --json
    """

    def work() -> int:
        from churnhealth.cli import show_registry
        from churnhealth.jobs.registry import history as run

        workplace = open_project(config)
        show_registry.history(workplace, run(workplace.registry), as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)


def promote(
    version: Annotated[
        str, typer.Argument(help="As `history` lists it: 3, or the model_version 3-0123456789ab.")
    ],
    *,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Make a registered model the champion by hand; its files are read and checked first.

    The champion until now becomes `previous`, where `churnhealth rollback` returns to.

    Example: churnhealth promote 3
    """

    def work() -> int:
        from churnhealth.cli import show_registry
        from churnhealth.jobs.registry import promote as run

        show_registry.changed(run(open_project(config), version), as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)


def rollback(*, config: Config = DEFAULT_CONFIG, as_json: AsJson = False, debug: Debug = False) -> None:
    """Make the previous champion the champion again; a second rollback undoes the first.

    Example: churnhealth rollback --json
    """

    def work() -> int:
        from churnhealth.cli import show_registry
        from churnhealth.jobs.registry import rollback as run

        show_registry.changed(run(open_project(config)), as_json=as_json)
        return DONE

    run_command(work, as_json=as_json, debug=debug)
