"""What tells most over a portfolio, by indicator group or by indicator, with intervals."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.indicators import GROUP_LABELS, Catalogue
from churnhealth.domain.table_columns import double, text
from churnhealth.plots.names import group_name, indicator_names
from churnhealth.plots.needed import alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import WIDTH, Look

ROW = 32
_NEEDED = (
    text("name", "Indicator group, or indicator."),
    double("mean_absolute_points", "points", "Strength."),
    double("low", "points", "Lower end.", nullable=True),
    double("high", "points", "Upper end.", nullable=True),
)


def importance_bars(
    table: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw mean absolute contributions with their intervals, in the order of the table.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.importance.importance_table` gives it, of `explanation.groups()` or of
        `explanation.points`.
    catalogue : Catalogue, optional
        Labels of the indicators, and of groups that the built-in ones lack; without it their names.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "importance table", _NEEDED)
    title = look.word("importance_title")
    if rows.empty:
        return nothing(look, title)
    own = {**GROUP_LABELS, **(catalogue.group_labels if catalogue is not None else {})}
    groups = {one: group_name(one, catalogue, look) for one in rows["name"] if one in own}
    names = indicator_names(rows["name"], catalogue, look) | groups
    told = rows.assign(name=rows["name"].map(names))
    order = told["name"].tolist()
    y = alt.Y("name:N", sort=order, scale=alt.Scale(domain=order)).title(None)
    data, points = alt.Chart(inline(told)), look.word("mean_points")
    tips = [
        alt.Tooltip("name:N", title=look.word("indicator_group" if groups else "indicator")),
        *(
            alt.Tooltip(f"{field}:Q", title=words, format=".2f")
            for field, words in (
                ("mean_absolute_points", points),
                ("low", look.word("low")),
                ("high", look.word("high")),
            )
        ),
    ]
    bars = data.mark_bar(height={"band": 0.6}, color=look.colour("main"), opacity=0.75)
    lines = data.mark_rule(strokeWidth=2, color=look.colour("text"))
    ends = data.mark_tick(thickness=2, size=10, color=look.colour("text"))
    x = alt.X("mean_absolute_points:Q").title(points)
    whole = layered(
        bars.encode(x=x, y=y, tooltip=tips),
        lines.encode(x=alt.X("low:Q").title(points), x2="high", y=y),
        ends.encode(x=alt.X("low:Q").title(points), y=y),
        ends.encode(x=alt.X("high:Q").title(points), y=y),
    ).properties(width=WIDTH - 60, height=ROW * len(rows))
    return look.dress(whole, title, look.word("importance_how"))
