"""Errors, exit codes and the checks of the gate."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from churnhealth import errors as owner
from churnhealth.cli.main import EXIT_CODES
from markdown_text import code, table


def errors() -> str:
    """Write what each error means, the root first."""
    classes = [one for _, one in inspect.getmembers(owner, inspect.isclass) if _is_ours(one)]
    classes.sort(key=lambda one: inspect.getsourcelines(one)[1])
    rows = [[code(one.__name__), inspect.getdoc(one) or "", _also(one)] for one in classes]
    return table(["error", "meaning", "is also a"], rows)


def _is_ours(one: type) -> bool:
    return issubclass(one, owner.ChurnHealthError)


def _also(one: type) -> str:
    return ", ".join(code(base.__name__) for base in one.__bases__ if not _is_ours(base))


def exit_codes() -> str:
    """Write the exit codes that every `--help` tells."""
    listed = re.findall(r"(\d+) (.+?)(?:, (?=\d)|\.$)", EXIT_CODES)
    return table(["exit code", "meaning"], [[code(number), meaning] for number, meaning in listed])


def gate(docs: Path) -> str:
    """Repeat the table of the decision about the gate."""
    page = (docs / "decisions" / "0007-the-promotion-gate.md").read_text(encoding="utf-8")
    return "\n".join(line for line in page.splitlines() if line.startswith("|"))
