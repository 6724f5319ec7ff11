"""Labels as SQL: each (customer, cutoff) pair at risk, did the customer churn within the horizon?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte, quote_dotted, with_query
from churnhealth.labels.at_risk_sql import at_risk_ctes
from churnhealth.labels.cutoffs import require_within_data
from churnhealth.labels.rule_column import column_outcomes
from churnhealth.labels.rule_contract_end import contract_end_outcomes
from churnhealth.labels.rule_inactivity import inactivity_outcomes
from churnhealth.labels.rule_mrr import mrr_outcomes
from churnhealth.labels.rule_renewal import renewal_outcomes
from churnhealth.labels.windows import LabelWindow, label_windows, windows_cte

# What became of a customer at risk -> its label; None is NA.
STATUSES: dict[str, int | None] = {
    "churned": 1,
    "contracted": 1,
    "expanded": 1,
    "involuntary": 1,
    "stayed": 0,
    "in_gap": 0,
    "censored": None,
    "not_due": None,
    "ended_before": None,
    "no_mrr": None,
    "mixed_currency": None,
}


def label_ctes(
    history: History,
    problem: ChurnProblem,
    cutoffs: Iterable[dt.date],
    data_end: Any,
    *,
    relation_sql: Callable[[str], str] = quote_dotted,
    indicators: Sequence[DeclaredIndicator] = BUILT_IN,
) -> list[Cte]:
    """Return the parts of a query that end in `labels`.

    `labels` has one row per row of `at_risk`: customer_id, cutoff (local midnight without a zone),
    churned (1, 0, or empty), label_known_at (local, without a zone) and status:

    - 1: `churned` (`contracted`, `expanded` by rule); `involuntary` where the reason says that the
      customer did not choose, which is 0 with `voluntary_only`;
    - 0: `stayed`; `in_gap`: it happened within the gap, whose days do not count;
    - empty: `censored` (label_known_at lies after the end of the data), `not_due` (no renewal date in
      the horizon), `ended_before` (the end was told only after the cutoff, but lay on or before it),
      `no_mrr` (MRR 0 or not known), `mixed_currency`.

    Only what was recorded before label_known_at counts, so a label never changes once it is known.

    Parameters
    ----------
    history : History
        The sources.
    problem : ChurnProblem
        The rule.
    cutoffs : iterable of datetime.date
        Local dates.
    data_end : date or Timestamp
        Nothing is known at or after it; a date means its local midnight.
    relation_sql : callable
        How a relation stands after FROM.
    indicators : sequence of DeclaredIndicator
        What a cohort may be told by.

    Raises
    ------
    LeakageError
        A cutoff lies after the end of the data.
    SchemaError, ConfigError
        As `at_risk_ctes`.
    """
    days = list(cutoffs)
    require_within_data(days, data_end, problem)
    windows = label_windows(problem, days, data_end)
    return [
        *at_risk_ctes(history, problem, days, relation_sql=relation_sql, indicators=indicators),
        windows_cte(windows),
        *_outcomes(history, problem, windows),
        ("statuses", _STATUSES_SELECT),
        ("labels", _labels(problem)),
    ]


def label_sql(
    history: History,
    problem: ChurnProblem,
    cutoffs: Iterable[dt.date],
    data_end: Any,
    *,
    relation_sql: Callable[[str], str] = quote_dotted,
    indicators: Sequence[DeclaredIndicator] = BUILT_IN,
) -> str:
    """Return one SELECT of all labels by cutoff and customer; see `label_ctes`."""
    parts = label_ctes(
        history, problem, cutoffs, data_end, relation_sql=relation_sql, indicators=indicators
    )
    return with_query(
        parts,
        "SELECT customer_id, cutoff, churned, label_known_at, status\n"
        "FROM labels\nORDER BY cutoff, customer_id",
    )


def _outcomes(history: History, problem: ChurnProblem, windows: tuple[LabelWindow, ...]) -> list[Cte]:
    if problem.rule == "contract_end":
        return contract_end_outcomes(history, problem)
    if problem.rule == "renewal":
        return renewal_outcomes(history, problem)
    if problem.rule == "inactivity":
        return inactivity_outcomes(problem, windows)
    if problem.rule == "column":
        return column_outcomes(history, problem)
    return mrr_outcomes(history, problem, windows)


# Whether a renewal is due is known at the cutoff; everything else only when the label is.
_STATUSES_SELECT = (
    "SELECT r.customer_id, r.cutoff, w.known_at,\n"
    "  CASE\n"
    "    WHEN o.outcome = 'not_due' THEN 'not_due'\n"
    "    WHEN w.censored = 1 THEN 'censored'\n"
    "    ELSE o.outcome\n"
    "  END AS status\n"
    "FROM at_risk AS r\n"
    "INNER JOIN label_windows AS w ON w.cutoff = r.cutoff\n"
    "LEFT JOIN outcomes AS o ON o.cutoff = r.cutoff AND o.customer_id = r.customer_id"
)


def _labels(problem: ChurnProblem) -> str:
    values = {**STATUSES, "involuntary": 0 if problem.voluntary_only else 1}
    ones, zeros = (
        ", ".join(f"'{name}'" for name, value in values.items() if value == wanted) for wanted in (1, 0)
    )
    return (
        "SELECT customer_id, cutoff,\n"
        f"  CASE WHEN status IN ({ones}) THEN 1 WHEN status IN ({zeros}) THEN 0 END AS churned,\n"
        "  known_at AS label_known_at, status\n"
        "FROM statuses"
    )
