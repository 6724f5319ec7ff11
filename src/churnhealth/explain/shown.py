"""How an explanation shows itself: some customers at a glance, or one customer in full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnhealth.domain.html import html_card, html_line
from churnhealth.domain.table_text import html_table, text_table
from churnhealth.domain.units import MINUS

if TYPE_CHECKING:
    from churnhealth.explain.explanation import Explanation

MOST = 10
Tables = list[tuple[str, pd.DataFrame]]


def explanation_text(explanation: Explanation) -> str:
    """Return the explanation in plain text.

    Parameters
    ----------
    explanation : Explanation
        Of any number of customers; the first 10 are shown, a single one with all of its drivers.
    """
    title, tables, note = _parts(explanation)
    told = [f"{head}\n\n{text_table(table)}" if head else text_table(table) for head, table in tables]
    return "\n\n".join([title, *told, note])


def explanation_html(explanation: Explanation) -> str:
    """Return the same as HTML for a notebook; all text from data is escaped."""
    title, tables, note = _parts(explanation)
    return html_card(
        title, *(html_table(table, head) for head, table in tables), html_line(note, soft=True)
    )


def _parts(explanation: Explanation) -> tuple[str, Tables, str]:
    count, base = len(explanation.points), explanation.base_points
    note = f"Contributions in health points; with the base, {base:.1f}, they add up to the score."
    if count == 1:
        score = float(explanation.health_score.iloc[0])
        title = f"Health score {score:.1f} of {explanation.points.index[0]}"
        return title, _one(explanation), note
    shown = f", the first {MOST}" if count > MOST else ""
    return f"Explanation of {count:,} health scores{shown}", [("", _overview(explanation))], note


def _one(explanation: Explanation) -> Tables:
    drivers = explanation.drivers(top=MOST, others=True)
    told = pd.DataFrame(
        {
            "indicator": drivers["indicator"],
            "indicator_group": drivers["indicator_group"],
            "value": drivers["value"].map(_cell),
            "typical_value": drivers["typical_value"].map(_cell),
            "points": drivers["contribution_points"].map(signed),
        }
    )
    groups = explanation.groups().iloc[0]
    by_group = pd.DataFrame(
        {
            "indicator_group": groups.index.astype(str),
            "points": groups.map(signed).to_numpy(),
            "sub_score": [f"{explanation.sub_scores[name].iloc[0]:.1f}" for name in groups.index],
        }
    )
    return [("Drivers, the strongest first", told), ("By indicator group", by_group)]


def _overview(explanation: Explanation) -> pd.DataFrame:
    labels = explanation.points.index[:MOST]
    # Numbered, because a label may stand twice.
    points, values = (
        table.iloc[:MOST].reset_index(drop=True) for table in (explanation.points, explanation.values)
    )
    head = replace(explanation, points=points, values=values)
    drivers = head.drivers(top=3)
    words = drivers["indicator"] + " " + drivers["contribution_points"].map(signed)
    joined = words.groupby(drivers["row"], sort=False).agg(", ".join)
    return pd.DataFrame(
        {
            "customer": labels.astype(str),
            "health_score": [f"{score:.1f}" for score in head.health_score],
            "drivers": [joined.get(at, "") for at in range(len(labels))],
        }
    )


def signed(points: float) -> str:
    """Write points with their sign.

    Examples
    --------
    >>> signed(-2.04), signed(0.01)
    ('−2.0', '±0.0')
    """
    told = f"{points:+.1f}".replace("-", MINUS)
    return f"±{told[1:]}" if told[1:] == "0.0" else told


def _cell(value: Any) -> str:
    if value is None or pd.isna(value):
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
