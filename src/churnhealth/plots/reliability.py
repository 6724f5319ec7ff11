"""Reliability: what was predicted against what happened, with what chance allows, and who is where."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.table_columns import count, share
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import Look

SIZE, BELOW = 360, 80
_NEEDED = (
    share("low", "Smallest probability."),
    share("high", "Largest probability."),
    count("customers", 0, "Rows."),
    share("mean_predicted", "Mean probability."),
    share("observed", "Share of churners."),
    share("band_low", "Chance allows from."),
    share("band_high", "Chance allows to."),
)
_CURVE = (
    share("predicted", "Probability."),
    share("observed", "Smoothed."),
    share("low", "Lower end.", nullable=True),
    share("high", "Upper end.", nullable=True),
)
_HISTOGRAM = (
    share("probability_low", "From."),
    share("probability_high", "To."),
    count("customers", 0, "Customers."),
)


def reliability_diagram(
    table: pd.DataFrame,
    *,
    curve: pd.DataFrame | None = None,
    histogram: pd.DataFrame | None = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart | alt.VConcatChart:
    """Draw what happened against what was predicted, bin by bin.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.reliability.reliability_table` gives it (`report.reliability`).
    curve : DataFrame, optional
        As `evaluate.smooth_curve.smooth_curve` gives it.
    histogram : DataFrame, optional
        As `evaluate.distribution.score_distribution` gives it; None: the customers of each bin.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.VConcatChart
        Both axes in per cent; below it where the customers are. A grey box spans a bin's scores and
        what chance allows; a share outside it is a diamond.

    Raises
    ------
    SchemaError
        With all faults of a table, or of language and theme.
    """
    look = Look(language, theme)
    bins = checked(table, "reliability table", _NEEDED, as_they_come=["inside"])
    if bins.empty:
        return nothing(look, look.word("reliability_title"), "no_customers")
    said = [look.word("reliability_how")]
    end = min(1.0, 1.05 * float(bins[["high", "band_high", "observed"]].max().max()))
    layers = [_chance(bins, look, end), _perfect(look, end)]
    if curve is not None:
        layers += _smooth(checked(curve, "smooth curve", _CURVE), look, end)
        said.append(look.word("curve_how"))
    layers.append(_marks(bins, look, end))
    square = layered(*layers).properties(width=SIZE, height=SIZE)
    below = _histogram(bins, histogram, look, end).properties(width=SIZE, height=BELOW)
    whole = alt.vconcat(square, below, spacing=8)
    return look.dress(whole, look.word("reliability_title"), *said)


def _x(field: str, look: Look, end: float, *, title: bool = False) -> alt.X:
    axis = alt.Axis(format="%", tickCount=6, labels=title, ticks=title)
    scale = alt.Scale(domain=[0.0, end], nice=False)
    return alt.X(field, type="quantitative", scale=scale, axis=axis).title(
        look.word("predicted") if title else None
    )


def _y(field: str, look: Look, end: float) -> alt.Y:
    scale = alt.Scale(domain=[0.0, end], nice=False, clamp=True)
    axis = alt.Axis(format="%", tickCount=6)
    return alt.Y(field, type="quantitative", scale=scale, axis=axis).title(look.word("observed"))


def _chance(bins: pd.DataFrame, look: Look, end: float) -> Layer:
    mark = alt.Chart(inline(bins)).mark_rect(
        color=look.colour("range"), opacity=0.35, stroke=look.colour("range"), strokeWidth=1
    )
    return mark.encode(x=_x("low", look, end), x2="high", y=_y("band_low", look, end), y2="band_high")


def _perfect(look: Look, end: float) -> Layer:
    ends = alt.Chart(inline([{"x": 0.0, "y": 0.0}, {"x": end, "y": end}]))
    line = ends.mark_line(color=look.colour("muted"), strokeDash=[5, 4], strokeWidth=1.5)
    return line.encode(x=_x("x", look, end), y=_y("y", look, end))


def _smooth(curve: pd.DataFrame, look: Look, end: float) -> list[Layer]:
    data = alt.Chart(inline(curve))
    x = _x("predicted", look, end)
    band = data.mark_area(color=look.colour("main"), opacity=0.15, clip=True)
    line = data.mark_line(color=look.colour("main"), strokeWidth=2, clip=True)
    return [
        band.encode(x=x, y=_y("low", look, end), y2="high"),
        line.encode(x=x, y=_y("observed", look, end)),
    ]


def _marks(bins: pd.DataFrame, look: Look, end: float) -> Layer:
    words = {True: look.word("inside: yes"), False: look.word("inside: no")}
    told = bins.assign(verdict=[words[bool(one)] for one in bins["inside"]])
    domain = list(words.values())
    legend = alt.Legend(title=look.word("inside"), orient="bottom", direction="horizontal")
    colours = alt.Scale(domain=domain, range=[look.colour("main"), look.colour("warning")])
    shapes = alt.Scale(domain=domain, range=["circle", "diamond"])
    percent = ".1%"
    return (
        alt.Chart(inline(told))
        .mark_point(filled=True, size=90, opacity=1.0)
        .encode(
            x=_x("mean_predicted", look, end),
            y=_y("observed", look, end),
            color=alt.Color("verdict:N", scale=colours, legend=legend),
            shape=alt.Shape("verdict:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("customers:Q", title=look.word("customers"), format=","),
                alt.Tooltip("mean_predicted:Q", title=look.word("predicted_short"), format=percent),
                alt.Tooltip("observed:Q", title=look.word("observed_short"), format=percent),
                alt.Tooltip("band_low:Q", title=look.word("band_low"), format=percent),
                alt.Tooltip("band_high:Q", title=look.word("band_high"), format=percent),
            ],
        )
    )


def _histogram(bins: pd.DataFrame, histogram: pd.DataFrame | None, look: Look, end: float) -> Layer:
    ends = ["low", "high"] if histogram is None else ["probability_low", "probability_high"]
    rows = bins if histogram is None else checked(histogram, "score distribution", _HISTOGRAM)
    mark = alt.Chart(inline(rows[[*ends, "customers"]])).mark_rect(
        color=look.colour("main"),
        opacity=0.75,
        stroke=look.colour("background"),
        strokeWidth=1,
        clip=True,
    )
    customers = alt.Y("customers:Q", axis=alt.Axis(tickCount=3, format="~s"), stack="zero")
    return mark.encode(
        x=_x(ends[0], look, end, title=True),
        x2=ends[1],
        y=customers.title(look.word("customers")),
        tooltip=[alt.Tooltip("customers:Q", title=look.word("customers"), format=",")],
    )
