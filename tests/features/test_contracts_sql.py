"""Contracts as known at the cutoff, on tables worked by hand (UTC)."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.features.matrix import indicator_matrix

NAMES = [
    "subscription_id",
    "start_date",
    "end_date",
    "end_announced_at",
    "renewal_date",
    "plan",
    "mrr",
    "seats",
    "valid_from",
]
CONTRACT = [one for one in BUILT_IN if one.indicator.group == "contract"]
JULY = dt.date(2025, 7, 1)


def contracts(*rows: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame([list(row) for row in rows], columns=NAMES)
    for name in ("start_date", "end_date", "renewal_date"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("end_announced_at", "valid_from"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.assign(customer_id="a", mrr=frame["mrr"].astype(float))


@pytest.fixture
def row(open_runner, history_of):
    def compute(frame, cutoff=JULY):
        history = history_of({"subscriptions": frame}, "UTC")
        asked = "SELECT 'a' AS customer_id, c.cutoff FROM cutoffs AS c"
        matrix = indicator_matrix(
            open_runner({"subscriptions": frame}), history, CONTRACT, asked, [cutoff]
        )
        return matrix.iloc[0], matrix.attrs["notes"]

    return compute


def test_levels_add_up_over_contracts_and_the_plan_is_that_of_the_largest(row):
    found, _ = row(
        contracts(
            ("s1", "2025-01-01", None, None, "2026-01-01", "small", 100, 5, "2025-01-01"),
            ("s2", "2025-03-01", None, None, "2025-09-01", "large", 300, 20, "2025-03-01"),
        )
    )
    assert (found["contracts"], found["mrr"], found["seats"], found["plan"]) == (2, 400, 25, "large")
    # January to June: 31 + 28 + 31 + 30 + 31 + 30 days; July and August: 62.
    assert (found["tenure_days"], found["days_to_renewal"]) == (181, 62)


def test_a_change_is_relative_to_the_level_90_days_before(row):
    found, _ = row(
        contracts(
            ("s1", "2024-01-01", None, None, None, "small", 100, 5, "2024-01-01"),
            ("s1", "2024-01-01", None, None, None, "small", 150, 4, "2025-05-01"),
        )
    )
    assert (found["mrr"], found["mrr_change_90d"], found["seats_change_90d"]) == (150, 0.5, -0.2)


def test_a_version_valid_from_the_cutoff_on_is_not_known(row):
    found, _ = row(
        contracts(
            ("s1", "2024-01-01", None, None, None, "small", 100, 5, "2024-01-01"),
            ("s1", "2024-01-01", None, None, None, "large", 900, 50, "2025-07-01"),
        )
    )
    assert (found["mrr"], found["plan"], found["plan_changes_365d"]) == (100, "small", 0)


def test_a_plan_change_by_a_successor_counts_once(row):
    found, _ = row(
        contracts(
            ("s1", "2024-01-01", None, None, None, "small", 100, 5, "2024-01-01"),
            ("s1", "2024-01-01", "2025-02-01", "2025-02-01", None, "small", 100, 5, "2025-02-01"),
            ("s2", "2025-02-01", None, None, None, "large", 300, 5, "2025-02-01"),
            ("s2", "2025-02-01", None, None, None, "large", 310, 5, "2025-03-01"),
        )
    )
    assert (found["plan_changes_365d"], found["contracts"], found["mrr"]) == (1, 1, 310)


def test_contracts_side_by_side_are_not_changes_of_each_other(row):
    # s1 stays small and s2 stays large; only s2's step from large to huge is a change.
    found, _ = row(
        contracts(
            ("s1", "2025-01-01", None, None, None, "small", 100, 5, "2025-01-01"),
            ("s2", "2025-02-01", None, None, None, "large", 300, 5, "2025-02-01"),
            ("s1", "2025-01-01", None, None, None, "small", 110, 5, "2025-03-01"),
            ("s2", "2025-02-01", None, None, None, "huge", 500, 5, "2025-04-01"),
            ("s1", "2025-01-01", None, None, None, "small", 120, 5, "2025-05-01"),
        )
    )
    assert (found["contracts"], found["plan_changes_365d"]) == (2, 1)


@pytest.mark.parametrize(
    ("start", "plan", "changes"),
    [
        ("2025-05-01", "small", 0),  # follows s1, which was small
        ("2025-05-01", "large", 1),  # follows s1; that s2 is large does not matter
        ("2025-05-20", "large", 1),  # late, but nothing began since s1 ended
        ("2025-04-30", "large", 0),  # begins while both are in force: one more contract
    ],
)
def test_a_successor_is_compared_with_the_contract_that_ended(row, start, plan, changes):
    end = "2025-05-01"
    found, _ = row(
        contracts(
            ("s1", "2024-05-01", end, "2025-04-01", None, "small", 100, 5, "2024-05-01"),
            ("s2", "2024-06-01", None, None, None, "large", 300, 5, "2024-06-01"),
            ("s3", start, None, None, None, plan, 300, 5, start),
        )
    )
    assert found["plan_changes_365d"] == changes


def test_a_contract_that_was_succeeded_already_is_not_succeeded_again(row):
    # s2 follows s1 on 1 May with the same plan; s3 comes beside s2 in June.
    found, _ = row(
        contracts(
            ("s1", "2024-05-01", "2025-05-01", "2025-04-01", None, "small", 100, 5, "2024-05-01"),
            ("s2", "2025-05-01", None, None, None, "small", 100, 5, "2025-05-01"),
            ("s3", "2025-06-01", None, None, None, "large", 300, 5, "2025-06-01"),
        )
    )
    assert found["plan_changes_365d"] == 0


def test_of_several_that_ended_together_one_with_the_same_plan_is_enough(row):
    # s1 (small) and s2 (large) end on 1 May; s3 (large) continues one of them, s4 (huge) neither.
    found, _ = row(
        contracts(
            ("s1", "2024-05-01", "2025-05-01", "2025-04-01", None, "small", 100, 5, "2024-05-01"),
            ("s2", "2024-06-01", "2025-05-01", "2025-04-01", None, "large", 300, 5, "2024-06-01"),
            ("s3", "2025-05-01", None, None, None, "large", 300, 5, "2025-05-01"),
            ("s4", "2025-05-01", None, None, None, "huge", 300, 5, "2025-05-01"),
        )
    )
    assert found["plan_changes_365d"] == 1


def test_without_end_dates_only_versions_of_one_contract_are_compared(row):
    frame = contracts(
        ("s1", "2024-05-01", None, None, None, "small", 100, 5, "2024-05-01"),
        ("s1", "2024-05-01", None, None, None, "large", 300, 5, "2025-05-01"),
        ("s2", "2025-06-01", None, None, None, "huge", 300, 5, "2025-06-01"),
    )
    found, _ = row(frame.drop(columns=["end_date", "end_announced_at"]))
    assert found["plan_changes_365d"] == 1


@pytest.mark.parametrize(
    ("announced", "end", "expected"),
    [
        ("2025-06-30 23:00", "2025-08-01", (1, 1)),  # announced before the cutoff, still in force
        ("2025-07-01 00:00", "2025-08-01", (1, 0)),  # announced at the cutoff: not known
        ("2025-06-01 00:00", "2025-07-01", (0, 0)),  # not in force on the day of the cutoff
        ("2025-07-05 00:00", "2025-06-01", (1, 0)),  # told only afterwards: looked in force
        (None, "2025-08-01", (1, 0)),  # nobody knows when it was told: from its own day on
        (None, "2025-06-01", (0, 0)),
    ],
)
def test_an_end_is_known_once_it_was_announced(row, announced, end, expected):
    found, _ = row(contracts(("s1", "2024-01-01", end, announced, None, "p", 10, 1, "2024-01-01")))
    assert (found["contracts"], found["end_announced"]) == expected


def test_without_validity_overwritten_columns_are_left_out_with_a_note(row):
    frame = contracts(("s1", "2024-01-01", None, None, None, "p", 10, 1, "2024-01-01"))
    found, notes = row(frame.drop(columns="valid_from"))
    assert set(found.index) == {"customer_id", "cutoff", "tenure_days", "contracts", "end_announced"}
    assert (
        "indicator 'mrr' left out: mrr of 'subscriptions' is overwritten without a date; what it was at "
        "the cutoff is known only with valid_from"
    ) in notes
    assert found["contracts"] == 1


def test_without_validity_a_contract_that_starts_at_the_cutoff_is_not_known(row):
    frame = contracts(("s1", "2025-07-01", None, None, None, "p", 10, 1, None)).drop(
        columns="valid_from"
    )
    assert row(frame)[0]["contracts"] == 0
    assert row(frame, dt.date(2025, 7, 2))[0]["contracts"] == 1


def test_without_end_dates_a_contract_stays_in_force(row):
    frame = contracts(("s1", "2024-01-01", None, None, None, "p", 10, 1, "2024-01-01"))
    found, notes = row(frame.drop(columns=["end_date", "end_announced_at"]))
    assert found["contracts"] == 1
    assert "'end_announced' left out: 'subscriptions' has no column end_date" in " ".join(notes)
