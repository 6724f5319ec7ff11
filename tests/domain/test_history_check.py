from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_check import check_history, history_faults
from churnhealth.errors import SchemaError


def _when(*days: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(days), utc=True))


def _tickets() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticket_id": ["T1", "T2"],
            "customer_id": ["C1", "C1"],
            "opened_at": _when("2024-01-01", "2024-01-02"),
            "first_replied_at": _when("2024-01-02", None),
            "resolved_at": _when("2024-01-03", None),
            "severity": ["low", None],
            "csat": [4.0, None],
            "csat_given_at": _when("2024-01-04", None),
            "remark": ["a column of the user's own", ""],
        }
    )


def test_a_table_that_keeps_its_contract_has_no_faults() -> None:
    check_history(HISTORY["tickets"], _tickets())


@pytest.mark.parametrize(
    ("column", "values", "fault"),
    [
        ("customer_id", ["C1", None], "customer_id: expected a value in every row, 1 are empty"),
        ("customer_id", [1, 2], "customer_id: expected string, got int64"),
        ("severity", ["low", "awful"], "'high', 'urgent', got 'awful' in 1 rows"),
        ("csat", [0.0, None], "csat: expected at least 1, got '0.0' in 1 rows"),
        ("csat", [9.0, None], "csat: expected at most 5, got '9.0' in 1 rows"),
        ("csat", [4.0, 5.0], "csat: expected a date in 'csat_given_at', got '5.0' in 1 rows"),
        ("ticket_id", ["T1", "T1"], "key (ticket_id): expected every key once, 1 rows repeat one"),
        ("opened_at", ["2024-01-01", "2024-01-02"], "opened_at: expected timestamp, got str"),
        ("resolved_at", _when("2024-01-01", None), "first_replied_at: expected not after resolved_at"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_what_was_expected(column: str, values: object, fault: str) -> None:
    faults = history_faults(HISTORY["tickets"], _tickets().assign(**{column: values}))
    assert any(fault in one for one in faults), faults


def test_all_faults_come_in_one_error() -> None:
    frame = _tickets().drop(columns=["opened_at"]).assign(severity="awful", csat=7.0)
    with pytest.raises(SchemaError) as caught:
        check_history(HISTORY["tickets"], frame)
    assert caught.value.table == "tickets"
    assert len(caught.value.faults) == 4
    assert "expected a column 'opened_at'" in caught.value.faults[0]


def test_a_day_with_a_clock_time_is_no_date() -> None:
    frame = pd.DataFrame(
        {
            "subscription_id": ["S1"],
            "customer_id": ["C1"],
            "start_date": pd.to_datetime(["2024-01-01 10:00"]),
            "end_date": pd.to_datetime(["2025-01-01"]),
        }
    )
    assert history_faults(HISTORY["subscriptions"], frame) == [
        "start_date: expected date, got datetime64[us]"
    ]


def test_a_contract_that_ends_before_it_starts_is_a_fault() -> None:
    frame = pd.DataFrame(
        {
            "subscription_id": ["S1", "S2"],
            "customer_id": ["C1", "C1"],
            "start_date": pd.to_datetime(["2024-01-01", "2024-01-01"]),
            "end_date": pd.to_datetime(["2023-01-01", None]),
        }
    )
    assert len(history_faults(HISTORY["subscriptions"], frame)) == 1
