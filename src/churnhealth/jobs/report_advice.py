"""What the report's cards say beyond the published reasons: what would help, and since which day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import pandas as pd

from churnhealth.errors import ChurnHealthError
from churnhealth.explain.explanation import ALL_OTHERS
from churnhealth.jobs.card_day import CardDay, card_days
from churnhealth.jobs.card_help import help_lines
from churnhealth.jobs.report_slice import ScoredSlice
from churnhealth.jobs.score import scoring_model
from churnhealth.jobs.stored_rows import as_levels, stored_rows
from churnhealth.jobs.wiring import Workplace

# The day of change is looked for where somebody will act; each takes a thousand shuffles.
MOST_DAYS = 50
Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class Advice:
    """What is worked out of the stored rows for the customers of the page.

    Parameters
    ----------
    lines : DataFrame
        As `what_would_help` gives it; at most three rows per customer.
    days : dict of str to CardDay
        Of the first fifty yellow and red customers, where there is a clear day.
    problems : tuple of str
        What could not be worked out, and why.
    """

    lines: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["customer_id"]))
    days: dict[str, CardDay] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def report_advice(
    workplace: Workplace, scored: ScoredSlice, chosen: pd.DataFrame, *, with_model: bool = True
) -> Advice:
    """Work out what would help the chosen customers, and since when those most in need changed.

    Like the card of `churnhealth explain`, it asks the model that scored; a part that cannot be worked
    out is left out and named.

    Parameters
    ----------
    workplace : Workplace
    scored : ScoredSlice
    chosen : DataFrame
        The customers that the page holds, by need; those without a new score are left out.
    with_model : bool
        False: the model that scored is known to be gone, so nobody is told what would help.
    """
    key = scored.slice
    if key is None:
        return Advice()
    fresh = chosen[~chosen["is_stale"].astype(bool)]
    none, problems = Advice(), []

    def attempt(work: Callable[[], Found], otherwise: Found) -> Found:
        try:
            return work()
        except ChurnHealthError as error:
            problems.append(str(error))
            return otherwise

    ids = fresh["customer_id"].tolist()
    needy = fresh.loc[fresh["health_band"] != "green", "customer_id"].head(MOST_DAYS).tolist()
    lines = none.lines
    if with_model:
        lines = attempt(lambda: _help(workplace, scored, key, ids), lines)
    days = attempt(lambda: _days(workplace, key, needy), none.days)
    return Advice(lines, days, tuple(problems))


def _help(
    workplace: Workplace, scored: ScoredSlice, key: tuple[datetime, str], ids: Sequence[str]
) -> pd.DataFrame:
    model = scoring_model(workplace.registry, key[1])
    specs = model.model_.columns
    rows = as_levels(scored.indicators, specs)
    beyond = [one for one in ids if one not in rows.index]
    if beyond:
        stored = workplace.warehouse.indicators_of(*key, beyond)
        rows = as_levels(pd.concat([scored.indicators, stored_rows(stored, specs)]), specs)
    known = [one for one in ids if one in rows.index]
    return help_lines(workplace.settings, model, rows, known)[0]


def _days(workplace: Workplace, key: tuple[datetime, str], ids: Sequence[str]) -> dict[str, CardDay]:
    if not workplace.settings.is_history or not ids:
        return {}
    drivers = workplace.warehouse.drivers_of(*key, ids, workplace.settings.scoring.drivers + 1)
    named = drivers[drivers["indicator"] != ALL_OTHERS]
    by_customer = {str(one): list(names) for one, names in named.groupby("customer_id")["indicator"]}
    day = key[0].astimezone(workplace.settings.problem.zone).date()
    return card_days(workplace, day, by_customer)
