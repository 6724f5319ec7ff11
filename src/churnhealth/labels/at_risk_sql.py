"""Who is at risk at each cutoff, as SQL: the active customers, by what was known strictly before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from churnhealth.domain.catalogue import BUILT_IN, DeclaredIndicator
from churnhealth.domain.history import HISTORY
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError, SchemaError, listed
from churnhealth.features.source_sql import source_ctes
from churnhealth.features.sql_text import (
    Cte,
    cutoffs_cte,
    local_date,
    midnight,
    quote_dotted,
    values_select,
)
from churnhealth.labels.cohort_sql import within_cohort
from churnhealth.labels.contract_sql import known_contracts
from churnhealth.labels.rule_column import churn_dates
from churnhealth.labels.rule_inactivity import use_days

# What each rule reads: table and the columns that it cannot do without.
_NEEDS: dict[str, dict[str, tuple[str, ...]]] = {
    "contract_end": {"subscriptions": ()},
    "renewal": {"subscriptions": ("renewal_date", "valid_from")},
    "contraction": {"subscriptions": ("mrr", "valid_from")},
    "expansion": {"subscriptions": ("mrr", "valid_from")},
    "inactivity": {"usage_events": ()},
    "column": {"customers": ()},
}


def at_risk_ctes(
    history: History,
    problem: ChurnProblem,
    cutoffs: Iterable[dt.date],
    *,
    relation_sql: Callable[[str], str] = quote_dotted,
    indicators: Sequence[DeclaredIndicator] = BUILT_IN,
) -> list[Cte]:
    """Return the parts of a query that end in `at_risk(customer_id, cutoff)`.

    - Rules on contracts: a contract is in force on the day of the cutoff, and one was on the day
      before; so a customer that has just signed, or signs again after a lapse, is not yet at risk, and
      one that changes its plan on that day is. An end counts where it was announced before the
      cutoff; an end without a date of announcement is taken as known.
    - `inactivity`: used at least once on the `active_days` (where they are not given, the
      `silent_days`) days before the cutoff.
    - `column` with churn dates: a customer whose churn date is not before the cutoff.

    Where the table `customers` is there, a customer must stand in it, recorded before the cutoff. Of
    these the cohort of the problem is kept, see `labels.cohort_sql.within_cohort`.

    Parameters
    ----------
    history : History
        The sources.
    problem : ChurnProblem
        The rule.
    cutoffs : iterable of datetime.date
        Local dates.
    relation_sql : callable
        How a relation stands after FROM.
    indicators : sequence of DeclaredIndicator
        What a cohort may be told by, besides the segments.

    Returns
    -------
    list of (name, SELECT)
        With the sources (`src_...`) and `cutoffs(cutoff)`.

    Raises
    ------
    SchemaError
        The history lacks what the rule reads.
    ConfigError
        The cohort cannot be told from this history.
    """
    days = sorted({local_date(one) for one in cutoffs})
    require_history(history, problem)
    tables = [name for name in ("customers", "subscriptions", "usage_events") if name in history.sources]
    used = [name for name in tables if name == "customers" or name in _NEEDS[problem.rule]]
    parts = [*source_ctes(history, *used, relation_sql=relation_sql), cutoffs_cte(days)]
    if "customers" in used and problem.rule != "column":
        parts.append(_known_customers(history))
    return within_cohort(
        [*parts, *_everybody(history, problem, days)],
        history,
        problem.cohort_filter,
        problem.segments,
        indicators,
        days,
        relation_sql=relation_sql,
    )


def _everybody(history: History, problem: ChurnProblem, days: list[dt.date]) -> list[Cte]:
    if problem.rule == "inactivity":
        return [use_days(history), *_active(history, problem, days)]
    if problem.rule == "column":
        return _not_churned(history, problem)
    return [known_contracts(history), ("at_risk", _in_force(history))]


def require_history(history: History, problem: ChurnProblem) -> None:
    """Raise where zones differ (`ConfigError`), or a history lacks what a rule reads (`SchemaError`)."""
    if history.timezone != problem.timezone:
        raise ConfigError(
            f"history: expected the time zone of the problem, {problem.timezone!r}, got "
            f"{history.timezone!r}"
        )
    if problem.rule == "column" and problem.churn_column is None:
        raise ConfigError(
            "problem.churn_column: the rule 'column' on history tables needs the column of 'customers' "
            "with churn dates; a ready label belongs to a panel"
        )
    faults = list(_history_faults(history, problem))
    if faults:
        raise SchemaError("history", faults)


def _history_faults(history: History, problem: ChurnProblem) -> Iterable[str]:
    rule = problem.rule
    for table, more in _NEEDS[rule].items():
        contract = HISTORY[table]
        needed = [*(one.name for one in contract.columns if one.obligatory), *more]
        if problem.churn_column is not None:
            needed.append(problem.churn_column)
        if problem.involuntary_reasons:
            needed.append("end_reason")
        if table not in history.sources:
            yield f"the rule {rule!r} reads the table {table!r}, got {listed(history.sources)}"
            continue
        missing = [name for name in needed if not history.has(table, name)]
        hint = (
            "; where a row is never overwritten, name the column with its first insertion as valid_from"
            if "valid_from" in missing
            else ""
        )
        if missing:
            yield f"the rule {rule!r} reads {listed(missing)} of {table!r}, which the source lacks{hint}"


def _customer_known(history: History) -> str:
    """Return the condition, on the alias k, that the customer is in `customers`; '' without it."""
    if "customers" not in history.sources:
        return ""
    return (
        "EXISTS (SELECT 1 FROM known_customers AS c "
        "WHERE c.cutoff = k.cutoff AND c.customer_id = k.customer_id)"
    )


def _known_customers(history: History) -> Cte:
    known = ""
    if history.has("customers", "recorded_at"):
        known = "(s.recorded_at IS NULL OR s.recorded_at < m.cutoff)"
    return "known_customers", (
        "SELECT DISTINCT m.cutoff, s.customer_id\n"
        f"FROM cutoffs AS m\nCROSS JOIN src_customers AS s{_where([known])}"
    )


def _in_force(history: History) -> str:
    day = "CAST(k.cutoff AS DATE)"
    today = f"k.start_date <= {day} AND (k.end_date IS NULL OR k.end_date > {day})"
    before = f"k.start_date < {day} AND (k.end_date IS NULL OR k.end_date >= {day})"
    return (
        "SELECT k.customer_id, k.cutoff\n"
        f"FROM known_contracts AS k{_where([_customer_known(history)])}\n"
        "GROUP BY k.customer_id, k.cutoff\n"
        f"HAVING MAX(CASE WHEN {today} THEN 1 ELSE 0 END) = 1\n"
        f"  AND MAX(CASE WHEN {before} THEN 1 ELSE 0 END) = 1"
    )


def _active(history: History, problem: ChurnProblem, days: list[dt.date]) -> list[Cte]:
    active = dt.timedelta(days=problem.active_days or problem.silent_days or 0)
    rows = [[midnight(one), one - active, one] for one in days]
    used = (
        "SELECT m.cutoff, u.customer_id\nFROM activity_windows AS m\n"
        "INNER JOIN use_days AS u\n"
        "  ON u.day >= m.since_day AND u.day < m.cutoff_day AND u.known_from < m.cutoff\n"
        "GROUP BY m.cutoff, u.customer_id"
    )
    return [
        ("activity_windows", values_select(["cutoff", "since_day", "cutoff_day"], rows)),
        ("active", used),
        (
            "at_risk",
            f"SELECT k.customer_id, k.cutoff\nFROM active AS k{_where([_customer_known(history)])}",
        ),
    ]


def _not_churned(history: History, problem: ChurnProblem) -> list[Cte]:
    day = "CAST(k.cutoff AS DATE)"
    conditions = [f"(k.churn_date IS NULL OR k.churn_date >= {day})"]
    if history.has("customers", "created_at"):
        conditions.append("(k.created_at IS NULL OR k.created_at < k.cutoff)")
    dates = churn_dates(history, problem, "known_churn_dates", "cutoffs", "cutoff")
    select = f"SELECT k.customer_id, k.cutoff\nFROM known_churn_dates AS k{_where(conditions)}"
    return [dates, ("at_risk", select)]


def _where(conditions: Iterable[str]) -> str:
    kept = [one for one in conditions if one]
    return f"\nWHERE {' AND '.join(kept)}" if kept else ""
