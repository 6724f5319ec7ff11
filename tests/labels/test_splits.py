"""Splits in time, purged by the instant at which a label is known."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, NotEnoughDataError
from churnhealth.labels.splits import rolling_splits

D = dt.date
MONTHS = [D(2026, month, 1) for month in range(1, 10)]
PROBLEM = ChurnProblem("contract_end", horizon_days=50, grace_days=10)  # a label needs 61 days


def months(window: tuple[pd.Timestamp, ...]) -> list[int]:
    return [one.month for one in window]


def test_each_window_waits_for_the_labels_of_the_one_before() -> None:
    split = rolling_splits(MONTHS, PROBLEM)[-1]
    # Test on 1 September; 61 days before is 2 July, so July's label came on 31 August: just in time.
    assert months(split.test) == [9]
    assert months(split.calibrate) == [7]
    # 61 days before 1 July is 1 May.
    assert months(split.train) == [1, 2, 3, 4, 5]
    assert months(split.purged) == [6, 8]


def test_test_windows_follow_each_other() -> None:
    splits = rolling_splits(MONTHS, PROBLEM, test_cutoffs=2)
    assert [months(one.test) for one in splits] == [[6, 7], [8, 9]]
    # 61 days before 1 June is 1 April, before 1 April 30 January; before 1 August 1 June, and 1 April.
    assert [months(one.calibrate) for one in splits] == [[4], [6]]
    assert [months(one.train) for one in splits] == [[1], [1, 2, 3, 4]]


def test_only_closed_windows_are_used() -> None:
    split = rolling_splits(MONTHS, PROBLEM, data_end=D(2026, 9, 1), max_splits=1)[0]
    assert months(split.test) == [7]


def test_the_training_window_can_be_kept_short() -> None:
    split = rolling_splits(MONTHS, PROBLEM, max_train_cutoffs=2, max_splits=1)[0]
    assert months(split.train) == [4, 5]
    assert months(split.purged) == [6, 8]


def test_rows_follow_their_cutoff() -> None:
    split = rolling_splits(MONTHS, PROBLEM)[-1]
    cutoffs = pd.Series(
        pd.to_datetime(["2026-01-01", "2026-06-01", "2026-07-01", "2026-09-01"], utc=True)
    )
    train, calibrate, test = split.rows(cutoffs)
    assert train.tolist() == [True, False, False, False]
    assert calibrate.tolist() == [False, False, True, False]
    assert test.tolist() == [False, False, False, True]


def test_too_few_cutoffs_are_refused_with_the_days_that_a_label_needs() -> None:
    with pytest.raises(NotEnoughDataError, match=r"61 days \(horizon 50 \+ grace 10 \+ last day 1\)"):
        rolling_splits(MONTHS[:4], PROBLEM)
    with pytest.raises(NotEnoughDataError, match="known label: none"):
        rolling_splits(MONTHS, PROBLEM, data_end=D(2026, 1, 2))


@pytest.mark.parametrize(
    "values",
    [{"test_cutoffs": 0}, {"calibrate_cutoffs": -1}, {"max_splits": 0}, {"max_train_cutoffs": 0}],
)
def test_a_split_that_cannot_be_is_refused(values) -> None:
    with pytest.raises(ConfigError, match=f"splits, {next(iter(values))}: expected at least"):
        rolling_splits(MONTHS, PROBLEM, **values)


@given(
    st.lists(st.dates(D(2020, 1, 1), D(2024, 1, 1)), min_size=1, max_size=25),
    st.integers(0, 40),
    st.integers(1, 120),
    st.integers(0, 30),
    st.integers(0, 2),
    st.integers(1, 3),
    st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
)
def test_no_label_is_known_after_the_next_window_begins(
    days, gap, horizon, grace, calibrate, test, zone
) -> None:
    problem = ChurnProblem(
        "contract_end", gap_days=gap, horizon_days=horizon, grace_days=grace, timezone=zone
    )
    end = D(2023, 6, 1)
    try:
        splits = rolling_splits(
            days, problem, data_end=end, calibrate_cutoffs=calibrate, test_cutoffs=test
        )
    except NotEnoughDataError:
        splits = []
    assume(splits)
    tested = [one for split in splits for one in split.test]
    assert tested == sorted(set(tested))
    for split in splits:
        assert len(split.test) == test
        assert len(split.calibrate) == calibrate
        assert split.train
        later = split.calibrate or split.test
        assert all(problem.label_known_at(one) <= later[0] for one in split.train)
        assert all(problem.label_known_at(one) <= split.test[0] for one in split.calibrate)
        assert all(problem.label_known_at(one) <= problem.cutoff_instant(end) for one in split.test)
        windows = [*split.train, *split.purged, *split.calibrate, *split.test]
        assert len(windows) == len(set(windows))
