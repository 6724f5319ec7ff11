"""Calibration over quarters: predicted and observed churners of each period, with what chance allows."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.monitor_tables import PERIOD_KINDS, PERIOD_VERDICTS
from churnhealth.domain.table_columns import count, double, text
from churnhealth.errors import SchemaError, listed
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import HEIGHT, WIDTH, Look

_NEEDED = (
    text("period_kind", "Kind of period.", choices=PERIOD_KINDS),
    text("period", "Which one."),
    count("customers", 0, "Rows."),
    count("churners", 0, "Churners."),
    double("predicted_churners", "rows", "Predicted."),
    double("churners_low", "rows", "Chance allows from."),
    double("churners_high", "rows", "Chance allows to."),
    text("verdict", "Against chance.", choices=PERIOD_VERDICTS),
)
_KEPT = [column.name for column in _NEEDED]
SHAPES = ("circle", "triangle-up", "triangle-down")


def calibration_over_time(
    table: pd.DataFrame, kind: str = "cutoff", *, language: str = "en", theme: str = "light"
) -> alt.LayerChart:
    """Draw predicted and observed churners, period by period.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.realised.periods_table` gives it, or the table health_monitor_periods.
    kind : {"cutoff", "month", "model", "all"}
        Which of its periods.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        Churned customers by period; a triangle points to where the scores were wrong beyond chance.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme; another kind.
    """
    look = Look(language, theme)
    if kind not in PERIOD_KINDS:
        raise SchemaError("periods", [f"kind: expected one of {listed(PERIOD_KINDS)}, got {kind!r}"])
    rows = checked(table, "periods", _NEEDED)
    rows = rows[rows["period_kind"] == kind].sort_values("period", ignore_index=True)
    title = look.word("over_time_title")
    if rows.empty:
        return nothing(look, title)
    told = rows.assign(verdict=[look.told("period", one) for one in rows["verdict"]])
    data = alt.Chart(inline(told[[*_KEPT[1:]]]))
    axis = alt.Axis(labelAngle=-30 if len(rows) > 6 else 0, labelOverlap=True)
    x = alt.X("period:O", axis=axis).title(
        look.word({"cutoff": "cutoff", "month": "month"}.get(kind, "model_version"))
    )
    layers = [_range(data, x, look), _predicted(data, x, look), _observed(data, x, look)]
    whole = layered(*layers).properties(width=max(WIDTH, 26 * len(rows)), height=HEIGHT)
    return look.dress(whole, title, look.word("over_time_how"))


def _y(field: str, look: Look) -> alt.Y:
    return alt.Y(field, type="quantitative").title(look.word("churners_axis"))


def _range(data: alt.Chart, x: alt.X, look: Look) -> Layer:
    bar = data.mark_bar(width=22, color=look.colour("range"), opacity=0.4)
    return bar.encode(x=x, y=_y("churners_low", look), y2="churners_high")


def _predicted(data: alt.Chart, x: alt.X, look: Look) -> Layer:
    line = data.mark_tick(width=22, thickness=2.5, orient="horizontal", color=look.colour("text"))
    return line.encode(x=x, y=_y("predicted_churners", look))


def _observed(data: alt.Chart, x: alt.X, look: Look) -> Layer:
    domain = [look.told("period", one) for one in PERIOD_VERDICTS]
    legend = alt.Legend(title=look.word("against_chance"), orient="bottom", direction="horizontal")
    colours = [look.colour("main"), look.colour("warning"), look.colour("warning")]
    number = ",.1f"
    return data.mark_point(filled=True, size=100, opacity=1.0).encode(
        x=x,
        y=_y("churners", look),
        color=alt.Color("verdict:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
        shape=alt.Shape("verdict:N", scale=alt.Scale(domain=domain, range=list(SHAPES)), legend=legend),
        tooltip=[
            alt.Tooltip("period:N", title=look.word("cutoff")),
            alt.Tooltip("customers:Q", title=look.word("customers"), format=","),
            alt.Tooltip("churners:Q", title=look.word("churners"), format=","),
            alt.Tooltip("predicted_churners:Q", title=look.word("predicted_churners"), format=number),
            alt.Tooltip("churners_low:Q", title=look.word("band_low"), format=number),
            alt.Tooltip("churners_high:Q", title=look.word("band_high"), format=number),
            alt.Tooltip("verdict:N", title=look.word("verdict")),
        ],
    )
