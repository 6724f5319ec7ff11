"""How the health scores are spread, and which band they lie in."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.health import BANDS
from churnhealth.domain.table_columns import count, score, text
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import BAND_SHAPES, HEIGHT, WIDTH, Look

_NEEDED = (
    text("health_band", "Band.", nullable=True, choices=BANDS),
    score("score_low", "From."),
    score("score_high", "To."),
    count("customers", 0, "Customers."),
)


def score_histogram(
    table: pd.DataFrame, *, language: str = "en", theme: str = "light"
) -> alt.LayerChart:
    """Draw how many customers have which health score, by band.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.distribution.score_distribution` gives it.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        The fullest bar of each band carries its shape, so that bands can be told in grey as well.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "score distribution", _NEEDED)
    title = look.word("distribution_title")
    if rows.empty:
        return nothing(look, title, "no_customers")
    rows["band"] = [None if pd.isna(one) else look.band(one) for one in rows["health_band"]]
    data = alt.Chart(inline(rows.drop(columns="health_band")))
    span = alt.Scale(domain=[rows["score_low"].min(), rows["score_high"].max()], nice=False)
    x = alt.X("score_low:Q", scale=span).title(look.word("health_score"))
    tips = [
        alt.Tooltip("band:N", title=look.word("health_band")),
        alt.Tooltip("score_low:Q", title=look.word("low")),
        alt.Tooltip("score_high:Q", title=look.word("high")),
        alt.Tooltip("customers:Q", title=look.word("customers"), format=","),
    ]
    bars = data.mark_bar(
        orient="vertical", stroke=look.colour("text"), strokeWidth=0.7, binSpacing=0
    ).encode(
        x=x,
        x2="score_high",
        y=alt.Y("customers:Q", stack="zero").title(look.word("customers_axis")),
        tooltip=tips,
    )
    coloured = rows["band"].notna().any()
    bars = (
        bars.encode(color=_colour(look))
        if coloured
        else bars.encode(color=alt.value(look.colour("main")))
    )
    whole = layered(bars, *([_names(rows, look)] if coloured else []))
    return look.dress(whole.properties(width=WIDTH, height=HEIGHT), title, look.word("distribution_how"))


def band_scales(look: Look) -> tuple[alt.Scale, alt.Scale]:
    """Return the scales of colour and shape of the bands, by their names in the language."""
    colours = alt.Scale(domain=look.bands, range=[look.colour(name) for name in BANDS])
    return colours, alt.Scale(domain=look.bands, range=[BAND_SHAPES[name] for name in BANDS])


def _colour(look: Look) -> alt.Color:
    legend = alt.Legend(title=look.word("health_band"), orient="bottom", direction="horizontal")
    return alt.Color("band:N", scale=band_scales(look)[0], sort=look.bands, legend=legend)


def _names(rows: pd.DataFrame, look: Look) -> Layer:
    """Write each band's name above its fullest bar."""
    piles = rows.groupby(["score_low", "score_high"])["customers"].transform("sum")
    known = rows.assign(top=piles).dropna(subset="band")
    fullest = known.loc[known.groupby("band")["customers"].idxmax()]
    fullest = fullest.assign(middle=(fullest["score_low"] + fullest["score_high"]) / 2.0)
    data = alt.Chart(inline(fullest[["band", "middle", "top"]]))
    mark = data.mark_text(dy=-9, fontWeight="bold", color=look.colour("text"))
    return mark.encode(x=alt.X("middle:Q"), y=alt.Y("top:Q"), text="band:N")
