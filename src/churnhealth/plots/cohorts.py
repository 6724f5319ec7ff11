"""Retention by cohort: how many of the customers who started in a month are still there."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.table_columns import count, share
from churnhealth.plots.needed import alt, layered
from churnhealth.plots.table import checked, inline, moment, nothing
from churnhealth.plots.theme import Look

CELL_WIDTH, CELL_HEIGHT = 42, 26
# Beyond so many columns the numbers would touch, and are left to the tooltips.
MOST_NUMBERED = 25
_NEEDED = (
    count("period", 0, "Months since the start."),
    count("customers", 0, "At the start."),
    count("retained", 0, "Still there."),
    share("retention", "retained / customers.", nullable=True),
)


def retention_cohorts(
    table: pd.DataFrame, *, language: str = "en", theme: str = "light"
) -> alt.LayerChart:
    """Draw the share of each month's new customers who are still there, month by month.

    Parameters
    ----------
    table : DataFrame
        One row per cohort and month: `cohort` (date), `period` (whole months since the start),
        `customers` (at the start), `retained`, `retention` (share, 0-1).
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        Cohorts downwards, the oldest above, with their size; a stronger colour means more of them.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "cohort table", _NEEDED, dates=["cohort"])
    title = look.word("cohorts_title")
    if rows.empty:
        return nothing(look, title, "no_customers")
    rows["moment"] = [moment(one) for one in rows["cohort"]]
    rows = rows.sort_values(["moment", "period"], ignore_index=True)
    month = "{0.year}/{0.month:02d}" if look.language == "ja" else "{0:%b %Y}"
    sizes = rows.groupby("moment")["customers"].transform("max")
    rows["start"] = [
        f"{month.format(one)} ({size:,})" for one, size in zip(rows["moment"], sizes, strict=True)
    ]
    rows["told"] = ["" if pd.isna(one) else f"{100.0 * one:.0f}" for one in rows["retention"]]
    starts, periods = rows["start"].drop_duplicates().tolist(), sorted(set(rows["period"]))
    data = alt.Chart(inline(rows.drop(columns=["cohort", "moment"])))
    x = alt.X("period:O", sort=periods, axis=alt.Axis(labelAngle=0, domain=False, ticks=False))
    y = alt.Y("start:O", sort=starts, axis=alt.Axis(domain=False, ticks=False))
    place = {"x": x.title(look.word("period")), "y": y.title(look.word("cohort"))}
    cells = data.mark_rect(stroke=look.colour("background"), strokeWidth=1.5).encode(
        **place, color=_colour(look), tooltip=_tips(look)
    )
    numbers = data.mark_text(fontSize=11).encode(
        **place, text="told:N", color=look.ink("retention", 1.0)
    )
    layers = [cells, *([numbers] if len(periods) <= MOST_NUMBERED else [])]
    wide = CELL_WIDTH if len(periods) <= MOST_NUMBERED else 16
    whole = layered(*layers).properties(width=wide * len(periods), height=CELL_HEIGHT * len(starts))
    return look.dress(whole, title, look.word("cohorts_how"))


def _colour(look: Look) -> alt.Color:
    legend = alt.Legend(title=look.word("retention"), format=".0%", gradientLength=140)
    scale = alt.Scale(domain=[0.0, 1.0], range=look.ramp, interpolate="lab")
    return alt.Color("retention:Q", scale=scale, legend=legend)


def _tips(look: Look) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("start:N", title=look.word("cohort")),
        alt.Tooltip("period:Q", title=look.word("period")),
        alt.Tooltip("customers:Q", title=look.word("at_start"), format=","),
        alt.Tooltip("retained:Q", title=look.word("retained"), format=","),
        alt.Tooltip("retention:Q", title=look.word("retention"), format=".1%"),
    ]
