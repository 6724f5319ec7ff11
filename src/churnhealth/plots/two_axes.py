"""Two indicator groups at once, as a matrix of risk."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.table_columns import count, double, share, text
from churnhealth.plots.names import group_name
from churnhealth.plots.needed import alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import Look, shortened

CELL_WIDTH, CELL_HEIGHT = 168, 96
_NEEDED = (
    text("first_group", "Down."),
    text("first_bin", "Its bin."),
    text("second_group", "Across."),
    text("second_bin", "Its bin."),
    count("customers", 0, "Customers in the cell."),
    share("churn_probability", "Mean.", nullable=True),
    count("labelled_rows", 0, "Rows with a known label."),
    share("churned_share", "Really churned.", nullable=True),
    double("mrr_at_risk", "currency/month", "Probability x MRR.", nullable=True),
)


def two_axes_matrix(
    table: pd.DataFrame,
    currency: str = "",
    *,
    catalogue: Catalogue | None = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw the risk in every cell of two indicator groups.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.two_axes.two_axes` gives it.
    currency : str
        Of the MRR at risk, such as "JPY".
    catalogue : Catalogue, optional
        Labels of groups that the built-in ones lack.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        The first group upwards, the second to the right, a stronger colour means more risk; each cell
        tells churn probability, customers and MRR at risk per month.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "two-axis table", _NEEDED)
    if rows.empty:
        title = look.word("axes_title", first="–", second="–")
        return nothing(look, title, "no_customers")
    groups = (str(rows[f"{one}_group"].iloc[0]) for one in ("first", "second"))
    first, second = (group_name(one, catalogue, look) for one in groups)
    down, across = (_order(rows[f"{one}_bin"], look) for one in ("first", "second"))
    told = _told(rows, currency, look)
    x = alt.X("second:O", sort=across, scale=alt.Scale(domain=across))
    y = alt.Y("first:O", sort=down[::-1], scale=alt.Scale(domain=down[::-1]))
    place = {
        "x": x.title(look.word("axis_group", group=second)).axis(
            labelAngle=0, domain=False, ticks=False
        ),
        "y": y.title(look.word("axis_group", group=first)).axis(domain=False, ticks=False),
    }
    data = alt.Chart(inline(told))
    cells = data.mark_rect(stroke=look.colour("background"), strokeWidth=3).encode(
        **place, color=_colour(look), tooltip=_tips(look)
    )
    known = rows["churn_probability"].dropna()
    ink = look.ink("churn_probability", float(known.max()) if len(known) else 1.0)
    lines = [
        mark.encode(**place, text=f"{field}:N", color=ink)
        for field, mark in (
            ("risk", data.mark_text(dy=-22, fontSize=20, fontWeight="bold")),
            ("who", data.mark_text(dy=4)),
            ("money", data.mark_text(dy=24)),
        )
    ]
    whole = layered(cells, *lines).properties(
        width=CELL_WIDTH * len(across), height=CELL_HEIGHT * len(down)
    )
    title = look.word("axes_title", first=shortened(first, 30), second=shortened(second, 30))
    return look.dress(whole, title, look.word("axes_how"))


def _order(bins: pd.Series[Any], look: Look) -> list[str]:
    return [look.told("axis", one) for one in bins.drop_duplicates()]


def _told(rows: pd.DataFrame, currency: str, look: Look) -> pd.DataFrame:
    money = [
        "" if pd.isna(one) else look.word("mrr_cell", money=f"{one:,.0f} {currency}".strip())
        for one in rows["mrr_at_risk"]
    ]
    risk = ["–" if pd.isna(one) else f"{one:.1%}" for one in rows["churn_probability"]]
    who = [look.word("cell_customers", n=f"{int(one):,}") for one in rows["customers"]]
    first, second = (
        [look.told("axis", name) for name in rows[f"{one}_bin"]] for one in ("first", "second")
    )
    return rows.assign(first=first, second=second, risk=risk, who=who, money=money)


def _colour(look: Look) -> alt.Color:
    axis = alt.Legend(title=look.word("churn_probability"), format=".0%", gradientLength=160)
    scale = alt.Scale(range=look.ramp, domainMin=0.0, interpolate="lab")
    return alt.Color("churn_probability:Q", scale=scale, legend=axis)


def _tips(look: Look) -> list[alt.Tooltip]:
    percent = ".1%"
    return [
        alt.Tooltip("customers:Q", title=look.word("customers"), format=","),
        alt.Tooltip("churn_probability:Q", title=look.word("churn_probability"), format=percent),
        alt.Tooltip("churned_share:Q", title=look.word("churned_share"), format=percent),
        alt.Tooltip("labelled_rows:Q", title=look.word("labelled_rows"), format=","),
        alt.Tooltip("mrr_at_risk:Q", title=look.word("mrr_at_risk"), format=",.0f"),
    ]
