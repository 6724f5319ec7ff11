"""The rules `contraction` and `expansion`: MRR down, or up, by a share of what it was at the cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte, SqlValue, literal, midnight, values_select
from churnhealth.labels.contract_sql import moment_contracts
from churnhealth.labels.windows import LabelWindow

# Sums of money are compared with a little room, so that 90 less 30 percent is 63.
_ROOM = 1e-9


def mrr_outcomes(history: History, problem: ChurnProblem, windows: Iterable[LabelWindow]) -> list[Cte]:
    """Return the parts that end in `outcomes(customer_id, cutoff, outcome)`.

    The MRR of a day is the sum over the contracts in force at its end. It is compared with the MRR at
    the cutoff on the last day of the horizon and, so that a late successor or a short test does not
    count, `grace_days` after it. What had happened by the end of the gap does not count.
    """
    changed = _changed(problem)
    base = _sums(history, "known_contracts", "k.cutoff", "CAST(k.cutoff AS DATE)")
    sums = _sums(history, "moment_contracts", "k.cutoff, k.moment", "k.day")
    wide = (
        "SELECT r.customer_id, r.cutoff, b.mrr AS base, b.unknown AS base_unknown,\n"
        + ",\n".join(
            f"  COALESCE(MAX(CASE WHEN s.moment = '{one}' THEN s.mrr END), 0) AS {one}_mrr"
            for one in ("gap", "last", "grace")
        )
        + ",\n  COALESCE(MAX(s.unknown), 0) AS unknown,\n"
        "  MIN(b.low_currency) AS low_base, MAX(b.high_currency) AS high_base,\n"
        "  MIN(s.low_currency) AS low_later, MAX(s.high_currency) AS high_later\n"
        "FROM at_risk AS r\n"
        "LEFT JOIN base_mrr AS b ON b.cutoff = r.cutoff AND b.customer_id = r.customer_id\n"
        "LEFT JOIN moment_mrr AS s ON s.cutoff = r.cutoff AND s.customer_id = r.customer_id\n"
        "GROUP BY r.customer_id, r.cutoff, b.mrr, b.unknown"
    )
    word = "contracted" if problem.rule == "contraction" else "expanded"
    in_gap = f"\n    WHEN {changed.format('gap')} THEN 'in_gap'" if problem.gap_days else ""
    outcomes = (
        "SELECT customer_id, cutoff,\n"
        "  CASE\n"
        "    WHEN base IS NULL OR base <= 0 OR base_unknown = 1 OR unknown = 1 THEN 'no_mrr'\n"
        "    WHEN low_base <> high_base OR low_later <> high_later OR low_base <> low_later\n"
        "      THEN 'mixed_currency'\n"
        f"    WHEN NOT ({changed.format('last')} AND {changed.format('grace')}) THEN 'stayed'{in_gap}\n"
        f"    ELSE '{word}'\n"
        "  END AS outcome\n"
        "FROM mrr_levels"
    )
    return [
        ("moments", _moments(problem, windows)),
        moment_contracts(history),
        ("base_mrr", base),
        ("moment_mrr", sums),
        ("mrr_levels", wide),
        ("outcomes", outcomes),
    ]


def _changed(problem: ChurnProblem) -> str:
    """Return the condition that an MRR (its moment in braces) is down, or up, by the share."""
    share = problem.share or 0.0
    if problem.rule == "contraction":
        return f"{{}}_mrr <= base * {literal(1.0 - share + _ROOM)}"
    return f"{{}}_mrr >= base * {literal(1.0 + share - _ROOM)}"


def _sums(history: History, contracts: str, keys: str, day: str) -> str:
    low, high = "CAST(NULL AS VARCHAR)", "CAST(NULL AS VARCHAR)"
    if history.has("subscriptions", "currency"):
        low, high = "MIN(k.currency)", "MAX(k.currency)"
    return (
        f"SELECT {keys}, k.customer_id, SUM(k.mrr) AS mrr,\n"
        "  MAX(CASE WHEN k.mrr IS NULL THEN 1 ELSE 0 END) AS unknown,\n"
        f"  {low} AS low_currency, {high} AS high_currency\n"
        f"FROM {contracts} AS k\n"
        f"WHERE k.start_date <= {day} AND (k.end_date IS NULL OR k.end_date > {day})\n"
        f"GROUP BY {keys}, k.customer_id"
    )


def _moments(problem: ChurnProblem, windows: Iterable[LabelWindow]) -> str:
    grace = dt.timedelta(days=problem.grace_days)
    rows: list[list[SqlValue]] = []
    for one in windows:
        days = {"gap": one.gap_day, "last": one.last_day, "grace": one.last_day + grace}
        for moment, day in days.items():
            after = midnight(day + dt.timedelta(days=1))
            rows.append(
                [midnight(one.cutoff), moment, day, after, midnight(one.known_day), int(one.censored)]
            )
    columns = ["cutoff", "moment", "day", "until", "known_at", "censored"]
    return values_select(columns, rows)
