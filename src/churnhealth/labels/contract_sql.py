# ruff: noqa: S608
"""Contracts as they were known at a moment: one row per contract, its newest version by then."""

from __future__ import annotations

from collections.abc import Sequence

from churnhealth.domain.sources import History
from churnhealth.features.sql_text import Cte

FAR_DAY = "DATE '9999-12-31'"
_MORE = ("end_reason", "renewal_date", "mrr", "currency")


def known_contracts(history: History) -> Cte:
    """Return the part `known_contracts`: each contract as known at each cutoff.

    Columns: cutoff, customer_id, subscription_id, start_date, end_date (empty where it is open or its
    end was not announced before the cutoff), and end_reason, renewal_date, mrr, currency where the
    source has them.
    """
    known = _known_by(history, "cutoff")
    joined = (
        f"INNER JOIN src_subscriptions AS s ON {known}" if known else "CROSS JOIN src_subscriptions AS s"
    )
    moments = f"cutoffs AS m\n  {joined}"
    return "known_contracts", _newest_versions(history, moments, ("m.cutoff",), "m.cutoff")


def label_contracts(history: History) -> Cte:
    """Return the part `label_contracts`: contracts of customers at risk, as known when labels are.

    Needs the parts `at_risk` and `label_windows`; columns as in `known_contracts`. Cutoffs whose label
    is censored are left out.
    """
    moments = (
        "at_risk AS r\n"
        "  INNER JOIN label_windows AS m ON m.cutoff = r.cutoff AND m.censored = 0\n"
        f"  INNER JOIN src_subscriptions AS s ON s.customer_id = r.customer_id{_and_known(history)}"
    )
    return "label_contracts", _newest_versions(history, moments, ("m.cutoff",), "m.known_at")


def moment_contracts(history: History) -> Cte:
    """Return the part `moment_contracts`: contracts as they stood at the end of some later days.

    Needs `at_risk` and `moments(cutoff, moment, day, until, known_at, censored)`; it adds the columns
    moment and day to those of `known_contracts`.
    """
    moments = (
        "at_risk AS r\n"
        "  INNER JOIN moments AS m ON m.cutoff = r.cutoff AND m.censored = 0\n"
        "  INNER JOIN src_subscriptions AS s ON s.customer_id = r.customer_id"
        f"{_and_known(history)} AND (s.valid_from IS NULL OR s.valid_from < m.until)"
    )
    return "moment_contracts", _newest_versions(
        history, moments, ("m.cutoff", "m.moment", "m.day"), "m.until"
    )


def _newest_versions(history: History, source: str, keys: Sequence[str], moment: str) -> str:
    more = [name for name in _MORE if history.has("subscriptions", name)]
    inner = ",\n    ".join(
        [
            *keys,
            "s.customer_id",
            "s.subscription_id",
            "s.start_date",
            f"{_end_known_at(history, moment)} AS end_date",
            *(f"s.{name}" for name in more),
            _version_rank(history, keys) + " AS version_rank",
        ]
    )
    names = [one.split(".")[1] for one in keys]
    outer = ", ".join([*names, "customer_id", "subscription_id", "start_date", "end_date", *more])
    return (
        f"SELECT {outer}\n"
        f"FROM (\n  SELECT\n    {inner}\n  FROM {source}\n) AS versions\n"
        "WHERE version_rank = 1 AND (end_date IS NULL OR end_date > start_date)"
    )


def _end_known_at(history: History, moment: str) -> str:
    if not history.has("subscriptions", "end_announced_at"):
        return "s.end_date"
    announced = f"s.end_announced_at IS NULL OR s.end_announced_at < {moment}"
    return f"CASE WHEN {announced} THEN s.end_date END"


def _version_rank(history: History, keys: Sequence[str]) -> str:
    newest = [
        f"s.{name} DESC NULLS LAST"
        for name in ("valid_from", "recorded_at")
        if history.has("subscriptions", name)
    ]
    order = ", ".join([*newest, "s.start_date DESC", f"COALESCE(s.end_date, {FAR_DAY}) DESC"])
    group = ", ".join([*keys, "s.customer_id", "s.subscription_id"])
    return f"ROW_NUMBER() OVER (PARTITION BY {group} ORDER BY {order})"


def _and_known(history: History) -> str:
    known = _known_by(history, "known_at")
    return f" AND {known}" if known else ""


def _known_by(history: History, moment: str) -> str:
    """Return the condition that a version was known strictly before a moment; '' where nothing tells."""
    return " AND ".join(
        f"(s.{name} IS NULL OR s.{name} < m.{moment})"
        for name in ("valid_from", "recorded_at")
        if history.has("subscriptions", name)
    )
