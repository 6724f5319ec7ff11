"""Every command with its arguments and options, out of the program's own tree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from churnhealth.cli.main import app
from markdown_text import code, table


def text() -> str:
    """Write a section per command, in the order of `churnhealth --help`."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n\n".join(_section(name, command) for name, command in commands.items())


def _section(name: str, command: Any) -> str:
    paragraphs = [" ".join(one.split()) for one in command.help.split("\n\n")]
    example = next((one for one in paragraphs if one.startswith("Example: ")), "")
    told = [one for one in paragraphs if one != example]
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = " ".join(["churnhealth", name, *(one.name.upper() for one in arguments), "[OPTIONS]"])
    rows = [[code(one.name.upper()), one.help, "needed"] for one in arguments]
    rows += [[", ".join(map(code, one.opts)), one.help or "", _default(one)] for one in options]
    parts = [
        f"## churnhealth {name}",
        *told,
        f"Usage: `{usage}`",
        example.replace("Example: ", "Example: `") + "`" if example else "",
        table(["option", "meaning", "default"], rows),
    ]
    return "\n\n".join(part for part in parts if part)


def _default(option: Any) -> str:
    if option.is_flag:
        return "off"
    if option.default in (None, ""):
        return ""
    if isinstance(option.default, Path):
        return code(option.default.as_posix())
    return code(option.default)
