"""The recipe and simpler models on past windows: a metric over time, and differences of losses."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.table_columns import double, text
from churnhealth.errors import SchemaError, listed, nearest
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import HEIGHT, SHAPES, WIDTH, Look

ROW = 30
# Where a metric says "right" or "no better than chance".
REFERENCE = {
    "log_loss_skill": 0.0,
    "brier_skill": 0.0,
    "roc_auc": 0.5,
    "calibration_slope": 1.0,
    "calibration_in_the_large": 0.0,
    "lift_at_10pct": 1.0,
    "lift_at_capacity": 1.0,
}
_METRICS = (
    text("window", "Judged window."),
    text("model", "Which model."),
    text("metric", "Which metric."),
    double("value", "", "Its value.", nullable=True),
    double("low", "", "Lower end.", nullable=True),
    double("high", "", "Upper end.", nullable=True),
)
_DIFFERENCES = (
    text("window", "Judged window."),
    text("model", "Which model."),
    text("than", "Against which."),
    double("difference", "nats", "Mean log loss less that of the other."),
    double("low", "nats", "Lower end.", nullable=True),
    double("high", "nats", "Upper end.", nullable=True),
)


def backtest_over_windows(
    table: pd.DataFrame, metric: str = "log_loss", *, language: str = "en", theme: str = "light"
) -> alt.LayerChart:
    """Draw a metric of every model over the judged windows: losses, calibration, lift.

    Parameters
    ----------
    table : DataFrame
        `backtest.metrics` of `evaluate.backtest.rolling_backtest`.
    metric : str
        One of its metrics, such as "log_loss", "calibration_in_the_large" or "captured_mrr".
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        Models differ by colour and shape and stand side by side; a metric that is not defined for a
        model (the slope of a constant) is left out.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme; an unknown metric.
    """
    look = Look(language, theme)
    rows = checked(table, "backtest metrics", _METRICS)
    title = look.word("backtest_title", metric=look.told("metric", metric))
    if rows.empty:
        return nothing(look, title)
    known = list(rows["metric"].unique())
    if metric not in known:
        fault = (
            f"metric: expected one of {listed(known, most=30)}, got {metric!r}{nearest(metric, known)}"
        )
        raise SchemaError("backtest metrics", [fault])
    own = rows[rows["metric"] == metric].dropna(subset="value")
    told = own.assign(
        model=[look.told("model", one) for one in own["model"]],
        window=[look.told("window", one) for one in own["window"]],
    ).drop(columns="metric")
    models, windows = (told[one].drop_duplicates().tolist() for one in ("model", "window"))
    if not models:
        return nothing(look, title)
    layers = [
        *_reference(metric, look),
        *_series(told, models, windows, look.told("metric", metric), look),
    ]
    wide = max(WIDTH, 70 * len(windows))
    return look.dress(
        layered(*layers).properties(width=wide, height=HEIGHT), title, look.word("backtest_how")
    )


def backtest_differences(
    table: pd.DataFrame,
    window: str | None = None,
    *,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw by how much the loss of one model lies below that of another.

    Parameters
    ----------
    table : DataFrame
        `backtest.differences` of `evaluate.backtest.rolling_backtest`.
    window : str, optional
        Which of its windows; None: the last one (all windows together where there are several).
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        One line per pair; an interval that does not touch 0 tells the two apart.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme; an unknown window.
    """
    look = Look(language, theme)
    rows = checked(table, "backtest differences", _DIFFERENCES)
    title = look.word("differences_title")
    if rows.empty:
        return nothing(look, title)
    known = list(rows["window"].unique())
    chosen = known[-1] if window is None else window
    if chosen not in known:
        fault = f"window: expected one of {listed(known)}, got {chosen!r}{nearest(chosen, known)}"
        raise SchemaError("backtest differences", [fault])
    own = rows[rows["window"] == chosen]
    told = own.assign(pair=[_pair(line, look) for line in own.to_dict("records")])
    order = told["pair"].tolist()
    y = alt.Y("pair:N", sort=order, scale=alt.Scale(domain=order)).title(None)
    data, name = alt.Chart(inline(told[["pair", "difference", "low", "high"]])), look.word("difference")
    zero = alt.Chart(inline([{"at": 0.0}])).mark_rule(color=look.colour("muted"), strokeDash=[5, 4])
    tips = [alt.Tooltip("pair:N", title=look.word("model"))] + [
        alt.Tooltip(f"{field}:Q", title=words, format="+.4f")
        for field, words in (
            ("difference", name),
            ("low", look.word("low")),
            ("high", look.word("high")),
        )
    ]
    colour = look.colour("main")
    whole = layered(
        zero.encode(x=alt.X("at:Q").title(name)),
        data.mark_rule(color=colour, strokeWidth=2.5).encode(
            x=alt.X("low:Q").title(name), x2="high", y=y
        ),
        data.mark_point(color=colour, filled=True, size=90, opacity=1.0).encode(
            x=alt.X("difference:Q").title(name), y=y, tooltip=tips
        ),
    ).properties(width=WIDTH - 100, height=ROW * len(own))
    where = f"{look.word('window')}: {look.told('window', chosen)}"
    return look.dress(whole, title, look.word("differences_how"), where)


def _pair(line: dict[Any, Any], look: Look) -> str:
    model, than = (look.told("model", line[one]) for one in ("model", "than"))
    return look.word("pair", model=model, than=than)


def _reference(metric: str, look: Look) -> list[Layer]:
    if metric not in REFERENCE:
        return []
    line = alt.Chart(inline([{"at": REFERENCE[metric]}]))
    mark = line.mark_rule(color=look.colour("muted"), strokeDash=[5, 4])
    return [mark.encode(y=alt.Y("at:Q").title(look.told("metric", metric)))]


def _series(
    told: pd.DataFrame, models: list[str], windows: list[str], name: str, look: Look
) -> list[Layer]:
    data = alt.Chart(inline(told))
    axis = alt.Axis(labelAngle=-30 if len(windows) > 5 else 0)
    x = alt.X("window:O", sort=windows, scale=alt.Scale(domain=windows), axis=axis)
    aside = alt.XOffset("model:N", sort=models, scale=alt.Scale(domain=models, paddingOuter=1))
    colours = [look.series[at % len(look.series)] for at in range(len(models))]
    shapes = [SHAPES[at % len(SHAPES)] for at in range(len(models))]
    legend = alt.Legend(title=look.word("model"), orient="bottom", direction="horizontal", columns=4)
    colour = alt.Color("model:N", scale=alt.Scale(domain=models, range=colours), legend=legend)
    shape = alt.Shape("model:N", scale=alt.Scale(domain=models, range=shapes), legend=legend)
    scale = alt.Scale(zero=False)
    value, low = (alt.Y(f"{one}:Q", scale=scale).title(name) for one in ("value", "low"))
    where = {"x": x.title(look.word("window")), "xOffset": aside}
    tips = [
        alt.Tooltip("window:N", title=look.word("window")),
        alt.Tooltip("model:N", title=look.word("model")),
        alt.Tooltip("value:Q", title=name, format=".4f"),
        alt.Tooltip("low:Q", title=look.word("low"), format=".4f"),
        alt.Tooltip("high:Q", title=look.word("high"), format=".4f"),
    ]
    return [
        data.mark_rule(strokeWidth=2).encode(**where, y=low, y2="high", color=colour),
        data.mark_point(filled=True, size=95, opacity=1.0).encode(
            **where, y=value, color=colour, shape=shape, tooltip=tips
        ),
    ]
