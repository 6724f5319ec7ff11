"""Puts what is made from the code in place of `<!-- generated: NAME -->` in the pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import command_reference
import error_reference
import name_reference
import settings_reference
import table_reference

GENERATED: dict[str, Callable[[Path], str]] = {
    "commands": lambda docs: command_reference.text(),
    "settings": lambda docs: settings_reference.text(),
    "tables written": lambda docs: table_reference.written(),
    "tables read": lambda docs: table_reference.read(),
    "errors": lambda docs: error_reference.errors(),
    "exit codes": lambda docs: error_reference.exit_codes(),
    "gate": error_reference.gate,
    "names": name_reference.public_names,
    "other names": name_reference.mentioned_names,
}
_PLACE = re.compile(r"^<!-- generated: (.+?) -->$", re.MULTILINE)
# In the repository the links lead to the files; `docs/results` is the same folder as a part of the site.
_RESULTS = re.compile(r"\[([^\]]+)\]\((?:\.\./)+benchmarks/results/(\w+)\.md\)")


def _fill(app: Any, docname: str, source: list[str]) -> None:
    docs = Path(app.srcdir)
    text = _PLACE.sub(lambda found: GENERATED[found[1]](docs), source[0])
    source[0] = _RESULTS.sub(r"{doc}`\1 </results/\2>`", text)


def _skip(app: Any, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn adds to its classifiers."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def _language(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Tell browsers that a page is Japanese: they choose glyphs by it."""
    if pagename.startswith("ja/"):
        context["language"] = "ja"


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", _fill)
    app.connect("autodoc-skip-member", _skip)
    app.connect("html-page-context", _language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
