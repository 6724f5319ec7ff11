"""How the pages under docs/ become a site: `make docs`."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "churnhealth"
author = "The churnhealth contributors"
copyright = "2026, The churnhealth contributors"
version = release = version_of("churnhealth")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "generated_pages"]
exclude_patterns = ["_ext"]
source_suffix = {".md": "markdown"}
nitpicky = True
# Options begin with two hyphens, and quotes are meant as they stand.
smartquotes = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# What stands between single backticks in a docstring is code.
default_role = "literal"

# Types, shapes and units stand in the docstrings.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autosummary_generate = False  # numpydoc brings it along
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
html_title = "churnhealth"
html_copy_source = False
html_show_sourcelink = False
# Nothing is fetched from elsewhere: no fonts, no scripts, no inventories.
html_theme_options = {"top_of_page_buttons": []}


def setup(app: Any) -> None:
    """Show crontabs as they are: no highlighter knows them."""
    app.add_lexer("cron", TextLexer)
