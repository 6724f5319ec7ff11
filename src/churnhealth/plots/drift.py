"""Drift: which indicators are spread otherwise than at fit, and more than chance allows."""

from __future__ import annotations

import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.monitor_tables import DRIFT_VERDICTS
from churnhealth.domain.table_columns import double, share, text
from churnhealth.evaluate.drift import DriftPolicy
from churnhealth.plots.names import group_name, indicator_names
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import WIDTH, Look

ROW, MOST = 24, 25
SHAPES = ("circle", "triangle-up", "diamond")
_NEEDED = (
    text("indicator", "The indicator, or (health score)."),
    text("indicator_group", "Its group."),
    double("psi", "", "Population stability index."),
    double("psi_chance_limit", "", "What chance seldom exceeds."),
    share("missing_reference", "Missing at fit."),
    share("missing_now", "Missing now."),
    text("verdict", "Judged.", choices=DRIFT_VERDICTS),
)


def drift_bars(
    table: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    policy: DriftPolicy | None = None,
    most: int = MOST,
    language: str = "en",
    theme: str = "light",
) -> alt.LayerChart:
    """Draw how far the indicators and the score have drifted, in the order of the table.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.drift.drift_table` gives it, or the table health_monitor_drift.
    catalogue : Catalogue, optional
        Labels of the indicators; without it their names.
    policy : DriftPolicy, optional
        The thresholds that were used.
    most : int
        At most so many rows, the first ones; the picture says of how many.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.LayerChart
        The population stability index as a mark whose shape is the verdict, what chance seldom exceeds
        as a tick, the thresholds as dashed lines.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "drift table", _NEEDED)
    title, limits = look.word("drift_title"), policy or DriftPolicy()
    if rows.empty:
        return nothing(look, title)
    shown = rows.head(most)
    names = indicator_names(shown["indicator"], catalogue, look)
    told = shown.assign(
        name=shown["indicator"].map(names),
        group=[group_name(one, catalogue, look) for one in shown["indicator_group"]],
        verdict=[look.told("drift", one) for one in shown["verdict"]],
        zero=0.0,
    ).drop(columns=["indicator", "indicator_group"])
    order = told["name"].tolist()
    y = alt.Y("name:N", sort=order, scale=alt.Scale(domain=order)).title(None)
    data = alt.Chart(inline(told))
    x, start = (alt.X(f"{one}:Q").title(look.word("psi")) for one in ("psi", "zero"))
    stems = data.mark_rule(strokeWidth=3, color=look.colour("range"), opacity=0.7)
    chance = data.mark_tick(thickness=2, size=14, color=look.colour("text"))
    layers = [
        _thresholds(limits, look),
        stems.encode(x=start, x2="psi", y=y),
        chance.encode(x=alt.X("psi_chance_limit:Q").title(look.word("psi")), y=y),
        _marks(data, x, y, look),
    ]
    whole = layered(*layers).properties(width=WIDTH - 60, height=ROW * len(shown))
    said = [look.word("drift_how", warn=limits.warn_psi, stop=limits.stop_psi)]
    if len(rows) > most:
        said.append(look.word("drift_most", shown=most, all=len(rows)))
    return look.dress(whole, title, *said)


def _thresholds(limits: DriftPolicy, look: Look) -> Layer:
    lines = alt.Chart(inline([{"at": limits.warn_psi}, {"at": limits.stop_psi}]))
    mark = lines.mark_rule(strokeDash=[5, 4], color=look.colour("warning"), strokeWidth=1.5)
    return mark.encode(x=alt.X("at:Q").title(look.word("psi")))


def _marks(data: alt.Chart, x: alt.X, y: alt.Y, look: Look) -> Layer:
    domain = [look.told("drift", one) for one in DRIFT_VERDICTS]
    colours = [look.colour("main"), look.colour("yellow"), look.colour("warning")]
    legend = alt.Legend(title=look.word("verdict"), orient="bottom", direction="horizontal")
    marks = data.mark_point(
        filled=True, size=110, opacity=1.0, stroke=look.colour("text"), strokeWidth=0.8
    )
    return marks.encode(
        x=x,
        y=y,
        color=alt.Color("verdict:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
        shape=alt.Shape("verdict:N", scale=alt.Scale(domain=domain, range=list(SHAPES)), legend=legend),
        tooltip=[
            alt.Tooltip("name:N", title=look.word("indicator")),
            alt.Tooltip("group:N", title=look.word("indicator_group")),
            alt.Tooltip("psi:Q", title="PSI", format=".3f"),
            alt.Tooltip("psi_chance_limit:Q", title=look.word("psi_chance_limit"), format=".3f"),
            alt.Tooltip("missing_reference:Q", title=look.word("missing_reference"), format=".1%"),
            alt.Tooltip("missing_now:Q", title=look.word("missing_now"), format=".1%"),
            alt.Tooltip("verdict:N", title=look.word("verdict")),
        ],
    )
