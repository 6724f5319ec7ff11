"""Lift and captured MRR by capacity: what the riskiest customers hold, what contacts are worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churnhealth.domain.table_columns import count, double, share
from churnhealth.plots.needed import Layer, alt, layered
from churnhealth.plots.table import checked, inline, nothing
from churnhealth.plots.theme import HEIGHT, WIDTH, Look, shortened

PANEL = 270
BOUNDED = {"captured_churners": "captured: churners", "captured_mrr": "captured: mrr"}
_NEEDED = (
    share("share", "Share of the rows contacted."),
    count("customers", 0, "Contacted."),
    double("lift", "", "Against the base rate.", nullable=True),
    share("captured_churners", "Of all churners.", nullable=True),
    share("captured_mrr", "Of the churned MRR.", nullable=True),
    *(
        double(f"{name}_{end}", "", "End of the 90 % interval.", nullable=True)
        for name in ("lift", *BOUNDED)
        for end in ("low", "high")
    ),
)
_PROFIT = (
    count("contacted", 0, "Customers contacted."),
    double("churners", "rows", "Among them."),
    double("profit", "currency", "Profit."),
    double("low", "currency", "Lower end.", nullable=True),
    double("high", "currency", "Upper end.", nullable=True),
)


def lift_by_capacity(
    table: pd.DataFrame, *, language: str = "en", theme: str = "light"
) -> alt.LayerChart | alt.HConcatChart:
    """Draw which share of churners and of churned MRR the riskiest customers hold, and their lift.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.lift.lift_with_intervals` gives it (`report.lift`); more shares make a finer line.
    language : {"en", "ja"}
    theme : {"light", "dark"}

    Returns
    -------
    altair.HConcatChart
        Left the captured shares, right the lift (1 = chance), both by the share contacted, with 90 %
        intervals.

    Raises
    ------
    SchemaError
        With all faults of the table, or of language and theme.
    """
    look = Look(language, theme)
    rows = checked(table, "lift table", _NEEDED)
    title = look.word("lift_title")
    if rows.empty:
        return nothing(look, title, "no_customers")
    both = alt.hconcat(_captured(rows, look), _lift(rows, look), spacing=36)
    return look.dress(both, title, look.word("lift_how", level=90))


def profit_by_capacity(
    table: pd.DataFrame, currency: str, *, language: str = "en", theme: str = "light"
) -> alt.LayerChart:
    """Draw what contacting the riskiest customers is worth, by how many are contacted.

    Parameters
    ----------
    table : DataFrame
        As `evaluate.profit.profit_table` gives it.
    currency : str
        Of the amounts, such as "JPY".
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
    rows = checked(table, "profit table", _PROFIT)
    title = look.word("profit_title")
    if rows.empty:
        return nothing(look, title)
    data = alt.Chart(inline(rows))
    name = look.word("profit", currency=shortened(currency, 12))
    x = alt.X("contacted:Q").title(look.word("capacity"))
    y, low = (alt.Y(field, type="quantitative").title(name) for field in ("profit", "low"))
    zero = alt.Chart(inline([{"y": 0.0}])).mark_rule(color=look.colour("muted"), strokeDash=[5, 4])
    money = ",.0f"
    tips = [
        alt.Tooltip("contacted:Q", title=look.word("capacity"), format=","),
        alt.Tooltip("churners:Q", title=look.word("churners"), format=",.1f"),
        alt.Tooltip("profit:Q", title=name, format=money),
        alt.Tooltip("low:Q", title=look.word("low"), format=money),
        alt.Tooltip("high:Q", title=look.word("high"), format=money),
    ]
    colour = look.colour("main")
    whole = layered(
        zero.encode(y=alt.Y("y:Q").title(name)),
        data.mark_area(color=colour, opacity=0.2).encode(x=x, y=low, y2="high"),
        data.mark_line(color=colour, strokeWidth=2).encode(x=x, y=y),
        data.mark_point(color=colour, filled=True, size=70, opacity=1.0).encode(x=x, y=y, tooltip=tips),
    )
    dressed = whole.properties(width=WIDTH, height=HEIGHT)
    return look.dress(dressed, title, look.word("profit_how"))


def _x(rows: pd.DataFrame, look: Look) -> alt.X:
    shares = sorted(set(rows["share"]))
    axis = alt.Axis(format="~%", values=shares, labelOverlap=True)
    scale = alt.Scale(domain=[0.0, 1.08 * shares[-1]], nice=False)
    return alt.X("share:Q", axis=axis, scale=scale).title(look.word("share_contacted"))


def _captured(rows: pd.DataFrame, look: Look) -> Layer:
    lines = [
        {
            "of": look.word(key),
            "share": line["share"],
            "customers": line["customers"],
            "value": line[name],
            "low": line[f"{name}_low"],
            "high": line[f"{name}_high"],
        }
        for name, key in BOUNDED.items()
        for line in rows.to_dict("records")
        if pd.notna(line[name])
    ]
    chance = [{"share": at, "value": at} for at in (0.0, float(rows["share"].max()))]
    domain = [look.word(key) for key in BOUNDED.values()]
    legend = alt.Legend(title=look.word("captured_of"), orient="bottom", direction="horizontal")
    colours = alt.Scale(domain=domain, range=look.series[:2])
    shapes = alt.Scale(domain=domain, range=["circle", "square"])
    x, y = _x(rows, look), alt.Y("value:Q", axis=alt.Axis(format="%")).title(look.word("captured"))
    where = {
        "x": x,
        "y": y,
        "color": alt.Color("of:N", scale=colours, legend=legend),
        "shape": alt.Shape("of:N", scale=shapes, legend=legend),
    }
    data = {name: alt.Chart(inline([one for one in lines if one["of"] == name])) for name in domain}
    guess = alt.Chart(inline(chance)).mark_line(color=look.colour("muted"), strokeDash=[5, 4])
    whole = layered(
        guess.encode(x=x, y=y),
        *(
            layer
            for at, name in enumerate(domain)
            for layer in _line(data[name], 6 * at - 3, where, look)
        ),
    )
    return whole.properties(width=PANEL, height=HEIGHT)


def _line(data: alt.Chart, place: int, where: Mapping[str, Any], look: Look) -> list[Layer]:
    """Draw one line with its intervals, a few pixels aside so that both can be seen at one share."""
    bare = {name: channel for name, channel in where.items() if name != "shape"}
    low = alt.Y("low:Q").title(look.word("captured"))
    return [
        data.mark_line(strokeWidth=2, xOffset=place).encode(**bare),
        data.mark_rule(strokeWidth=2, xOffset=place, x2Offset=place).encode(
            **(bare | {"y": low}), y2="high"
        ),
        data.mark_point(filled=True, size=80, opacity=1.0, xOffset=place).encode(
            **where, tooltip=_tips(look, "of", ".1%")
        ),
    ]


def _lift(rows: pd.DataFrame, look: Look) -> Layer:
    names = {"lift": "value", "lift_low": "low", "lift_high": "high"}
    told = rows[["share", "customers", *names]].rename(columns=names)
    data, x = alt.Chart(inline(told)), _x(rows, look)
    title, colour = look.word("lift"), look.colour("main")
    y, low = (
        alt.Y(field, type="quantitative", scale=alt.Scale(zero=True)).title(title)
        for field in ("value", "low")
    )
    chance = alt.Chart(inline([{"y": 1.0}])).mark_rule(color=look.colour("muted"), strokeDash=[5, 4])
    whole = layered(
        chance.encode(y=alt.Y("y:Q").title(title)),
        data.mark_line(color=colour, strokeWidth=2).encode(x=x, y=y),
        data.mark_rule(color=colour, strokeWidth=2).encode(x=x, y=low, y2="high"),
        data.mark_point(color=colour, filled=True, size=80, opacity=1.0).encode(
            x=x, y=y, tooltip=_tips(look, None, ".2f")
        ),
    )
    return whole.properties(width=PANEL, height=HEIGHT)


def _tips(look: Look, of: str | None, number: str) -> list[alt.Tooltip]:
    first = [alt.Tooltip(f"{of}:N", title=look.word("captured_of"))] if of else []
    return [
        *first,
        alt.Tooltip("share:Q", title=look.word("share_contacted"), format=".1%"),
        alt.Tooltip("customers:Q", title=look.word("customers"), format=","),
        alt.Tooltip("value:Q", title=look.word("value"), format=number),
        alt.Tooltip("low:Q", title=look.word("low"), format=number),
        alt.Tooltip("high:Q", title=look.word("high"), format=number),
    ]
