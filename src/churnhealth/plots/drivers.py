"""One customer's drivers, in health points: as bars, and as a waterfall from the base to the score."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.table_columns import double, text
from churnhealth.explain.change import BASE
from churnhealth.explain.explanation import direction_of
from churnhealth.explain.shown import signed
from churnhealth.explain.waterfall import SCORE
from churnhealth.plots.names import group_name, indicator_names
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import WIDTH, Look, shortened

ROW = 30
EFFECTS = ("raises", "lowers", "none")
_BARS = (
    text("indicator", "Column of points."),
    text("indicator_group", "Its group."),
    double("contribution_points", "points", "Points added."),
)
_STEPS = (
    *_BARS,
    double("points_before", "points", "Before the step."),
    double("points_after", "points", "After the step."),
)


def driver_bars(
    drivers: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    customer: object = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw the drivers of one customer, in the order of the table.

    Parameters
    ----------
    drivers : DataFrame
        One customer's rows of `explanation.drivers()`, or of the table health_drivers.
    catalogue : Catalogue, optional
        Labels of the indicators: `explanation.catalogue`; without it their names.
    customer : object, optional
        Who it is, for the title.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        Contributions in health points; what raises the score goes to the right, what lowers it to
        the left.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(drivers, "drivers", _BARS, as_they_come=["value"])
    title = _title(look, "drivers", customer)
    if rows.empty:
        return nothing(look, title)
    points = rows["contribution_points"]
    told = _named(rows, catalogue, look).assign(
        effect=[look.told("effect", one) for one in direction_of(points.to_numpy())],
        told=[signed(one) for one in points],
    )
    y = _y(told["name"], look)
    data = alt.Chart(inline(told))
    # Room for the numbers beside the bars.
    far = 1.25 * max(1e-6, float(points.abs().max()))
    ends = alt.Scale(domain=[min(0.0, -far if (points < 0).any() else 0.0), far], nice=False)
    if not (points > 0).any():
        ends = alt.Scale(domain=[-far, 0.15 * far], nice=False)
    x = alt.X("contribution_points:Q", scale=ends).title(look.word("points"))
    bars = data.mark_bar(height={"band": 0.68}).encode(
        x=x, y=y, color=_colour(look, told["effect"]), tooltip=_tips(look)
    )
    # Beside the bar's end, on its own side.
    up, down = (data.transform_filter(f"datum.contribution_points {sign} 0") for sign in (">=", "<"))
    sides = [
        mark.encode(x=x, y=y, text="told:N")
        for mark in (up.mark_text(align="left", dx=5), down.mark_text(align="right", dx=-5))
    ]
    zero = alt.Chart(inline([{"x": 0.0}])).mark_rule(color=look.colour("muted")).encode(x="x:Q")
    whole = layered(bars, zero, *sides).properties(width=WIDTH - 60, height=ROW * len(rows))
    return look.dress(whole, title, look.word("drivers_how"))


def waterfall(
    steps: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    customer: object = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw how one customer's score comes about.

    Parameters
    ----------
    steps : DataFrame
        As `explain.waterfall.waterfall_steps` gives it.
    catalogue, customer, language, theme
        As in `driver_bars`.

    Returns
    -------
    altair.LayerChart
        Health points from the base, above, to the score, below; the axis shows the part that matters.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(steps, "waterfall steps", _STEPS, as_they_come=["value"])
    title = _title(look, "waterfall", customer)
    if rows.empty:
        return nothing(look, title)
    told = _steps_told(rows, catalogue, look)
    data, y = alt.Chart(inline(told)), _y(told["name"], look)
    both = [*rows["points_before"].iloc[1:-1], *rows["points_after"]]
    room = 0.12 * max(max(both) - min(both), 1.0)
    span = alt.Scale(domain=[max(min(both) - room, -1.0), max(both) + room], nice=False, zero=False)
    x = alt.X("start:Q", scale=span).title(look.word("health_score"))
    end = alt.X("end:Q", scale=span)
    bars = (
        data.transform_filter("!datum.whole")
        .mark_bar(height={"band": 0.68})
        .encode(x=x, x2="end", y=y, color=_colour(look, told["effect"][1:-1]), tooltip=_tips(look))
    )
    wholes = data.transform_filter("datum.whole").mark_point(
        shape="diamond", filled=True, size=130, color=look.colour("text"), opacity=1.0
    )
    numbers = data.mark_text(align="left", dx=8, fontSize=12).encode(
        x=alt.X("right:Q", scale=span), y=y, text="told:N"
    )
    whole = layered(_joints(told, look, span), bars, wholes.encode(x=end, y=y), numbers)
    dressed = whole.properties(width=WIDTH - 60, height=ROW * len(rows))
    return look.dress(dressed, title, look.word("waterfall_how"))


def _steps_told(rows: pd.DataFrame, catalogue: Catalogue | None, look: Look) -> pd.DataFrame:
    ends = rows["indicator"].isin([BASE, SCORE])
    effect = [look.told("effect", one) for one in direction_of(rows["contribution_points"].to_numpy())]
    numbers = [
        f"{line['points_after']:.1f}" if whole else signed(line["contribution_points"])
        for line, whole in zip(rows.to_dict("records"), ends, strict=True)
    ]
    start = rows["points_before"].where(~ends, rows["points_after"])
    return _named(rows, catalogue, look).assign(
        effect=effect,
        whole=ends,
        told=numbers,
        start=start,
        end=rows["points_after"],
        right=pd.concat([start, rows["points_after"]], axis=1).max(axis=1),
    )


def _joints(told: pd.DataFrame, look: Look, span: alt.Scale) -> Layer:
    """Join each step to the next by a thin line at the running sum."""
    names = told["name"].tolist()
    lines = [
        {"at": at, "name": one, "next": following}
        for at, one, following in zip(told["end"], names[:-1], names[1:], strict=False)
    ]
    mark = alt.Chart(inline(lines)).mark_rule(color=look.colour("range"), strokeWidth=1)
    return mark.encode(x=alt.X("at:Q", scale=span), y=_y(told["name"], look), y2="next:N")


def _named(rows: pd.DataFrame, catalogue: Catalogue | None, look: Look) -> pd.DataFrame:
    names = indicator_names(rows["indicator"], catalogue, look)
    return rows.assign(
        name=rows["indicator"].map(names),
        group=[group_name(one, catalogue, look) for one in rows["indicator_group"]],
        value=["" if _missing(one) else shortened(one) for one in rows["value"]],
    )


def _missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def _title(look: Look, key: str, customer: object) -> str:
    if customer is None:
        return look.word(f"{key}_title")
    return look.word(f"{key}_of", customer=shortened(customer, 40))


def _y(names: pd.Series[Any], look: Look) -> alt.Y:
    order = names.tolist()
    return alt.Y("name:N", sort=order, scale=alt.Scale(domain=order)).title(None)


def _colour(look: Look, effects: pd.Series[Any]) -> alt.Color:
    words = {one: look.told("effect", one) for one in EFFECTS}
    shown = [one for one in EFFECTS if words[one] in set(effects)]
    colours = {name: look.colour(name if name != "none" else "range") for name in EFFECTS}
    scale = alt.Scale(domain=[words[one] for one in shown], range=[colours[one] for one in shown])
    legend = alt.Legend(title=look.word("effect"), orient="bottom", direction="horizontal")
    return alt.Color("effect:N", scale=scale, legend=legend)


def _tips(look: Look) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=look.word("indicator")),
        alt.Tooltip("group:N", title=look.word("indicator_group")),
        alt.Tooltip("value:N", title=look.word("value")),
        alt.Tooltip("contribution_points:Q", title=look.word("points"), format="+.2f"),
    ]
