"""Beeswarm: every contribution of a sample of customers, the strongest indicators first."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.table_columns import double, share, text
from churnhealth.plots.names import indicator_names
from churnhealth.plots.needed import alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import WIDTH, Look, shortened

STRIP = 38
_NEEDED = (
    text("indicator", "Column of points."),
    double("points", "points", "Contribution."),
    text("value", "The value.", nullable=True),
    share("relative_value", "Place among the values shown.", nullable=True),
    double("offset", "", "Place within the strip, -0.5 to 0.5."),
)


def beeswarm(
    table: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw how each indicator moves the scores of a sample of customers.

    Parameters
    ----------
    table : DataFrame
        As `explain.swarm.swarm_table` gives it, which draws the sample.
    catalogue : Catalogue, optional
        Labels of the indicators: `explanation.catalogue`; without it their names.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        One mark per customer and indicator, its lightness by the value among those shown; a cross
        where the value has no order or is missing.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(
        table, "swarm", _NEEDED, instead="ask swarm_table for fewer customers (most) or indicators (top)"
    )
    title = look.word("swarm_title")
    if rows.empty:
        return nothing(look, title, "no_customers")
    names = indicator_names(rows["indicator"].unique(), catalogue, look)
    told = rows.assign(
        name=rows["indicator"].map(names),
        value=[shortened(one, 40) if isinstance(one, str) else "" for one in rows["value"]],
    ).drop(columns="indicator")
    order = list(names.values())
    y = alt.Y("name:N", sort=order, scale=alt.Scale(domain=order), axis=alt.Axis(grid=True)).title(None)
    place = alt.YOffset("offset:Q", scale=alt.Scale(domain=[-0.55, 0.55]))
    x = alt.X("points:Q").title(look.word("points"))
    data = alt.Chart(inline(told))
    tips = [
        alt.Tooltip("name:N", title=look.word("indicator")),
        alt.Tooltip("value:N", title=look.word("value")),
        alt.Tooltip("points:Q", title=look.word("points"), format="+.2f"),
    ]
    ordered = data.transform_filter("isValid(datum.relative_value)").mark_circle(
        size=26, opacity=0.85, stroke=look.colour("muted"), strokeWidth=0.3
    )
    others = data.transform_filter("!isValid(datum.relative_value)").mark_point(
        shape="cross", size=22, opacity=0.8, filled=True, color=look.colour("range")
    )
    zero = alt.Chart(inline([{"x": 0.0}])).mark_rule(color=look.colour("muted")).encode(x="x:Q")
    whole = layered(
        zero,
        others.encode(x=x, y=y, yOffset=place, tooltip=tips),
        ordered.encode(x=x, y=y, yOffset=place, color=_colour(look), tooltip=tips),
    ).properties(width=WIDTH - 40, height=STRIP * len(order))
    return look.dress(whole, title, look.word("swarm_how"))


def _colour(look: Look) -> alt.Color:
    small, large = look.word("small"), look.word("large")
    words = f"datum.value == 0 ? '{small}' : datum.value == 1 ? '{large}' : ''"
    legend = alt.Legend(
        title=look.word("relative_value"),
        labelExpr=words,
        values=[0.0, 1.0],
        gradientLength=140,
    )
    ends = ["#56b4e9", "#3b0f4f"] if look.theme == "light" else ["#f0e442", "#7b5ea7"]
    scale = alt.Scale(domain=[0.0, 1.0], range=ends, interpolate="lab")
    return alt.Color("relative_value:Q", scale=scale, legend=legend)
