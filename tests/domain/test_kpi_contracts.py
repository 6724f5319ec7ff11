"""Who was a customer when, and what a month changed: counted by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.kpi_contracts import (
    PeriodMovement,
    customer_stays,
    customers_on,
    mrr_on,
    period_movement,
    with_newest_ends,
)

MAY, JUNE = dt.date(2026, 5, 1), dt.date(2026, 6, 1)


def contracts(*rows: tuple[str, str, str, str | None, float]) -> pd.DataFrame:
    names = ["customer_id", "subscription_id", "start_date", "end_date", "mrr"]
    table = pd.DataFrame(rows, columns=names)
    return table.astype({"start_date": "datetime64[us]", "end_date": "datetime64[us]"})


BASE = contracts(
    ("stays", "s1", "2026-01-01", None, 100.0),
    ("grows", "g1", "2026-01-01", "2026-05-10", 100.0),
    ("grows", "g2", "2026-05-10", None, 160.0),
    ("shrinks", "k1", "2026-01-01", "2026-05-20", 100.0),
    ("shrinks", "k2", "2026-05-20", None, 70.0),
    ("leaves", "l1", "2026-01-01", "2026-05-31", 50.0),
    ("joins", "j1", "2026-05-15", None, 40.0),
)


def test_a_month_is_told_in_customers_and_in_mrr() -> None:
    found = period_movement(customer_stays(BASE), BASE, MAY, JUNE, months=1)
    # Four at the start, with 350 a month; one left with 50; one joined; one pays 60 more, one 30 less.
    assert found == PeriodMovement(MAY, JUNE, 1, 4, 1, 1, 350.0, 50.0, 30.0, 60.0, 1)
    assert found.churn is not None
    assert found.churn.value == pytest.approx(1 / 4)
    assert found.mrr_churn is not None
    assert found.mrr_churn.value == pytest.approx(50 / 350)
    assert found.mrr_expansion == pytest.approx(60 / 350)
    assert found.customer_expansion == pytest.approx(1 / 4)
    # (350 + 60 - 30 - 50) / 350.
    assert found.net_revenue_retention == pytest.approx(330 / 350)


def test_without_money_only_customers_are_told() -> None:
    found = period_movement(customer_stays(BASE), None, MAY, JUNE, months=1)
    assert (found.customers, found.churned, found.joined) == (4, 1, 1)
    assert found.mrr_churn is None
    assert found.mrr_expansion is None
    assert found.customer_expansion is None
    assert found.net_revenue_retention is None


def test_an_empty_start_has_no_rate() -> None:
    early = dt.date(2020, 1, 1)
    found = period_movement(customer_stays(BASE), BASE, early, early, months=1)
    assert found.churn is None
    assert found.mrr_churn is None


def test_a_pause_within_the_grace_is_no_churn_and_no_change_of_mrr() -> None:
    rows = contracts(
        ("C1", "a", "2026-01-01", "2026-04-25", 100.0), ("C1", "b", "2026-05-05", None, 100.0)
    )
    strict = period_movement(customer_stays(rows), rows, dt.date(2026, 4, 1), MAY, months=1)
    lenient = period_movement(customer_stays(rows, 14), rows, dt.date(2026, 4, 1), MAY, months=1)
    assert (strict.churned, lenient.churned) == (1, 0)
    assert lenient.contraction_mrr == 0.0
    after = period_movement(customer_stays(rows, 14), rows, MAY, JUNE, months=1)
    assert after.expansion_mrr == 0.0


def test_an_end_is_the_first_day_no_longer_in_force() -> None:
    stays = customer_stays(contracts(("C1", "a", "2026-05-01", "2026-06-01", 1.0)))
    assert list(customers_on(stays, MAY)) == ["C1"]
    assert list(customers_on(stays, JUNE)) == []


def test_who_comes_back_has_two_stays_and_overlapping_contracts_make_one() -> None:
    back = contracts(("C1", "a", "2025-01-01", "2025-06-01", 1.0), ("C1", "b", "2026-01-01", None, 1.0))
    assert len(customer_stays(back)) == 2
    both = contracts(
        ("C1", "a", "2025-01-01", None, 1.0),
        ("C1", "b", "2025-02-01", "2025-03-01", 1.0),
        ("C1", "c", "2025-06-01", "2025-07-01", 1.0),
    )
    assert len(customer_stays(both)) == 1


def test_contracts_that_end_before_they_begin_are_left_out() -> None:
    assert customer_stays(contracts(("C1", "a", "2026-01-02", "2026-01-01", 1.0))).empty


def test_the_newest_version_that_had_begun_says_the_mrr_and_the_newest_of_all_the_end() -> None:
    rows = contracts(
        ("C1", "a", "2026-01-01", None, 100.0), ("C1", "a", "2026-01-01", "2026-08-01", 150.0)
    ).assign(valid_from=pd.to_datetime(["2026-01-03", "2026-05-15"]))
    known = with_newest_ends(rows)
    assert known["end_date"].tolist() == [pd.Timestamp("2026-08-01")] * 2
    assert mrr_on(known, MAY).to_dict() == {"C1": 100.0}
    assert mrr_on(known, JUNE).to_dict() == {"C1": 150.0}
    # Before its first version was written the contract ran as that version says.
    assert mrr_on(known, dt.date(2026, 1, 2)).to_dict() == {"C1": 100.0}
    assert mrr_on(known, dt.date(2026, 8, 1)).empty


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 300), st.integers(1, 200)), max_size=15),
    st.integers(0, 30),
    st.integers(0, 400),
)
def test_a_customer_is_there_whenever_a_contract_is(
    spans: list[tuple[str, int, int]], grace: int, day: int
) -> None:
    origin = pd.Timestamp("2025-01-01")
    days = [(origin + pd.Timedelta(days=at), origin + pd.Timedelta(days=at + n)) for _, at, n in spans]
    rows = pd.DataFrame(
        {
            "customer_id": pd.Series([who for who, *_ in spans], dtype="str"),
            "start_date": pd.Series([one for one, _ in days], dtype="datetime64[us]"),
            "end_date": pd.Series([one for _, one in days], dtype="datetime64[us]"),
        }
    )
    there = set(customers_on(customer_stays(rows, grace), (origin + pd.Timedelta(days=day)).date()))
    covered = {who for who, at, n in spans if at <= day < at + n}
    assert covered <= there
    assert there == covered or grace > 0
