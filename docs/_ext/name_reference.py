"""The public names: everything in the shop window, and what the pages import from below it."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import churnhealth

_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r"^from (churnhealth\.[\w.]+) import (?:\(([^)]*)\)|(.+))$", re.MULTILINE)


def public_names(docs: Path) -> str:
    """Document every name of `churnhealth.__all__`, the model first."""
    names = [one for one in churnhealth.__all__ if one != "__version__"]
    names.sort(key=lambda name: (name != "HealthModel", name.lower()))
    shown = "\n\n".join(_documented("churnhealth", name) for name in names)
    return f"{shown}\n\n## `churnhealth.__version__`\n\nThe version of the package, a text."


def mentioned_names(docs: Path) -> str:
    """Document what the snippets of all pages import from modules below the shop window."""
    found: set[tuple[str, str]] = set()
    for page in docs.rglob("*.md"):
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            for module, several, one in _IMPORT.findall(block):
                names = (several or one).split(",")
                found |= {(module, name.strip()) for name in names if name.strip()}
    public = {getattr(churnhealth, name) for name in churnhealth.__all__ if name != "__version__"}
    wanted = sorted((module, name) for module, name in found if _object(module, name) not in public)
    return "\n\n".join(_documented(module, name) for module, name in wanted)


def _object(module: str, name: str) -> object:
    value: object = getattr(importlib.import_module(module), name)
    return value if callable(value) else (module, name)


def _documented(module: str, name: str) -> str:
    value = getattr(importlib.import_module(module), name)
    if inspect.isclass(value):
        body = f".. autoclass:: {module}.{name}\n   :members:\n"
    elif callable(value):
        body = f".. autofunction:: {module}.{name}\n"
    else:
        body = f".. autodata:: {module}.{name}\n   :no-value:\n"
    return f"## {name}\n\n```{{eval-rst}}\n{body}```"
