"""One customer's card: score, rank, change, sub-scores, and what goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.table import Table
from rich.text import Text

from churnhealth.cli.printing import console, new_table, plain_text, print_json, print_lines
from churnhealth.cli.show import BAND_STYLES
from churnhealth.cli.show_explained import change_words, moved, remarks, signed, would_help
from churnhealth.domain.health import BAND_LABELS
from churnhealth.domain.indicators import Catalogue
from churnhealth.domain.units import CLOSE, COLON, OPEN, date_text, percent_text, with_unit
from churnhealth.explain.explanation import ALL_OTHERS
from churnhealth.jobs.cards import CustomerCard
from churnhealth.jobs.explain_customer import ExplainedCustomer
from churnhealth.jobs.wiring import Workplace

BAR = 10


def card(workplace: Workplace, told: ExplainedCustomer, language: str, *, as_json: bool) -> None:
    """Show one customer's score, what it is made of, why it moved, and what would help.

    Parameters
    ----------
    workplace : Workplace
        Words for groups, and the time zone of dates.
    told : ExplainedCustomer
        As published, and what was worked out beside it.
    language : {"en", "ja"}
    as_json : bool
        Print one JSON document, in both languages.
    """
    if as_json:
        print_json(told.to_dict())
        return
    one, customer = told.card, told.card.customer
    name = str(customer["customer_id"]).replace("\n", "\\n")
    print_lines(f"{name}   {_day(workplace, customer['cutoff'], language)}")
    console.print(_head(one, language))
    print_lines(*_money(customer, language), *_notes(workplace, told, language))
    console.print(_groups(one, workplace.catalogue, language))
    console.print(_drivers(one, language))
    if told.change is not None:
        console.print(moved(told.change, language))
    helping = None if told.would_help is None else would_help(told.would_help, language)
    if helping is not None:
        console.print(helping)
    print_lines(*remarks(told, language))


def _head(one: CustomerCard, language: str) -> Text:
    customer, band = one.customer, str(one.customer["health_band"])
    chance = percent_text(float(customer["churn_probability"]), language)
    rank, of = int(customer["risk_rank"]), one.customers
    if language == "ja":
        names, tail = "健全度", f"  解約確率 {chance}  リスク順位 {rank:,}位{OPEN}{of:,}件中{CLOSE}"
    else:
        names, tail = "health", f"  P(churn) {chance}  risk rank {rank:,} of {of:,}"
    score = f" {customer['health_score']:.1f}  "
    return Text.assemble((names, "bold"), score, (BAND_LABELS[language][band], BAND_STYLES[band]), tail)


def _money(customer: dict[str, Any], language: str) -> list[str]:
    """Say how much recurring revenue is at risk, where it is known: MRR times churn probability."""
    if pd.isna(customer["mrr_at_risk"]):
        return []
    currency = customer["currency"]
    unit = "currency/month" if pd.isna(currency) else f"{currency}/month"
    money = with_unit(float(customer["mrr_at_risk"]), unit, language)
    return [f"解約リスクのあるMRR{COLON}{money}" if language == "ja" else f"MRR at risk: {money}"]


def _notes(workplace: Workplace, told: ExplainedCustomer, language: str) -> list[str]:
    notes, customer = [], told.card.customer
    parts = change_words(told.change, language)
    change = customer["health_score_change"]
    if not pd.isna(change):
        before = _day(workplace, customer["previous_cutoff"], language)
        old, shift = f"{customer['previous_health_score']:.1f}", signed(float(change))
        if language == "ja":
            notes.append(f"前回{OPEN}{before}{CLOSE}の{old}から {shift}点{parts}")
        else:
            notes.append(f"{shift} points since {before}, when it was {old}{parts}")
    if customer["is_stale"]:
        notes.append(
            "最新の基準日には対象外でした。以前のスコアです。"
            if language == "ja"
            else "Not among the customers scored last: this is an older score."
        )
    return notes


def _groups(one: CustomerCard, catalogue: Catalogue, language: str) -> Table:
    """Set the groups that lower the score most first; a bar shows the sub-score out of 100."""
    names = ["group", "points", "sub-score"] if language == "en" else ["区分", "点数", "区分別健全度"]
    table = new_table(None, names)
    for row in one.groups.sort_values("points", kind="stable").to_dict("records"):
        label = catalogue.group_label(str(row["indicator_group"]), language)
        score = row["sub_score"]
        bar = "" if pd.isna(score) else f"{_bar(float(score))} {score:.1f}"
        table.add_row(plain_text(label), signed(float(row["points"])), bar)
    return table


def _drivers(one: CustomerCard, language: str) -> Table:
    """List what lowers and what raises the score, the strongest first; with the base all adds up."""
    drivers, base = one.drivers, float(one.customer["base_points"])
    others = drivers["indicator"] == ALL_OTHERS
    down, up = (~others & (drivers["direction"] == way) for way in ("lowers", "raises"))
    if language == "ja":
        title, heads, start = "スコアの内訳", ("▼ 下げる要素", "▲ 上げる要素"), f"基準 {base:.1f}点"
    else:
        title = "what goes with the score"
        heads, start = ("▼ lower", "▲ higher"), f"Base: {base:.1f} points"
    table = new_table(None, [title])
    for head, chosen in zip(heads, (down, up), strict=True):
        _section(table, head, drivers.loc[chosen, f"reason_{language}"].tolist())
    _section(table, "", [start, *drivers.loc[others, f"reason_{language}"]])
    return table


def _section(table: Table, head: str, reasons: Sequence[str]) -> None:
    if head and reasons:
        table.add_row(Text(head, "bold"))
    for reason in reasons:
        table.add_row(plain_text(f"  {reason}" if head else reason))


def _bar(score: float) -> str:
    """Draw a score out of 100 in ten cells.

    Examples
    --------
    >>> _bar(72.0)
    '███████░░░'
    """
    full = min(BAR, max(0, round(score / 100.0 * BAR)))
    return "█" * full + "░" * (BAR - full)


def _day(workplace: Workplace, moment: Any, language: str) -> str:
    return date_text(moment.astimezone(workplace.settings.problem.zone).date(), language)
