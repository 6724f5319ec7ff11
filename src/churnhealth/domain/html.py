"""Cards for notebooks: tables and sentences in self-contained HTML, readable in light and dark.

No script, no picture, no outside request. Colours are Jupyter's own where it gives them; elsewhere they
follow the reader's `prefers-color-scheme`, with a background of their own, so that letters never
stand on a ground that they were not chosen for.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

_STYLE = """
.churnhealth{--ink:#1a1a1a;--soft:#5f6368;--ground:#ffffff;--line:#dadce0;--head:#f4f5f7;
color:var(--jp-content-font-color1,var(--ink));background:var(--jp-layout-color0,var(--ground));
font-size:13px;line-height:1.45;padding:6px 10px;max-width:76em;overflow-x:auto}
@media (prefers-color-scheme:dark){.churnhealth{--ink:#f1f1f1;--soft:#b4b8be;--ground:#1b1c1f;
--line:#3a3c41;--head:#26282c}}
.churnhealth h4{font-size:15px;margin:4px 0 6px;font-weight:600}
.churnhealth p,.churnhealth ul{margin:4px 0 10px}
.churnhealth ul{padding-left:1.4em}
.churnhealth .soft{color:var(--jp-content-font-color2,var(--soft))}
.churnhealth table{border-collapse:collapse;margin:0 0 14px;border:0;color:inherit;background:none;
font-size:13px;font-variant-numeric:tabular-nums}
.churnhealth caption{text-align:left;font-weight:600;padding:6px 0 4px;color:inherit;caption-side:top}
.churnhealth th{background:var(--jp-layout-color2,var(--head));font-weight:600;text-align:left}
.churnhealth th,.churnhealth td{padding:3px 10px;border:0;color:inherit;vertical-align:top;
border-bottom:1px solid var(--jp-border-color2,var(--line));max-width:32em;overflow-wrap:break-word}
.churnhealth [style*=right]{white-space:nowrap}
.churnhealth tbody tr{background:none}
"""
STYLE = f"<style>{_STYLE.replace(chr(10), '')}</style>"


def html_card(title: str, *parts: str) -> str:
    """Return parts that are HTML already under a title, with the style that sets them.

    Parameters
    ----------
    title : str
        Text; it is escaped.
    *parts : str
        HTML, as the functions beside this one and `domain.table_text.html_table` make it.

    Examples
    --------
    >>> made = html_card("A & B", html_line("<b>"))
    >>> "<h4>A &amp; B</h4>" in made, "<p>&lt;b&gt;</p>" in made, "<script" in made
    (True, True, False)
    """
    return f'<div class="churnhealth">{STYLE}<h4>{html.escape(title)}</h4>{"".join(parts)}</div>'


def html_line(text: str, *, soft: bool = False) -> str:
    """Return a paragraph; the text is escaped, a soft one stands back."""
    start = '<p class="soft">' if soft else "<p>"
    return f"{start}{html.escape(text)}</p>"


def html_list(lines: Iterable[str]) -> str:
    """Return sentences as a list; they are escaped.

    Examples
    --------
    >>> html_list(["a < b"])
    '<ul><li>a &lt; b</li></ul>'
    """
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"
