# Names come from our contracts or are quoted, values are written by `literal`.
# ruff: noqa: S608
"""SQL that looks up a row's customer and contract, and judges the row by all of its possible faults."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from churnhealth.features.check_sql import CheckedSource, RowFault, checked_cte
from churnhealth.features.sql_text import Cte, literal

FOREVER = dt.date(9999, 12, 31)


def judged_ctes(
    checked: CheckedSource,
    faults: Sequence[RowFault],
    others: Mapping[str, CheckedSource],
    relation_sql: Callable[[str], str],
    grace_days: int,
) -> list[Cte]:
    """Return the parts up to `judged_<table>`: the row, f0, f1, ... as 1 or 0, and `bad`.

    Parameters
    ----------
    checked : CheckedSource
        The source.
    faults : sequence of RowFault
        From `row_faults`.
    others : mapping of str to CheckedSource
        All sources by table; customers and subscriptions are looked things up in.
    relation_sql : callable
        How a relation stands after FROM.
    grace_days : int
        Days after the end of a contract in which its use is not outside.
    """
    ctes, joins = [checked_cte(checked, relation_sql)], ""
    kinds = {fault.check for fault in faults}
    if kinds & {"orphan", "outside"}:
        ctes += _known_ctes(others["customers"], relation_sql)
        joins += "\nLEFT JOIN known ON known.known_id = t.customer_id"
    if "outside" in kinds:
        ctes += contract_ctes(others["subscriptions"], relation_sql, grace_days)
        day = "CAST(t.occurred_at AS DATE)"
        joins += (
            "\nLEFT JOIN in_force AS inside ON inside.customer_id = t.customer_id "
            f"AND inside.first_day <= {day} AND inside.stop_day > {day}"
        )
    flags = [f"CASE WHEN {fault.condition} THEN 1 ELSE 0 END AS f{n}" for n, fault in enumerate(faults)]
    rejecting = [f"({fault.condition})" for fault in faults if fault.rejects] or ["FALSE"]
    bad = f"CASE WHEN {' OR '.join(rejecting)} THEN 1 ELSE 0 END AS bad"
    select = ",\n  ".join(["t.*", *flags, bad])
    judged = f"SELECT\n  {select}\nFROM {checked.part} AS t{joins}"
    return [*ctes, (f"judged_{checked.source.table}", judged)]


def _known_ctes(customers: CheckedSource, relation_sql: Callable[[str], str]) -> list[Cte]:
    known = (
        f"SELECT DISTINCT customer_id AS known_id FROM {customers.part} WHERE customer_id IS NOT NULL"
    )
    return [checked_cte(customers, relation_sql), ("known", known)]


def contract_ctes(
    subscriptions: CheckedSource, relation_sql: Callable[[str], str], grace_days: int
) -> list[Cte]:
    """Return parts up to `in_force(customer_id, first_day, stop_day)`: days under contract, no overlaps.

    The newest version of a contract counts; `stop_day` is the first day no longer covered, `grace_days`
    after the end.
    """
    own = "subscription_id" if subscriptions.source.has("subscription_id") else "customer_id, start_date"
    newest = (
        f"ROW_NUMBER() OVER (PARTITION BY {own} ORDER BY valid_from DESC NULLS LAST)"
        if subscriptions.source.has("valid_from")
        else "1"
    )
    end = "end_date" if subscriptions.source.has("end_date") else "CAST(NULL AS DATE)"
    latest = (
        f"SELECT customer_id, start_date, {end} AS end_date, {newest} AS version "
        f"FROM {subscriptions.part} WHERE customer_id IS NOT NULL AND start_date IS NOT NULL"
    )
    spans = (
        "SELECT customer_id, start_date AS first_day, "
        f"COALESCE(end_date + {int(grace_days)}, {literal(FOREVER)}) AS stop_day "
        "FROM contracts_latest WHERE version = 1"
    )
    before = "ORDER BY first_day, stop_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    marked = (
        "SELECT customer_id, first_day, stop_day, CASE WHEN first_day <= MAX(stop_day) OVER "
        f"(PARTITION BY customer_id {before}) THEN 0 ELSE 1 END AS fresh FROM contract_spans"
    )
    numbered = (
        "SELECT customer_id, first_day, stop_day, SUM(fresh) OVER (PARTITION BY customer_id "
        "ORDER BY first_day, stop_day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS stretch "
        "FROM contract_marks"
    )
    in_force = (
        "SELECT customer_id, MIN(first_day) AS first_day, MAX(stop_day) AS stop_day "
        "FROM contract_stretches GROUP BY customer_id, stretch"
    )
    return [
        checked_cte(subscriptions, relation_sql),
        ("contracts_latest", latest),
        ("contract_spans", spans),
        ("contract_marks", marked),
        ("contract_stretches", numbered),
        ("in_force", in_force),
    ]
