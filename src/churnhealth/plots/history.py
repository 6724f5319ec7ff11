"""One customer over time: the score by cutoff, and the counts behind a driver with the day of change."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.health import BANDS
from churnhealth.domain.table_columns import score, text
from churnhealth.errors import SchemaError
from churnhealth.explain.change_day import DayOfChange
from churnhealth.plots.distribution import band_scales
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import MOST_ROWS, checked, inline, moment, nothing
from churnhealth.plots.theme import WIDTH, Look, shortened

SCORES_HIGH, SERIES_HIGH = 220, 170
_NEEDED = (
    score("health_score", "Published."),
    text("health_band", "Band.", choices=BANDS),
    text("model_version", "Which model."),
)


def score_history(
    table: pd.DataFrame,
    *,
    customer: object = None,
    change: DayOfChange | None = None,
    timezone: str = "UTC",
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw one customer's published scores by cutoff.

    Parameters
    ----------
    table : DataFrame
        One customer's rows of the table health_scores (`warehouse.customer_history`): cutoff,
        health_score, health_band, model_version.
    customer : object, optional
        Who it is, for the title.
    change : DayOfChange, optional
        As `explain.change_day.day_of_change` gives it: a line at its day.
    timezone : str
        Of the project: the cutoffs' local dates are drawn.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        The band tells itself by colour and shape.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "scores of one customer", _NEEDED, dates=["cutoff"])
    title = (
        look.word("history_title")
        if customer is None
        else look.word("history_of", customer=shortened(customer, 40))
    )
    if rows.empty:
        return nothing(look, title)
    rows["day"] = [moment(one, timezone) for one in rows["cutoff"]]
    rows["band"] = [look.band(one) for one in rows["health_band"]]
    data = alt.Chart(inline(rows.drop(columns=["cutoff", "health_band"])))
    x, y = _day("day", look, look.word("cutoff")), _score(look)
    colours, shapes = band_scales(look)
    legend = alt.Legend(title=look.word("health_band"), orient="bottom", direction="horizontal")
    marks = data.mark_point(
        filled=True, size=130, opacity=1.0, stroke=look.colour("text"), strokeWidth=1
    ).encode(
        x=x,
        y=y,
        color=alt.Color("band:N", scale=colours, legend=legend),
        shape=alt.Shape("band:N", scale=shapes, legend=legend),
        tooltip=[
            alt.Tooltip("day:T", title=look.word("cutoff"), format=look.date_format),
            alt.Tooltip("health_score:Q", title=look.word("health_score"), format=".1f"),
            alt.Tooltip("band:N", title=look.word("health_band")),
            alt.Tooltip("model_version:N", title=look.word("model_version")),
        ],
    )
    line = data.mark_line(color=look.colour("muted"), strokeWidth=1.5).encode(x=x, y=y)
    layers = [line, marks, *(_mark_day(change, look) if change else [])]
    whole = layered(*layers).properties(width=WIDTH, height=SCORES_HIGH)
    return look.dress(whole, title, *([_since(change, look)] if change else []))


def indicator_history(
    series: pd.Series[Any],
    what: str = "",
    *,
    change: DayOfChange | None = None,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw the counts behind a driver day by day, and since when their level is another one.

    Parameters
    ----------
    series : Series
        Counts by day, as `churnhealth.indicator_series` gives them.
    what : str
        What was counted, in words.
    change : DayOfChange, optional
        As `day_of_change(series)` gives it: both levels, and the day.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    SchemaError
        No Series of counts by day, too many days, or another language or theme.
    """
    look = Look(language, theme)
    rows = _days(series)
    title = look.word("series_title")
    if rows.empty:
        return nothing(look, title)
    data = alt.Chart(inline(rows))
    axis = look.word("count_axis", what=shortened(what or look.word("events"), 40))
    y, x = alt.Y("count:Q").title(axis), _day("day", look, None)
    tips = [
        alt.Tooltip("day:T", title=look.word("date"), format=look.date_format),
        alt.Tooltip("count:Q", title=shortened(what) or look.word("events"), format=","),
    ]
    width = max(1.0, 0.7 * WIDTH / len(rows))
    layers = [data.mark_bar(width=width, color=look.colour("range")).encode(x=x, y=y, tooltip=tips)]
    said = []
    if change is not None:
        layers += [_levels(rows, change, look), *_mark_day(change, look)]
        said = [
            _since(change, look),
            look.word("levels_how", before=f"{change.before:.1f}", after=f"{change.after:.1f}"),
        ]
    whole = layered(*layers).properties(width=WIDTH, height=SERIES_HIGH)
    return look.dress(whole, title, *said)


def _days(series: Any) -> pd.DataFrame:
    if not isinstance(series, pd.Series):
        raise SchemaError("counts by day", [f"expected a Series, got {type(series).__name__}"])
    days = [moment(one) for one in series.index]
    counts = pd.to_numeric(series, errors="coerce").to_numpy(dtype="float64", na_value=float("nan"))
    faults = []
    if None in days:
        faults.append(f"index: expected dates, got {str(series.index[days.index(None)])!r}")
    if not (counts >= 0).all():
        faults.append("expected counts of 0 or more, none missing")
    if len(series) > MOST_ROWS:
        faults.append(f"expected at most {MOST_ROWS:,} days, got {len(series):,}; draw fewer days")
    if faults:
        raise SchemaError("counts by day", faults)
    return pd.DataFrame({"day": days, "count": counts})


def _levels(rows: pd.DataFrame, change: DayOfChange, look: Look) -> Layer:
    """Draw both levels as lines over the days that they hold for."""
    day = moment(change.day)
    lines = [
        {"start": rows["day"].min(), "end": day, "level": change.before},
        {"start": day, "end": rows["day"].max(), "level": change.after},
    ]
    mark = alt.Chart(inline(lines)).mark_rule(color=look.colour("main"), strokeWidth=3)
    return mark.encode(x=alt.X("start:T"), x2="end:T", y=alt.Y("level:Q"))


def _mark_day(change: DayOfChange, look: Look) -> list[Layer]:
    data = alt.Chart(inline([{"day": moment(change.day)}]))
    return [
        data.mark_rule(color=look.colour("warning"), strokeWidth=2, strokeDash=[6, 4]).encode(x="day:T")
    ]


def _since(change: DayOfChange, look: Look) -> str:
    day = change.day
    told = (
        f"{day.year}/{day.month}/{day.day}" if look.language == "ja" else f"{day:%d %B %Y}".lstrip("0")
    )
    return look.word("change_of_day", day=told)


def _day(field: str, look: Look, title: str | None) -> alt.X:
    axis = alt.Axis(format=look.date_format, tickCount=6, labelOverlap=True, grid=False)
    return alt.X(f"{field}:T", axis=axis, scale=alt.Scale(padding=14)).title(title or look.word("date"))


def _score(look: Look) -> alt.Y:
    return alt.Y("health_score:Q", scale=alt.Scale(zero=False, nice=False, padding=16)).title(
        look.word("health_score")
    )
