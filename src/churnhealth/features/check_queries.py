# Names come from our contracts or are quoted, values are written by `literal`.
# ruff: noqa: S608
"""The questions that the check asks the warehouse: counts and a few faulty rows, never whole tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from churnhealth.features.check_judged import contract_ctes
from churnhealth.features.check_sql import CheckedSource, RowFault, checked_cte
from churnhealth.features.check_types import text_date_counts
from churnhealth.features.sql_text import Cte, literal, quote, with_query

RelationSql = Callable[[str], str]
_ALWAYS, _STILL = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)  # noqa: DTZ001 - local, as in SQL


def text_forms_query(mine: str, relation: str, relation_sql: RelationSql) -> str:
    """Ask how the text dates of one column are written; see `check_types.text_form`."""
    counts = [f"{sql} AS {name}" for name, sql in text_date_counts(quote(mine)).items()]
    return f"SELECT {', '.join(counts)} FROM {relation_sql(relation)}"


def counts_query(checked: CheckedSource, faults: Sequence[RowFault], judged: Sequence[Cte]) -> str:
    """Count rows, every fault, bad rows, and how many rows have each column filled."""
    counts = ["COUNT(*) AS total", "COALESCE(SUM(bad), 0) AS bad"]
    counts += [f"COALESCE(SUM(f{number}), 0) AS f{number}" for number in range(len(faults))]
    counts += [f"COUNT({one.name}) AS filled_{one.name}" for one in checked.columns()]
    select = f"SELECT {', '.join(counts)} FROM judged_{checked.source.table}"
    return with_query(judged, select)


def repeats_query(checked: CheckedSource, judged: Sequence[Cte]) -> str:
    """Count rows that repeat a key, and those of them that are not bad for another reason.

    One row of each key is kept, a good one where there is one.
    """
    keys = ", ".join(checked.key_columns() or ())
    grouped = (
        f"SELECT COUNT(*) AS n, SUM(bad) AS b FROM judged_{checked.source.table} "
        f"GROUP BY {keys} HAVING COUNT(*) > 1"
    )
    select = (
        "SELECT COALESCE(SUM(n - 1), 0) AS repeats, "
        "COALESCE(SUM(CASE WHEN b < n THEN n - 1 - b ELSE 0 END), 0) AS more_bad FROM repeated"
    )
    return with_query([*judged, ("repeated", grouped)], select)


def bad_rows_query(
    checked: CheckedSource, faults: Sequence[RowFault], judged: Sequence[Cte], most: int
) -> str:
    """Fetch some bad rows as the user's columns, with their faults."""
    flags = [f"f{number}" for number, fault in enumerate(faults) if fault.rejects]
    columns = ", ".join([*(checked.raw_name(mine) for mine in checked.raw), *flags])
    table = f"judged_{checked.source.table}"
    return with_query(judged, f"SELECT {columns} FROM {table} WHERE bad = 1 LIMIT {int(most)}")


def repeated_rows_query(checked: CheckedSource, judged: Sequence[Cte], most: int) -> str:
    """Fetch some rows that repeat a key and are bad for no other reason."""
    keys = checked.key_columns() or []
    text = " || '|' || ".join(f"COALESCE(CAST({name} AS VARCHAR), '-')" for name in keys)
    table = f"judged_{checked.source.table}"
    repeated = (
        f"SELECT {text} AS repeated_key FROM {table} GROUP BY {text} "
        f"HAVING COUNT(*) > 1 ORDER BY 1 LIMIT {int(most)}"
    )
    numbered = (
        f"SELECT t.*, ROW_NUMBER() OVER (PARTITION BY {', '.join(f't.{one}' for one in keys)} "
        f"ORDER BY t.bad) AS place FROM {table} AS t JOIN repeated ON repeated_key = {text}"
    )
    raw = ", ".join(checked.raw_name(mine) for mine in checked.raw)
    ctes = [*judged, ("repeated", repeated), ("numbered", numbered)]
    select = f"SELECT {raw} FROM numbered WHERE place > 1 AND bad = 0 LIMIT {int(most)}"
    return with_query(ctes, select)


