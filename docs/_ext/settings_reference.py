"""Every section and key of churnhealth.toml, out of the models that check it.

What a key means stands where it is used (the docstring of `ChurnProblem`, `Segments`, ...); of keys that
only the file has, in settings.toml beside this module.
"""

from __future__ import annotations

import datetime as dt
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from numpydoc.docscrape import ClassDoc
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from churnhealth.domain.indicators import Indicator
from churnhealth.domain.measures import Measure
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.promotion_evidence import PromotionPolicy
from churnhealth.domain.segments import Segments
from churnhealth.evaluate.drift import DriftPolicy
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.settings_location import Location
from markdown_text import code, table

WORDS = tomllib.loads((Path(__file__).parent / "settings.toml").read_text(encoding="utf-8"))
# Sections whose keys are the parameters of classes below.
_OWNERS: dict[str, tuple[type, ...]] = {
    "problem": (ChurnProblem,),
    "segments": (Segments,),
    "promotion": (PromotionPolicy,),
    "drift": (DriftPolicy,),
    "indicators": (Measure, Indicator),
}
_NAMED = {"sources": "TABLE", "groups": "NAME", "indicators": "NAME", "points": "INDICATOR"}
_PLAIN: dict[Any, str] = {
    Any: "text, number, true or false",
    dict: "section",
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dt.date: "date",
    Path: "path",
    Location: 'path, URI, or `"env:NAME"`',
}


def text() -> str:
    """Write a section per section of the file."""
    return "\n\n".join(_section(name, model) for name, model in sections())


def sections() -> Iterator[tuple[str, type[BaseModel] | None]]:
    """Return the sections in order, with their models; None: any keys."""
    for name, field in Settings.model_fields.items():
        inner = [one for one in (field.annotation, *get_args(field.annotation)) if _is_model(one)]
        yield field.alias or name, inner[0] if inner else None


def meaning(section: str, key: str) -> str:
    """Return what a key means; empty when nobody says it."""
    told = WORDS.get(section, {}).get(key)
    return str(told) if told else _from_docstring(section, key)


def _section(name: str, model: type[BaseModel] | None) -> str:
    shown = f"{name}.{_NAMED[name]}" if name in _NAMED else name
    head = f"## \\[{shown}\\]\n\n{WORDS.get('sections', {}).get(name) or _said(model)}"
    if model is None:
        keys = [(key, "", "") for key in WORDS[name]]
    else:
        keys = [(key, _type(name, key, one), _default(one)) for key, one in model.model_fields.items()]
    rows = [[code(key), kind, default, meaning(name, key)] for key, kind, default in keys]
    return f"{head}\n\n{table(['key', 'type', 'default', 'meaning'], rows)}"


def _said(model: type[BaseModel] | None) -> str:
    first = (model.__doc__ or "").strip().partition("\n")[0] if model else ""
    said = first.partition(": ")[2].partition("; see ")[0].rstrip(".")
    return f"{said[:1].upper()}{said[1:]}."


def _from_docstring(section: str, key: str) -> str:
    for owner in _OWNERS.get(section, ()):
        for parameter in ClassDoc(owner)["Parameters"]:
            if key in parameter.name.split(", "):
                return " ".join(" ".join(parameter.desc).split())
    return ""


def _type(section: str, key: str, field: FieldInfo) -> str:
    for owner in _OWNERS.get(section, ()):
        for parameter in ClassDoc(owner)["Parameters"]:
            if key in parameter.name.split(", ") and parameter.type.startswith("{"):
                return "one of " + parameter.type[1 : parameter.type.index("}")]
    limits = [*field.metadata, *(one for part in _parts(field.annotation) for one in part)]
    return " ".join([_word(field.annotation), *_range(limits)])


def _parts(annotation: Any) -> Iterator[list[Any]]:
    """Return the limits inside `X | None` and the like."""
    for one in get_args(annotation):
        for piece in getattr(one, "__metadata__", ()):
            yield list(getattr(piece, "metadata", [piece]))
        yield from _parts(one)


def _word(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _word(next(one for one in inner if one is not type(None)))
    if hasattr(annotation, "__metadata__"):
        return _word(inner[0])
    if origin is Literal:
        return "one of " + ", ".join(f'"{one}"' for one in inner)
    if origin is tuple:
        return f"list of {_word(inner[0])}s"
    return _PLAIN[origin or annotation]


def _range(limits: list[Any]) -> list[str]:
    words = {"gt": "above {:,}", "ge": "from {:,}", "lt": "below {:,}", "le": "to {:,}"}
    return [
        form.format(getattr(one, name))
        for name, form in words.items()
        for one in limits
        if getattr(one, name, None) is not None
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ("", (), {}):
        return ""
    return code(str(default).lower() if isinstance(default, bool) else _plain(default))


def _plain(default: Any) -> str:
    return str(list(default)) if isinstance(default, tuple) else str(default)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
