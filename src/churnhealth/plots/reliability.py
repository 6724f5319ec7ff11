"""Reliability: what was predicted against what happened, with what chance allows, and who is where."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
        As `evaluate.distribution.score_distribution` gives it (`report.scores`); drawn below.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart or altair.VConcatChart
        Both axes in per cent. A grey box spans a bin's probabilities and what chance allows; a share
        outside it is a diamond.

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
    end = min(1.0, 1.05 * max(0.01, float(bins[["high", "band_high", "observed"]].max().max())))
    frame = _Frame(look, end, told=histogram is None)
    layers = [_chance(bins, frame), _perfect(frame)]
    if curve is not None:
        layers += _smooth(checked(curve, "smooth curve", _CURVE), frame)
        said.append(look.word("curve_how"))
    layers.append(_marks(bins, frame))
    square = layered(*layers).properties(width=SIZE, height=SIZE)
    if histogram is None:
        return look.dress(square, look.word("reliability_title"), *said)
    below = _histogram(histogram, replace(frame, told=True)).properties(width=SIZE, height=BELOW)
    return look.dress(alt.vconcat(square, below, spacing=8), look.word("reliability_title"), *said)


@dataclass(frozen=True)
class _Frame:
    """The square that all layers share: both axes end at the same share; the lower one may be told."""

    look: Look
    end: float
    told: bool

    def x(self, field: str) -> Layer:
        axis = alt.Axis(format="%", tickCount=6, labels=self.told, ticks=self.told)
        scale = alt.Scale(domain=[0.0, self.end], nice=False)
        title = self.look.word("predicted") if self.told else None
        return alt.X(field, type="quantitative", scale=scale, axis=axis).title(title)

    def y(self, field: str) -> Layer:
        scale = alt.Scale(domain=[0.0, self.end], nice=False, clamp=True)
        axis = alt.Axis(format="%", tickCount=6)
        title = self.look.word("observed")
        return alt.Y(field, type="quantitative", scale=scale, axis=axis).title(title)


def _chance(bins: pd.DataFrame, frame: _Frame) -> Layer:
    mark = alt.Chart(inline(bins)).mark_rect(
        color=frame.look.colour("range"), opacity=0.35, stroke=frame.look.colour("range"), strokeWidth=1
    )
    return mark.encode(x=frame.x("low"), x2="high", y=frame.y("band_low"), y2="band_high")


def _perfect(frame: _Frame) -> Layer:
    ends = alt.Chart(inline([{"x": 0.0, "y": 0.0}, {"x": frame.end, "y": frame.end}]))
    line = ends.mark_line(color=frame.look.colour("muted"), strokeDash=[5, 4], strokeWidth=1.5)
    return line.encode(x=frame.x("x"), y=frame.y("y"))


def _smooth(curve: pd.DataFrame, frame: _Frame) -> list[Layer]:
    data = alt.Chart(inline(curve))
    x = frame.x("predicted")
    band = data.mark_area(color=frame.look.colour("main"), opacity=0.15, clip=True)
    line = data.mark_line(color=frame.look.colour("main"), strokeWidth=2, clip=True)
    return [
        band.encode(x=x, y=frame.y("low"), y2="high"),
        line.encode(x=x, y=frame.y("observed")),
    ]


def _marks(bins: pd.DataFrame, frame: _Frame) -> Layer:
    words = {True: frame.look.word("inside: yes"), False: frame.look.word("inside: no")}
    told = bins.assign(verdict=[words[bool(one)] for one in bins["inside"]])
    domain = list(words.values())
    legend = alt.Legend(title=frame.look.word("inside"), orient="bottom", direction="horizontal")
    colours = alt.Scale(domain=domain, range=[frame.look.colour("main"), frame.look.colour("warning")])
    shapes = alt.Scale(domain=domain, range=["circle", "diamond"])
    percent = ".1%"
    return (
        alt.Chart(inline(told))
        .mark_point(filled=True, size=90, opacity=1.0)
        .encode(
            x=frame.x("mean_predicted"),
            y=frame.y("observed"),
            color=alt.Color("verdict:N", scale=colours, legend=legend),
            shape=alt.Shape("verdict:N", scale=shapes, legend=legend),
            tooltip=[
                alt.Tooltip("customers:Q", title=frame.look.word("customers"), format=","),
                alt.Tooltip(
                    "mean_predicted:Q", title=frame.look.word("predicted_short"), format=percent
                ),
                alt.Tooltip("observed:Q", title=frame.look.word("observed_short"), format=percent),
                alt.Tooltip("band_low:Q", title=frame.look.word("band_low"), format=percent),
                alt.Tooltip("band_high:Q", title=frame.look.word("band_high"), format=percent),
            ],
        )
    )


def _histogram(histogram: pd.DataFrame, frame: _Frame) -> Layer:
    rows = checked(histogram, "score distribution", _HISTOGRAM)
    mark = alt.Chart(inline(rows)).mark_rect(
        color=frame.look.colour("main"),
        opacity=0.75,
        stroke=frame.look.colour("background"),
        strokeWidth=1,
        clip=True,
    )
    customers = alt.Y("customers:Q", axis=alt.Axis(tickCount=3, format="~s"), stack="zero")
    return mark.encode(
        x=frame.x("probability_low"),
        x2="probability_high",
        y=customers.title(frame.look.word("customers")),
        tooltip=[alt.Tooltip("customers:Q", title=frame.look.word("customers"), format=",")],
    )
