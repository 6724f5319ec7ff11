"""What is wrong with the configuration, in plain words, with the full name of every key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from churnhealth.errors import listed, nearest

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": 'a list such as ["a", "b"]',
    "dict_type": "a section",
    "model_type": "a section",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "string_too_short": "text that is not empty",
    "string_pattern_mismatch": "text that matches {pattern}",
}


def faults_in_words(error: ValidationError, settings: type[BaseModel]) -> list[str]:
    """Turn all errors of pydantic into faults that a user can mend.

    Values are shown only where they cannot be secret.

    Parameters
    ----------
    error : ValidationError
        Raised for `settings`.
    settings : type of BaseModel
        The root of the settings tree; its fields are the sections.
    """
    return [_in_words(one, settings) for one in error.errors(include_url=False)]


def dotted(keys: Iterable[object]) -> str:
    """Write keys as one TOML name, in quotes where TOML needs them.

    Examples
    --------
    >>> dotted(["indicators", "Monthly.Charges", "group"])
    'indicators."Monthly.Charges".group'
    """
    bare = re.compile("[A-Za-z0-9_-]+")
    return ".".join(
        str(key) if bare.fullmatch(str(key)) else '"' + str(key).replace('"', '\\"') + '"'
        for key in keys
    )


def _in_words(error: ErrorDetails, settings: type[BaseModel]) -> str:
    name = dotted(error["loc"]) or "the file"
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(error, settings)
    if kind == "missing":
        return f"{name}: missing"
    if kind == "value_error":
        return f"{name}: {context['error']}"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        hint = nearest(str(error["input"]), allowed)
        return f"{name}: expected one of {listed(allowed)}, got {_shown(error['input'])}{hint}"
    if kind in _EXPECTED:
        return f"{name}: expected {_EXPECTED[kind].format(**context)}, got {_shown(error['input'])}"
    return f"{name}: {error['msg']}"


def _unknown(error: ErrorDetails, settings: type[BaseModel]) -> str:
    *above, key = error["loc"]
    sections = _sections(settings)
    known = sections[str(above[0])] if above else list(sections)
    hint = nearest(str(key), known)
    homes = [section for section, keys in sections.items() if above and key in keys]
    if not hint and homes:
        hint = f" (it belongs under [{homes[0]}])"
    if not nearest(str(key), known) and isinstance(error["input"], Mapping) and len(above) > 1:
        hint = f" (a name with dots needs quotes: [{dotted([above[0], f'{above[1]}.{key}'])}])"
    return f"{dotted(error['loc'])}: unknown key{hint}; known are {listed(known, 20)}"


def _sections(settings: type[BaseModel]) -> dict[str, list[str]]:
    """Return the keys of every section; for [indicators.<name>] those of one indicator."""
    sections = {}
    for name, field in settings.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        sections[field.alias or name] = list(inner[0].model_fields) if inner else []
    return sections


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "a section"
    return listed([value]) if isinstance(value, str) else str(value)
