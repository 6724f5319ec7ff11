"""How a customer's card shows itself in a notebook and in the terminal."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.html import html_card, html_line, html_list
from churnhealth.domain.table_text import html_table, text_table
from churnhealth.explain.shown import signed

Parts = tuple[str, str, list[tuple[str, pd.DataFrame]]]


def card_text(
    customer: dict[str, Any], groups: pd.DataFrame, drivers: pd.DataFrame, said: list[str]
) -> str:
    """Return the card in plain text, in English.

    Parameters
    ----------
    customer : dict
        A row of health_scores, or health_current.
    groups : DataFrame
        indicator_group, points, sub_score.
    drivers : DataFrame
        By rank: indicator, value, typical_value, contribution_points.
    said : list of str
        Sentences that stand between head and tables.
    """
    title, line, tables = _parts(customer, groups, drivers)
    told = [f"{head}\n\n{text_table(table)}" for head, table in tables]
    return "\n\n".join(["\n".join([title, line, *said]), *told])


def card_html(
    customer: dict[str, Any], groups: pd.DataFrame, drivers: pd.DataFrame, said: list[str]
) -> str:
    """Return the same as HTML for a notebook; all text from data is escaped."""
    title, line, tables = _parts(customer, groups, drivers)
    told = (html_table(table, head) for head, table in tables)
    return html_card(title, html_line(line), html_list(said) if said else "", *told)


def _parts(customer: dict[str, Any], groups: pd.DataFrame, drivers: pd.DataFrame) -> Parts:
    title = f"{customer['customer_id']}: health score {customer['health_score']:.1f}"
    line = (
        f"{customer['health_band']} at {customer['cutoff']:%Y-%m-%d %H:%M} UTC; churn probability "
        f"{customer['churn_probability']:.3f}, risk rank {customer['risk_rank']:,}; "
        f"base {customer['base_points']:.1f}, model {customer['model_version']}."
    )
    told = pd.DataFrame(
        {
            "indicator": drivers["indicator"].astype(str),
            "value": drivers["value"].map(_cell),
            "typical_value": drivers["typical_value"].map(_cell),
            "points": drivers["contribution_points"].map(signed),
        }
    )
    by_group = pd.DataFrame(
        {
            "indicator_group": groups["indicator_group"].astype(str),
            "points": groups["points"].map(signed),
            "sub_score": groups["sub_score"].map(lambda one: "–" if pd.isna(one) else f"{one:.1f}"),
        }
    )
    return title, line, [("Drivers: base and points add up", told), ("By indicator group", by_group)]


def _cell(value: Any) -> str:
    return "–" if value is None or pd.isna(value) else str(value)
