"""The rule contract_end, against tables worked by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.errors import ConfigError, LeakageError, SchemaError
from churnhealth.labels.label_sql import label_sql

D = dt.date
JAN = D(2026, 1, 1)
END = D(2027, 1, 1)
# (1 Jan + 10, 1 Jan + 10 + 30] = 12 January to 10 February; grace to 24 February.
PROBLEM = ChurnProblem("contract_end", gap_days=10, horizon_days=30, grace_days=14)


def contracts(*rows: str) -> dict[str, str]:
    """Return contracts, the customer being the first letter of the contract."""
    head = "subscription_id, customer_id, start_date, end_date, end_announced_at, end_reason\n"
    return {"subscriptions": head + "\n".join(f"{row.split(',')[0]},{row[0]},{row[3:]}" for row in rows)}


ONE_BY_ONE = contracts(
    "a1, 2025-01-01,           ,                 ,",
    "b1, 2025-01-01, 2026-01-11, 2026-01-02 09:00, price",
    "c1, 2025-01-01, 2026-01-12, 2026-01-02 09:00, price",
    "d1, 2025-01-01, 2026-02-10, 2026-01-20 09:00, price",
    "e1, 2025-01-01, 2026-02-11, 2026-01-20 09:00, price",
    "f1, 2025-01-01, 2026-01-31, 2026-01-20 09:00, replaced",
    "f2, 2026-01-31,           ,                 ,",
    "g1, 2025-01-01, 2026-01-31, 2026-01-20 09:00, lapsed",
    "g2, 2026-02-14,           ,                 ,",
    "h1, 2025-01-01, 2026-01-31, 2026-01-20 09:00, price",
    "h2, 2026-02-15,           ,                 ,",
    "i1, 2025-01-01, 2026-01-31, 2026-01-20 09:00, price",
    "i2, 2025-06-01,           ,                 ,",
)


def test_churn_is_the_end_of_all_contracts_within_the_horizon(statuses) -> None:
    assert statuses(ONE_BY_ONE, PROBLEM, JAN, END) == {
        "a": "stayed",  # open
        "b": "in_gap",  # ends on the last day of the gap
        "c": "churned",  # ends on the first day that counts
        "d": "churned",  # ends on the last day that counts
        "e": "stayed",  # ends a day later
        "f": "stayed",  # another contract the same day
        "g": "stayed",  # 14 days later is within the grace
        "h": "churned",  # 15 days later is not
        "i": "stayed",  # another contract goes on
    }


def test_the_label_is_1_0_or_na_and_known_when_the_last_day_of_grace_is_over(label) -> None:
    frame = label(ONE_BY_ONE, PROBLEM, [JAN], END).frame.set_index("customer_id")
    assert str(frame["churned"].dtype) == "Int8"
    assert frame["churned"].to_dict() == dict.fromkeys("abefgi", 0) | dict.fromkeys("cdh", 1)
    # 10 + 30 + 14 days after 1 January is 24 February, and that day must be over.
    assert set(frame["label_known_at"]) == {pd.Timestamp("2026-02-25", tz="UTC")}
    assert set(frame["cutoff"]) == {pd.Timestamp("2026-01-01", tz="UTC")}


@pytest.mark.parametrize(("data_end", "censored"), [(D(2026, 2, 24), True), (D(2026, 2, 25), False)])
def test_a_label_that_is_not_yet_known_is_na_and_counted_never_0(label, data_end, censored) -> None:
    table = label(ONE_BY_ONE, PROBLEM, [JAN], data_end)
    counts = table.counts.iloc[0]
    assert counts["at_risk"] == 9
    assert counts["censored"] == (9 if censored else 0)
    assert counts["churners"] == (0 if censored else 3)
    assert table.frame["churned"].isna().all() == censored


def test_only_customers_active_at_the_cutoff_are_at_risk(statuses) -> None:
    tables = contracts(
        "a1, 2025-12-31,           ,                 ,",
        "b1, 2026-01-01,           ,                 ,",
        "c1, 2025-01-01, 2026-01-01, 2025-12-31 23:59, price",
        "d1, 2025-01-01, 2026-01-02, 2025-12-01 09:00, price",
        "e1, 2025-01-01, 2025-12-20, 2025-12-20 00:00, lapsed",
        "e2, 2026-01-01,           ,                 ,",
        "f1, 2025-01-01, 2026-01-01, 2026-01-01 00:00, replaced",
        "f2, 2026-01-01,           ,                 ,",
        "g1, 2025-01-01, 2026-01-01, 2025-12-01 09:00, replaced",
        "g2, 2026-01-01,           ,                 ,",
        "h1, 2025-01-01, 2026-01-01,                 , price",
        "j1, 2025-01-01, 2025-12-15, 2026-01-05 09:00, price",
    )
    found = statuses(tables, PROBLEM, JAN, END)
    # b and e begin on the day, c and h are over by then; f and g change their plan on the day.
    assert sorted(found) == ["a", "d", "f", "g", "j"]
    assert found["d"] == "in_gap"
    assert (found["f"], found["g"]) == ("stayed", "stayed")
    # Told five days after the cutoff that it had ended before: neither churned nor stayed.
    assert found["j"] == "ended_before"


def test_customers_of_whom_the_table_customers_did_not_know_are_not_at_risk(label) -> None:
    tables = contracts("a1, 2025-01-01,,,", "b1, 2025-01-01,,,", "c1, 2025-01-01,,,") | {
        "customers": "customer_id, recorded_at\na, 2025-12-31 23:59\nb, 2026-01-01 00:00"
    }
    assert list(label(tables, PROBLEM, [JAN], END).frame["customer_id"]) == ["a"]


VERSIONS = {
    "subscriptions": """