def overlaps_query(checked: CheckedSource, subject: str, relation_sql: RelationSql) -> str:
    """Count versions [valid_from, valid_to) that begin while an earlier one of the same subject holds.

    An empty valid_from holds since always, an empty valid_to still. Versions that begin together are
    repeated keys, which `repeats_query` counts, and stand for one here.
    """
    begin = f"COALESCE(valid_from, {literal(_ALWAYS)})"
    spans = (
        f"SELECT {subject} AS subject, {begin} AS begin_at, "
        f"MAX(COALESCE(valid_to, {literal(_STILL)})) AS stop_at FROM {checked.part} "
        f"WHERE {subject} IS NOT NULL AND (valid_to IS NULL OR valid_to > {begin}) "
        f"GROUP BY {subject}, {begin}"
    )
    marked = (
        "SELECT CASE WHEN begin_at < MAX(stop_at) OVER (PARTITION BY subject ORDER BY begin_at "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 1 ELSE 0 END AS inside "
        "FROM version_spans"
    )
    ctes = [checked_cte(checked, relation_sql), ("version_spans", spans), ("version_marks", marked)]
    return with_query(ctes, "SELECT COALESCE(SUM(inside), 0) AS inside FROM version_marks")


def months_query(
    checked: CheckedSource, time: str, limit: dt.datetime, relation_sql: RelationSql
) -> str:
    """Count rows and customers per month of a date or time of the source, up to the end of the data."""
    month = f"CAST(DATE_TRUNC('month', {time}) AS DATE)"
    select = (
        f"SELECT {month} AS month, COUNT(*) AS total, COUNT(DISTINCT customer_id) AS customers "
        f"FROM {checked.part} WHERE {time} < {literal(limit)} GROUP BY {month} ORDER BY 1"
    )
    return with_query([checked_cte(checked, relation_sql)], select)


def currencies_query(subscriptions: CheckedSource, relation_sql: RelationSql) -> str:
    """Count rows per currency."""
    select = (
        f"SELECT currency, COUNT(*) AS total FROM {subscriptions.part} "
        "WHERE currency IS NOT NULL GROUP BY currency ORDER BY 2 DESC, 1 LIMIT 20"
    )
    return with_query([checked_cte(subscriptions, relation_sql)], select)


def contradictions_query(
    customers: CheckedSource,
    subscriptions: CheckedSource,
    limit: dt.datetime,
    relation_sql: RelationSql,
) -> str:
    """Count customers whose own flag, or churn date, contradicts their contracts at the end of the data.

    Columns: flagged_in_force, not_flagged_over, dated_in_force.
    """
    day = literal(limit.date())
    flag = "churned_flag" if customers.churned else "CAST(NULL AS BOOLEAN)"
    date = "churned_on" if customers.source.has("churned_on") else "CAST(NULL AS DATE)"
    state = (
        "SELECT customer_id, MAX(CASE WHEN stop_day >= "
        f"{day} AND first_day < {day} THEN 1 ELSE 0 END) AS open_now FROM in_force GROUP BY customer_id"
    )
    told = (
        f"SELECT t.customer_id, MAX(CASE WHEN {flag} THEN 1 WHEN NOT {flag} THEN 0 END) AS flagged, "
        f"MAX({date}) AS churn_day FROM {customers.part} AS t GROUP BY t.customer_id"
    )
    cases = {
        "flagged_in_force": "flagged = 1 AND open_now = 1",
        "not_flagged_over": "flagged = 0 AND open_now = 0",
        "dated_in_force": f"churn_day < {day} AND open_now = 1",
    }
    counts = [
        f"COALESCE(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END), 0) AS {name}"
        for name, condition in cases.items()
    ]
    ctes = [
        checked_cte(customers, relation_sql),
        *contract_ctes(subscriptions, relation_sql, 0),
        ("state", state),
        ("told", told),
    ]
    select = f"SELECT {', '.join(counts)} FROM told JOIN state ON state.customer_id = told.customer_id"
    return with_query(ctes, select)
