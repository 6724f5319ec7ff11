"""What people call the customers, who looks after them, and when somebody last spoke with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pandas as pd

from churnhealth.domain.history import HISTORY
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.source_columns import present_columns
from churnhealth.features.source_sql import described, source_ctes
from churnhealth.features.sql_text import literal, quote, with_query
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.sources import data_end, source_runner
from churnhealth.jobs.wiring import Workplace

PEOPLE_COLUMNS = ("customer_id", "name", "owner")
CONTACT_COLUMNS = ("customer_id", "moment", "kind", "what", "detail")
MOST_CONTACTS = 6
# By table: when it happened, what it was, and what more is worth a word; as the contract calls them.
_CONTACTS = {
    "touches": ("occurred_at", "channel", "topic"),
    "tickets": ("opened_at", "severity", "resolved_at"),
    "surveys": ("answered_at", "kind", "score"),
    "actions": ("occurred_at", "action", "control"),
}


def customer_people(workplace: Workplace) -> pd.DataFrame:
    """Read name and owner of every customer, from the columns that [report] names.

    Of a history the name is `customers.name` where nothing else is said. Several rows of a customer:
    the newest version, else the last row.

    Returns
    -------
    DataFrame
        Columns `PEOPLE_COLUMNS`, text; each customer once, missing where nothing is known.

    Raises
    ------
    ConfigError
        A named column is not there.
    """
    settings = workplace.settings
    found = _of_history(workplace) if settings.is_history else _of_panel(workplace)
    if found.empty:
        return pd.DataFrame(columns=list(PEOPLE_COLUMNS))
    for name in PEOPLE_COLUMNS[1:]:
        if name not in found:
            found[name] = None
    known = found[found["customer_id"].notna()].drop_duplicates("customer_id", keep="last")
    return known[list(PEOPLE_COLUMNS)].astype(object).where(known.notna(), None)


def _of_panel(workplace: Workplace) -> pd.DataFrame:
    settings = workplace.settings
    wanted = {"name": settings.report.name, "owner": settings.report.owner}
    columns = {role: column for role, column in wanted.items() if column is not None}
    if not columns:
        return pd.DataFrame(columns=list(PEOPLE_COLUMNS))
    table = workplace.read(settings.scoring_source)
    _require(list(columns.values()), list(table.columns), str(settings.scoring_source))
    chosen = {"customer_id": settings.panel.customer_id, **columns}
    return pd.DataFrame({role: table[column].map(_plain_text) for role, column in chosen.items()})


def _of_history(workplace: Workplace) -> pd.DataFrame:
    settings = workplace.settings
    runner = source_runner(settings, workplace.warehouse)
    customers = present_columns(settings.history, runner).sources["customers"]
    stored = [name for name, _ in runner.columns(customers.relation)]
    name = settings.report.name or customers.columns.get("name")
    columns = {
        "customer_id": customers.columns["customer_id"],
        **({"name": name} if name else {}),
        **({"owner": settings.report.owner} if settings.report.owner else {}),
    }
    _require(list(columns.values()), stored, customers.relation)
    chosen = [f"{quote(column)} AS {role}" for role, column in columns.items()]
    newest = customers.columns.get("valid_from")
    order = f" ORDER BY {quote(newest)} NULLS FIRST" if newest else ""
    place = runner.relation_sql(customers.relation)
    table = runner.query(f"SELECT {', '.join(chosen)} FROM {place}{order}")  # noqa: S608
    rows: pd.DataFrame = table.to_pandas()
    return rows.map(_plain_text)


def _require(wanted: Sequence[str], there: Sequence[str], place: str) -> None:
    for column in wanted:
        if column not in there:
            raise ConfigError(
                f"report: expected a column {column!r} in {place}, got {listed(there)}"
                f"{nearest(column, there)}"
            )


def _plain_text(value: Any) -> str | None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    return str(value)


def last_contacts(workplace: Workplace, customer_ids: Sequence[str]) -> pd.DataFrame:
    """Read the newest contacts, tickets, survey answers and actions of some customers.

    Returns
    -------
    DataFrame
        customer_id, moment (local, without a zone), kind ("touches", "tickets", "surveys", "actions"),
        what (channel, severity, question, action), detail (topic; "open" or "resolved"; the score;
        "control"). At most six per customer, latest first; no rows for a panel.
    """
    settings, none = workplace.settings, pd.DataFrame(columns=list(CONTACT_COLUMNS))
    if not settings.is_history or not customer_ids:
        return none
    runner = source_runner(settings, workplace.warehouse)
    history = described(present_columns(settings.history, runner), runner)
    end = data_end(settings, workplace.clock())
    parts = [
        _newest(history, runner, table, customer_ids, end)
        for table in _CONTACTS
        if history.has(table, _CONTACTS[table][0])
    ]
    found = pd.concat([none, *(part for part in parts if len(part))], ignore_index=True)
    found = found.sort_values(["customer_id", "moment"], ascending=[True, False], kind="stable")
    return found.groupby("customer_id", sort=False).head(MOST_CONTACTS).reset_index(drop=True)


def has_contacts(settings: Settings) -> bool:
    """Does the project have a table of contacts, tickets, surveys or actions?"""
    return any(table in settings.sources for table in _CONTACTS)


def _newest(
    history: History,
    runner: SqlRunner,
    table: str,
    customer_ids: Sequence[str],
    end: dt.date,
) -> pd.DataFrame:
    when, what, detail = (name if history.has(table, name) else "NULL" for name in _CONTACTS[table])
    # One contact has a row per participant.
    key = next(one for one in HISTORY[table].key if one.endswith("_id"))
    ids = ", ".join(literal(one) for one in customer_ids)
    ctes = source_ctes(history, table, relation_sql=runner.relation_sql)
    inner = (
        f"SELECT customer_id, {key}, MAX({when}) AS moment, MAX({what}) AS what, "  # noqa: S608
        f"MAX(CAST({detail} AS VARCHAR)) AS detail FROM src_{table} "
        f"WHERE {when} < {literal(end)} AND customer_id IN ({ids}) GROUP BY customer_id, {key}"
    )
    rank = "ROW_NUMBER() OVER (PARTITION BY c.customer_id ORDER BY c.moment DESC) AS place"
    select = (
        f"SELECT customer_id, moment, what, detail FROM (SELECT c.*, {rank} FROM ({inner}) AS c) "  # noqa: S608
        f"AS ranked WHERE place <= {MOST_CONTACTS}"
    )
    rows: pd.DataFrame = runner.query(render(with_query(ctes, select), runner.dialect)).to_pandas()
    rows = rows.assign(kind=table, moment=rows["moment"].astype("datetime64[us]"))
    if table == "tickets":
        rows["detail"] = rows["detail"].isna().map({True: "open", False: "resolved"})
    elif table == "actions":
        rows["detail"] = rows["detail"].eq("true").map({True: "control", False: None})
    return rows[list(CONTACT_COLUMNS)]
