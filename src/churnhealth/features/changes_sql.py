# Names come from our contracts, values are written by `literal`.
"""SQL of changes of contracts as they were known at a cutoff: by a new version, or by a successor.

A version is compared with the version before it of the same contract, so contracts that run side by
side are never taken for changes of each other. The first version of a contract is compared with what
it succeeds.
"""

from __future__ import annotations

from churnhealth.domain.sources import History
from churnhealth.features.cells import Part, PartKey, both, select_lines
from churnhealth.features.sql_text import SOURCE_PREFIX
from churnhealth.features.windows_sql import recorded_before

TABLE = "subscriptions"
_CONTRACT = "customer_id, cutoff, subscription_id"


def changes_select(history: History, key: PartKey, part: Part) -> str:
    """Return the SELECT over all versions known at each cutoff, each with the value before it.

    A contract succeeds the contracts of its customer that ended last, on or before its first day,
    unless another contract began since they ended. Which of several succeeds which is not in the
    data: it is a change when none of them had the value. Without ends there are no successors.
    """
    columns = [f"{sql} AS {name}" for sql, name in part.cells.items()]
    pairs = [_from_version_to_version(history, key)]
    if history.has(TABLE, "end_date"):
        pairs.append(_from_contract_to_contract(history, key))
    both_kinds = "\nUNION ALL\n".join(pairs)
    return (
        f"{select_lines(['v.customer_id', 'v.cutoff', *columns])}\nFROM (\n{both_kinds}\n) AS v\n"
        "GROUP BY v.customer_id, v.cutoff"
    )


def _from_version_to_version(history: History, key: PartKey) -> str:
    before = f"LAG(value) OVER (PARTITION BY {_CONTRACT} ORDER BY valid_from, start_date) AS before"
    columns = ["customer_id", "cutoff", "valid_from", "value", before]
    return f"{select_lines(columns)}\nFROM (\n{_versions(history, key)}\n) AS versions"


def _from_contract_to_contract(history: History, key: PartKey) -> str:
    """Return the first versions of successors, each with the value of what it succeeds."""
    contracts = _contracts(history, key)
    own = "PARTITION BY n.customer_id, n.cutoff, n.subscription_id"
    ended = "CASE WHEN p.end_date <= n.start_date THEN p.end_date END"
    begun = "CASE WHEN p.start_date < n.start_date THEN p.start_date END"
    beside = [
        "n.customer_id",
        "n.cutoff",
        "n.subscription_id",
        "n.valid_from",
        "n.first_value AS value",
        "p.last_value AS other",
        "p.end_date",
        f"MAX({ended}) OVER ({own}) AS last_end",
        f"MAX({begun}) OVER ({own}) AS last_start",
    ]
    same = "MAX(CASE WHEN other = value THEN 1 ELSE 0 END) = 1"
    before = f"CASE WHEN {same} THEN value ELSE MIN(other) END AS before"
    return (
        f"{select_lines(['customer_id', 'cutoff', 'valid_from', 'value', before])}\nFROM (\n"
        f"{select_lines(beside)}\nFROM (\n{contracts}\n) AS n\nJOIN (\n{contracts}\n) AS p\n"
        "  ON p.customer_id = n.customer_id AND p.cutoff = n.cutoff\n"
        "  AND p.subscription_id <> n.subscription_id\n) AS beside\n"
        "WHERE end_date = last_end AND last_start < last_end\n"
        f"GROUP BY {_CONTRACT}, valid_from, value"
    )


def _contracts(history: History, key: PartKey) -> str:
    """Return each contract once: its first and its last value, and its days as told last."""
    ranked = ", ".join(
        f"ROW_NUMBER() OVER (PARTITION BY {_CONTRACT} "
        f"ORDER BY valid_from{way}, start_date{way}) AS {name}"
        for way, name in (("", "oldest"), (" DESC", "newest"))
    )
    columns = [
        *_CONTRACT.split(", "),
        "MIN(valid_from) AS valid_from",
        "MAX(CASE WHEN oldest = 1 THEN value END) AS first_value",
        "MAX(CASE WHEN newest = 1 THEN value END) AS last_value",
        "MAX(CASE WHEN newest = 1 THEN start_date END) AS start_date",
        "MAX(CASE WHEN newest = 1 THEN end_date END) AS end_date",
    ]
    return (
        f"{select_lines(columns)}\nFROM (\nSELECT versions.*, {ranked}\nFROM (\n"
        f"{_versions(history, key)}\n) AS versions\n) AS ranked\nGROUP BY {_CONTRACT}"
    )


def _versions(history: History, key: PartKey) -> str:
    columns = ["q.customer_id", "q.cutoff", "e.subscription_id", "e.start_date", "e.valid_from"]
    columns.append(f"e.{key.column} AS value")
    if history.has(TABLE, "end_announced_at", "end_date"):
        told = "e.end_announced_at IS NULL OR e.end_announced_at < q.cutoff"
        columns.append(f"CASE WHEN {told} THEN e.end_date END AS end_date")
    elif history.has(TABLE, "end_date"):
        columns.append("e.end_date")
    known = both("e.valid_from < q.cutoff", recorded_before(history, TABLE, "q.cutoff"))
    return (
        f"{select_lines(columns)}\nFROM at_risk AS q\n"
        f"JOIN {SOURCE_PREFIX}{TABLE} AS e ON e.customer_id = q.customer_id\nWHERE {known}"
    )
