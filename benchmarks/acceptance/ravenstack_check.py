"""Does `churnhealth check` find what is known to be wrong with the ravenstack tables?

.venv/bin/python benchmarks/acceptance/ravenstack_check.py

Reads ravenstack_*.parquet of the folder that CHURNHEALTH_DATA names (default ../shared/data); the data
are never copied into the project. Two projects, by configuration alone: subscriptions as customers, from
files; accounts as customers, from a DuckDB warehouse. Writes results/ravenstack_check.md.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from churnhealth.adapters.duckdb_warehouse import DuckDBWarehouse
from churnhealth.jobs.check import CheckResult, check
from churnhealth.jobs.wiring import open_workplace

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CHURNHEALTH_DATA", ROOT.parent / "shared" / "data")).resolve()
RESULT = Path(__file__).parent / "results" / "ravenstack_check.md"

HEAD = """
[project]
name = "ravenstack"
[problem]
rule = "contract_end"
horizon_days = 90
[cutoffs]
every = "quarter"
first = 2023-07-01
data_end = 2025-01-01
"""

BY_SUBSCRIPTION = """
[sources.customers]
file = "{data}/ravenstack_subscriptions.parquet"
columns = {{ customer_id = "subscription_id", created_at = "start_date" }}

[sources.subscriptions]
file = "{data}/ravenstack_subscriptions.parquet"
columns = {{ customer_id = "subscription_id", plan = "plan_tier", mrr = "mrr_amount" }}
churned = "churn_flag"

[sources.usage_events]
file = "{data}/ravenstack_feature_usage.parquet"
key = ["usage_id"]
[sources.usage_events.columns]
customer_id = "subscription_id"
occurred_at = "usage_date"
feature = "feature_name"
quantity = "usage_count"
"""

BY_ACCOUNT = """
[sources.customers]
table = "accounts"
churned = "churn_flag"
[sources.customers.columns]
customer_id = "account_id"
name = "account_name"
created_at = "signup_date"
region = "country"
churned_on = "last_churn_date"

[sources.subscriptions]
table = "subscriptions"
columns = { customer_id = "account_id", plan = "plan_tier", mrr = "mrr_amount" }

[sources.tickets]
table = "support_tickets"
[sources.tickets.columns]
customer_id = "account_id"
opened_at = "submitted_at"
resolved_at = "closed_at"
severity = "priority"
csat = "satisfaction_score"
"""


def read(name: str) -> pd.DataFrame:
    return pd.read_parquet(DATA / f"ravenstack_{name}.parquet")


def by_subscription(folder: Path) -> CheckResult:
    config = folder / "subscriptions.toml"
    config.write_text(HEAD + BY_SUBSCRIPTION.format(data=DATA.as_posix()))
    return check(open_workplace(config))


def by_account(folder: Path) -> CheckResult:
    """Load the tables; the last churn event of an account stands beside its own flag."""
    warehouse = DuckDBWarehouse(folder / "data" / "warehouse.duckdb")
    events = read("churn_events")
    events["last_churn_date"] = pd.to_datetime(events["churn_date"], format="%d-%m-%Y")
    last = events.groupby("account_id", as_index=False)["last_churn_date"].max()
    accounts = read("accounts").merge(last, on="account_id", how="left")
    warehouse.write_table("accounts", accounts)
    for name in ("subscriptions", "support_tickets"):
        warehouse.write_table(name, read(name))
    config = folder / "accounts.toml"
    config.write_text(HEAD + BY_ACCOUNT)
    return check(open_workplace(config))


def expected(subscriptions: CheckResult, accounts: CheckResult) -> list[tuple[str, str, bool]]:
    """What the data's own notes name, what the check said, and whether it found it."""
    dates = {
        (one.source, one.column)
        for result in (subscriptions, accounts)
        for one in result.report.of("text_date")
        if "day-month-year" in one.told
    }
    (outside,) = subscriptions.report.of("outside")
    (repeated,) = subscriptions.report.of("duplicate", "usage_events")
    flags = accounts.report.of("contradiction", "customers")
    wanted = {
        ("subscriptions", "start_date"),
        ("subscriptions", "end_date"),
        ("usage_events", "occurred_at"),
        ("customers", "created_at"),
        ("tickets", "opened_at"),
        ("tickets", "resolved_at"),
    }
    told = "; ".join(f"{one.told} ({one.rows})" for one in flags)
    return [
        ("day-month-year dates", f"{len(dates)} columns written as text", wanted <= dates),
        (
            "78 % of usage outside its subscription",
            f"{outside.rows:,} of 25,000 events, {outside.share:.1%}",
            round(outside.share, 2) == 0.78,
        ),
        ("21 duplicate keys", f"{repeated.rows} repeated usage_id", repeated.rows == 21),
        ("flags that contradict events", told, sum(one.rows for one in flags) > 300),
    ]


def section(title: str, result: CheckResult) -> list[str]:
    lines = [f"## {title}", "", "| table | rows | bad rows | share |", "|---|---|---|---|"]
    lines += [
        f"| {row['source']} | {row['rows']:,} | {row['rejected']:,} | {row['reject_share']:.1%} |"
        for row in result.report.sources.to_dict("records")
    ]
    lines += ["", "| severity | where | what | rows | share |", "|---|---|---|---|---|"]
    for one in result.findings:
        place = f"{one.source}.{one.column}" if one.column else one.source
        lines.append(f"| {one.severity} | {place} | {one.told} | {one.rows:,} | {one.share:.1%} |")
    return [*lines, "", *result.learned, ""]


def main() -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        subscriptions, accounts = by_subscription(Path(one)), by_account(Path(other))
    rows = expected(subscriptions, accounts)
    lines = [
        "# `churnhealth check` on the ravenstack tables",
        "",
        "Written by `benchmarks/acceptance/ravenstack_check.py`; 33,000 synthetic rows (MIT).",
        "",
        "| known to be wrong | what the check says | found |",
        "|---|---|---|",
        *(f"| {name} | {told} | {'yes' if found else 'NO'} |" for name, told, found in rows),
        "",
        *section("Subscriptions as customers (files)", subscriptions),
        *section("Accounts as customers (DuckDB)", accounts),
    ]
    text = "\n".join(lines)
    RESULT.write_text(text, encoding="utf-8")
    print(text)
    assert all(found for _, _, found in rows), "the check missed something"


if __name__ == "__main__":
    main()
