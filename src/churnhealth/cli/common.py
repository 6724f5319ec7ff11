"""What all commands share: options, exit codes, and how an error is told."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnhealth.errors import ChurnHealthError, ConfigError

if TYPE_CHECKING:
    from churnhealth.jobs.json_log import JsonLog
    from churnhealth.jobs.wiring import Progress, Workplace

DONE, FAILED, USAGE, KEPT, DUE, INTERRUPTED = 0, 1, 2, 3, 4, 130

Config = Annotated[Path, typer.Option("--config", "-c", help="The project's configuration.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
LogJson = Annotated[
    bool,
    typer.Option(
        "--log-json",
        envvar="CHURNHEALTH_LOG_JSON",
        help="One line of JSON per stage, and of an error, on standard error.",
    ),
]
DEFAULT_CONFIG = Path("churnhealth.toml")


def open_project(config: Path, progress: Progress | None = None) -> Workplace:
    """Open the project of a configuration."""
    from churnhealth.jobs.wiring import open_workplace, silent

    return open_workplace(config, progress or silent)


def language_of(text: str) -> str:
    """Return the language; ConfigError for one that we do not speak."""
    if text not in ("en", "ja"):
        raise ConfigError(f"language: expected en or ja, got {text!r}")
    return text


def date_of(text: str | None, option: str) -> dt.date | None:
    """Return the date given with an option; ConfigError for what is none."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option}: expected a date such as 2026-04-01, got {text!r}") from None


def seconds_of(text: str | None, option: str) -> float | None:
    """Return the seconds of a duration such as 90s, 10m or 2h; ConfigError for what is none."""
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})(s|m|h)", text.strip())
    if found is None:
        raise ConfigError(f"{option}: expected a time such as 90s, 10m or 2h, got {text!r}")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def run_command(
    work: Callable[[], int], *, as_json: bool, debug: bool, log_job: str | None = None
) -> None:
    """Run a command; an error becomes one message and an exit code.

    Parameters
    ----------
    work : callable
        Returns the exit code.
    as_json : bool
        Errors are a JSON document on standard output.
    debug : bool
        Errors are raised.
    log_job : str, optional
        The job's name, where its stages and errors are lines of JSON on standard error.
    """
    if log_job is None:
        raise typer.Exit(_code_of(work, as_json=as_json, debug=debug))
    from churnhealth.jobs.json_log import JsonLog

    with JsonLog(sys.stderr, log_job) as log:
        code = _code_of(work, as_json=as_json, debug=debug, log=log)
    raise typer.Exit(code)


def _code_of(work: Callable[[], int], *, as_json: bool, debug: bool, log: JsonLog | None = None) -> int:
    try:
        return work()
    except KeyboardInterrupt:
        told = "interrupted; what was published before is whole"
        _complain(told, "Interrupted", as_json=as_json, log=log)
        return INTERRUPTED
    except ChurnHealthError as error:
        if debug:
            raise
        _complain(f"{error}{_notes(error)}", type(error).__name__, as_json=as_json, log=log)
        return USAGE if isinstance(error, ConfigError) else FAILED
    except Exception as error:
        # The last resort: whatever it was, a traceback only on demand.
        if debug:
            raise
        name = type(error).__name__
        told = f"unexpected {name}: {error}{_notes(error)}\n--debug shows where it came from"
        _complain(told, type(error).__name__, as_json=as_json, log=log)
        return FAILED


def _notes(error: Exception) -> str:
    return "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))


def _complain(message: str, kind: str, *, as_json: bool, log: JsonLog | None) -> None:
    if as_json:
        import json

        typer.echo(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=False))
    if log is None:
        typer.echo(f"Error: {message}", err=True)
    else:
        log.error(kind, message)
