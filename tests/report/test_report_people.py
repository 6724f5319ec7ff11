"""Names, owners and the last contacts out of history tables, on both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from churnhealth.adapters.open_warehouse import open_warehouse
from churnhealth.jobs.report_people import MOST_CONTACTS, customer_people, last_contacts
from churnhealth.jobs.wiring import Workplace

CONFIG = """
[project]
name = "history"
timezone = "Asia/Tokyo"

[problem]
rule = "contract_end"
horizon_days = 90

[cutoffs]
data_end = 2026-04-01

[report]
owner = "csm"

[sources.customers]
table = "accounts"
columns = { customer_id = "id" }

[sources.subscriptions]
table = "subscriptions"

[sources.touches]
table = "touches"

[sources.tickets]
table = "tickets"

[sources.surveys]
table = "surveys"

[sources.actions]
table = "actions"
"""
NONE = pd.NaT


def at(*moments: str | None) -> pd.Series:
    return pd.Series([NONE if one is None else pd.Timestamp(one, tz="Asia/Tokyo") for one in moments])


TABLES = {
    "accounts": pd.DataFrame({"id": ["a", "b"], "name": ["Aoki 商事", None], "csm": ["Mori", "Mori"]}),
    "subscriptions": pd.DataFrame(
        {
            "subscription_id": ["s"],
            "customer_id": ["a"],
            "start_date": at("2025-01-01"),
            "end_date": at(None),
        }
    ),
    # Two participants of one meeting; one contact after the data end; eight mails of b.
    "touches": pd.DataFrame(
        {
            "touch_id": ["t1", "t1", "t2", *(f"m{day}" for day in range(8))],
            "participant_id": ["p1", "p2", "p1", *["p1"] * 8],
            "customer_id": ["a", "a", "a", *["b"] * 8],
            "occurred_at": at(
                "2026-03-01 09:00",
                "2026-03-01 09:00",
                "2026-04-02 09:00",
                *(f"2026-02-0{day + 1} 10:00" for day in range(8)),
            ),
            "channel": ["meeting", "meeting", "mail", *["mail"] * 8],
            "topic": ["review", "review", "late", *["news"] * 8],
        }
    ),
    "tickets": pd.DataFrame(
        {
            "ticket_id": ["k1", "k2"],
            "customer_id": ["a", "a"],
            "opened_at": at("2026-03-05 08:30", "2026-02-01 08:30"),
            "severity": ["high", "low"],
            "resolved_at": at(None, "2026-02-02 08:30"),
        }
    ),
    "surveys": pd.DataFrame(
        {
            "survey_id": ["q1", "q2"],
            "customer_id": ["a", "a"],
            "kind": ["NPS", "CSAT"],
            "sent_at": at("2026-01-01", "2026-01-01"),
            "answered_at": at("2026-01-03 00:30", None),
            "score": [7.0, None],
            "scale_low": [0.0, 1.0],
            "scale_high": [10.0, 5.0],
        }
    ),
    "actions": pd.DataFrame(
        {
            "action_id": ["x1", "x2"],
            "customer_id": ["a", "a"],
            "occurred_at": at("2026-03-20", "2026-03-10"),
            "action": ["workshop", "workshop"],
            "control": [False, True],
        }
    ),
}


@pytest.fixture(params=["duckdb", "postgres"])
def vendor(
    request: pytest.FixtureRequest, tmp_path: Path, open_project: Callable[..., Workplace]
) -> Workplace:
    (tmp_path / "churnhealth.toml").write_text(CONFIG, encoding="utf-8")
    where = str(tmp_path / "warehouse.duckdb")
    if request.param == "postgres":
        where = request.getfixturevalue("postgres_uri")
    warehouse = open_warehouse(where)
    for name, table in TABLES.items():
        warehouse.write_table(name, table)
    return replace(open_project(tmp_path), warehouse=warehouse)


def test_names_come_from_the_customers_and_owners_from_the_column_named(vendor: Workplace) -> None:
    found = customer_people(vendor).sort_values("customer_id")
    assert found.to_dict("split")["data"] == [["a", "Aoki 商事", "Mori"], ["b", None, "Mori"]]


def test_contacts_are_told_once_each_latest_first_and_not_after_the_data(vendor: Workplace) -> None:
    found = last_contacts(vendor, ["a"])
    told = found[["kind", "what", "detail"]].astype(object).where(found.notna(), None)
    assert [tuple(row) for row in told.to_numpy()] == [
        ("actions", "workshop", None),
        ("actions", "workshop", "control"),
        ("tickets", "high", "open"),
        ("touches", "meeting", "review"),
        ("tickets", "low", "resolved"),
        ("surveys", "NPS", told["detail"].iloc[5]),
    ]
    assert float(told["detail"].iloc[5]) == 7.0
    # Local time of the project.
    assert str(found["moment"].iloc[5]) == "2026-01-03 00:30:00"


def test_a_few_contacts_per_customer_are_enough(vendor: Workplace) -> None:
    found = last_contacts(vendor, ["b", "it's"])
    assert len(found) == MOST_CONTACTS
    assert found["moment"].is_monotonic_decreasing
    assert last_contacts(vendor, []).empty
