"""Ravenstack's accounts at quarterly cutoffs: what was known, and did they churn within 90 days?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from pandas.api.typing import DataFrameGroupBy

HORIZON_DAYS = 90
LOOKBACK_DAYS = 90
CUTOFFS = tuple(pd.date_range("2023-07-01", "2024-10-01", freq="QS"))
STATIC = ["account_id", "industry", "country", "referral_source", "plan_tier", "seats", "is_trial"]


def account_quarters(folder: Path) -> pd.DataFrame:
    """Return one row per account and quarter: indicators, `account_id`, `cutoff`, `churned`.

    An account churns when one of its churn events falls into the 90 days from the cutoff on.
    """
    tables = _read(folder)
    return pd.concat([_at(tables, cutoff) for cutoff in CUTOFFS], ignore_index=True)


def _read(folder: Path) -> dict[str, pd.DataFrame]:
    dates = {
        "accounts": ["signup_date"],
        "subscriptions": ["start_date", "end_date"],
        "feature_usage": ["usage_date"],
        "support_tickets": ["submitted_at"],
        "churn_events": ["churn_date"],
    }
    tables = {name: pd.read_parquet(folder / f"ravenstack_{name}.parquet") for name in dates}
    for name, columns in dates.items():
        for column in columns:
            tables[name][column] = pd.to_datetime(tables[name][column], format="%d-%m-%Y")
    owner = tables["subscriptions"].set_index("subscription_id")["account_id"]
    tables["feature_usage"]["account_id"] = tables["feature_usage"]["subscription_id"].map(owner)
    return tables


def _at(tables: dict[str, pd.DataFrame], cutoff: pd.Timestamp) -> pd.DataFrame:
    accounts, events = tables["accounts"], tables["churn_events"]
    held = accounts[accounts["signup_date"] < cutoff]
    days = (cutoff - held["signup_date"]).dt.days
    rows = held[STATIC].assign(tenure_days=days, cutoff=cutoff).set_index("account_id")
    rows = rows.join(_sums(tables, cutoff)).reset_index()
    within = events["churn_date"].between(
        cutoff, cutoff + pd.Timedelta(days=HORIZON_DAYS), inclusive="left"
    )
    before = events.loc[events["churn_date"] < cutoff, "account_id"].value_counts()
    rows["earlier_churns"] = rows["account_id"].map(before).fillna(0)
    return rows.assign(churned=rows["account_id"].isin(events.loc[within, "account_id"]))


def _sums(tables: dict[str, pd.DataFrame], cutoff: pd.Timestamp) -> pd.DataFrame:
    subscriptions = tables["subscriptions"]
    running = subscriptions[
        (subscriptions["start_date"] < cutoff) & ~(subscriptions["end_date"] < cutoff)
    ].groupby("account_id")
    use = _recent(tables["feature_usage"], "usage_date", cutoff)
    tickets = _recent(tables["support_tickets"], "submitted_at", cutoff)
    return pd.DataFrame(
        {
            "subscriptions": running.size(),
            "mrr": running["mrr_amount"].sum(),
            "auto_renewed": running["auto_renew_flag"].mean(),
            "usage_count": use["usage_count"].sum(),
            "usage_seconds": use["usage_duration_secs"].sum(),
            "usage_errors": use["error_count"].sum(),
            "features_used": use["feature_name"].nunique(),
            "tickets": tickets.size(),
            "first_response_minutes": tickets["first_response_time_minutes"].mean(),
            "escalations": tickets["escalation_flag"].sum(),
        }
    )


def _recent(table: pd.DataFrame, column: str, cutoff: pd.Timestamp) -> DataFrameGroupBy:
    start = cutoff - pd.Timedelta(days=LOOKBACK_DAYS)
    return table[table[column].between(start, cutoff, inclusive="left")].groupby("account_id")