subscription_id, customer_id, start_date, end_date, end_announced_at, valid_from, recorded_at
a1, a, 2025-01-01,           ,                 , 2025-01-01 00:00, 2025-01-01 00:00
a1, a, 2025-01-01, 2026-01-31, 2026-01-20 09:00, 2026-01-20 09:00, 2026-01-20 09:00
a1, a, 2025-01-01,           ,                 , 2026-01-25 09:00, 2026-01-25 09:00
b1, b, 2025-01-01,           ,                 , 2025-01-01 00:00, 2025-01-01 00:00
b1, b, 2025-01-01, 2026-01-31, 2026-01-20 09:00, 2026-01-20 09:00, 2026-02-25 00:00
c1, c, 2025-01-01,           ,                 , 2025-01-01 00:00, 2025-01-01 00:00
c1, c, 2025-01-01, 2026-01-31, 2026-01-20 09:00, 2026-01-20 09:00, 2026-02-24 23:59
"""
}


def test_the_newest_version_known_by_label_known_at_decides(statuses) -> None:
    found = statuses(VERSIONS, PROBLEM, JAN, END)
    assert found["a"] == "stayed"  # the end was taken back
    assert found["b"] == "stayed"  # recorded at label_known_at: too late
    assert found["c"] == "churned"  # recorded a minute earlier


def test_a_reporting_delay_waits_for_late_rows(label) -> None:
    problem = ChurnProblem(
        "contract_end", gap_days=10, horizon_days=30, grace_days=14, reporting_delay_days=5
    )
    frame = label(VERSIONS, problem, [JAN], END).frame.set_index("customer_id")
    assert frame.loc["b", "status"] == "churned"
    assert frame.loc["b", "label_known_at"] == pd.Timestamp("2026-03-02", tz="UTC")


REASONS = contracts(
    "a1, 2025-01-01, 2026-01-31, 2026-01-20 09:00, price",
    "b1, 2025-01-01, 2026-01-31, 2026-01-20 09:00, Payment_failed ",
    "c1, 2025-01-01, 2026-01-31, 2026-01-20 09:00,",
    "d1, 2025-01-01, 2026-01-20, 2026-01-20 09:00, payment_failed",
    "d2, 2026-01-20, 2026-01-31, 2026-01-30 09:00, price",
    "e1, 2025-01-01,           ,                 ,",
)


@pytest.mark.parametrize(("voluntary_only", "label_of_b"), [(False, 1), (True, 0)])
def test_an_end_that_nobody_chose_is_told_apart(label, voluntary_only, label_of_b) -> None:
    problem = ChurnProblem(
        "contract_end",
        horizon_days=30,
        voluntary_only=voluntary_only,
        involuntary_reasons=("payment_failed",),
    )
    frame = label(REASONS, problem, [JAN], END).frame.set_index("customer_id")
    assert frame["status"].to_dict() == {
        "a": "churned",
        "b": "involuntary",
        "c": "churned",  # no reason given counts as the customer's choice
        "d": "churned",  # the last contract says why
        "e": "stayed",
    }
    assert frame.loc["b", "churned"] == label_of_b


@pytest.mark.parametrize(
    ("zone", "known"),
    [
        ("Asia/Tokyo", "2026-04-14 15:00"),  # 15 April 00:00 at UTC+9
        ("Europe/Berlin", "2026-04-14 22:00"),  # summer time began on 29 March: UTC+2
    ],
)
def test_days_are_local_days_also_where_clocks_change(label, zone, known) -> None:
    # Announced at 23:30 on 28 February in UTC: 1 March in both zones, so not known at that cutoff.
    tables = contracts(
        "a1, 2025-01-01, 2026-03-31, 2026-02-28 23:30, price",
        "b1, 2025-01-01, 2026-03-01, 2026-02-28 14:30, price",
        "c1, 2025-01-01, 2026-04-01, 2026-03-30 23:30, price",
    )
    problem = ChurnProblem("contract_end", horizon_days=30, grace_days=14, timezone=zone)
    frame = label(tables, problem, [D(2026, 3, 1)], END).frame.set_index("customer_id")
    # b: told at 23:30 (Tokyo) or 15:30 (Berlin) of 28 February that it ends the next day.
    assert frame["status"].to_dict() == {"a": "churned", "c": "stayed"}
    assert set(frame["label_known_at"]) == {pd.Timestamp(known, tz="UTC")}


def test_every_cutoff_is_counted_also_one_without_customers(label) -> None:
    cutoffs = [D(2024, 1, 1), JAN, D(2026, 12, 1)]
    counts = label(ONE_BY_ONE, PROBLEM, cutoffs, END).counts
    assert counts["at_risk"].tolist() == [0, 9, 5]  # a, f, g, h and i are left
    assert counts["censored"].tolist() == [0, 0, 5]


def test_a_cutoff_after_the_end_of_the_data_is_refused(label) -> None:
    with pytest.raises(LeakageError, match="'2027-01-02'"):
        label(ONE_BY_ONE, PROBLEM, [JAN, D(2027, 1, 2)], END)


def test_a_history_without_contracts_is_refused(label) -> None:
    with pytest.raises(SchemaError, match="'contract_end' reads the table 'subscriptions'"):
        label({"customers": "customer_id\na"}, PROBLEM, [JAN], END)


def test_another_time_zone_than_the_problems_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected the time zone of the problem, 'UTC'"):
        label_sql(History({}, "Asia/Tokyo"), PROBLEM, [JAN], END)
