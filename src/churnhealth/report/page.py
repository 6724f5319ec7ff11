"""From plain values to one self-contained HTML file that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from churnhealth.report.markdown import markdown_blocks
from churnhealth.report.words import WORDS

LANGUAGES = ("en", "ja")
# One after the other they are the page's only script.
SCRIPTS = ("base", "charts", "overview", "worklist", "card", "figures", "model", "main")
# What could end the script element that holds the data, or break a line inside a text.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True)
class Page:
    """What one page shows.

    Parameters
    ----------
    project : str
        Name of the project.
    language : {"en", "ja"}
        In which the page opens.
    document : dict
        Plain values for JSON, as `jobs.report.report_document` gives them.
    card : str
        The model card, Markdown; empty when there is none.
    """

    project: str
    language: str
    document: Mapping[str, Any]
    card: str = ""


def render_page(page: Page) -> str:
    """Return the HTML of a page.

    Everything of the data is escaped: in the markup by the template, in the script's data by
    `safe_json`; the script writes text, never markup. A content security policy lets run only the
    script and the style whose hashes it names, and forbids every request.

    Parameters
    ----------
    page : Page

    Returns
    -------
    str
        A whole document, UTF-8.
    """
    static = files("churnhealth.report") / "static"
    style = (static / "page.css").read_text(encoding="utf-8")
    parts = [(static / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = "'use strict';\n(function () {\n" + "\n".join(parts) + "})();\n"
    template = _environment().get_template("page.html.j2")
    return template.render(
        page=page,
        words={key: said[LANGUAGES.index(page.language)] for key, said in WORDS.items()},
        style=Markup(style),  # noqa: S704 - our own files, without a closing tag (tested)
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=Markup(safe_json({**page.document, "words": WORDS, "language": page.language})),  # noqa: S704
        blocks=markdown_blocks(page.card),
    )


def safe_json(document: Mapping[str, Any]) -> str:
    r"""Write JSON that may stand inside a script element: nothing in it is read as markup.

    Examples
    --------
    >>> print(safe_json({"name": "</script><b>&"}))
    {"name":"\u003c/script\u003e\u003cb\u003e\u0026"}
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, code in _ESCAPED.items():
        text = text.replace(character, code)
    # Half of a character outside the basic plane cannot be written as UTF-8.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("churnhealth.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
