"""The windows of a backtest, with training rows counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import LeakageError
from churnhealth.labels.holdout import holdout_split
from churnhealth.labels.rolling_windows import PUT_ASIDE, RollingWindow, require_unseen, rolling_windows

QUARTERS = ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]
NAN = float("nan")


def panel(days: list[str], each: int = 2) -> tuple[list[str], list[pd.Timestamp], list[float]]:
    """Return `each` customers at every cutoff, of whom every second churns."""
    ids = [f"{day}-{at}" for day in days for at in range(each)]
    cutoffs = [pd.Timestamp(day, tz="UTC") for day in days for _ in range(each)]
    return ids, cutoffs, [float(at % 2) for _ in days for at in range(each)]


def trained(window: RollingWindow) -> list[int]:
    return np.flatnonzero(window.train).tolist()


def test_each_quarter_trains_on_the_labels_that_were_known_at_its_cutoff():
    ids, cutoffs, y = panel(QUARTERS)
    # 91 days: 1 Apr is known on 1 Jul, 1 Jul on 30 Sep, 1 Oct on 31 Dec.
    _, windows = rolling_windows(ids, cutoffs, ChurnProblem(horizon_days=91), y)
    assert [one.name for one in windows] == QUARTERS[1:]
    assert [trained(one) for one in windows] == [[0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5]]
    assert [np.flatnonzero(one.test).tolist() for one in windows] == [[2, 3], [4, 5], [6, 7]]


def test_a_label_that_was_known_a_day_too_late_does_not_train():
    ids, cutoffs, y = panel(QUARTERS)
    # 92 days: 1 Apr is known on 2 Jul, after the cutoff; 1 Jul on 1 Oct; 1 Oct on 1 Jan.
    _, windows = rolling_windows(ids, cutoffs, ChurnProblem(horizon_days=92), y)
    assert [one.name for one in windows] == QUARTERS[2:]
    assert [trained(one) for one in windows] == [[0, 1, 2, 3], [0, 1, 2, 3, 4, 5]]
    late = ChurnProblem(horizon_days=91, reporting_delay_days=30)
    _, windows = rolling_windows(ids, cutoffs, late, y)
    # 121 days: 1 Apr is known on 31 Jul, 1 Jul on 30 Oct.
    assert [(one.name, trained(one)) for one in windows] == [
        ("2025-10-01", [0, 1]),
        ("2026-01-01", [0, 1, 2, 3]),
    ]


def test_the_newest_windows_are_taken_and_the_last_is_that_of_the_holdout():
    ids, cutoffs, y = panel(QUARTERS)
    problem = ChurnProblem(horizon_days=91)
    split, windows = rolling_windows(ids, cutoffs, problem, y, most=2)
    assert [one.name for one in windows] == QUARTERS[2:]
    same = holdout_split(ids, cutoffs, problem, y=y)
    assert split.description == same.description
    assert windows[-1].train.tolist() == same.train.tolist()
    assert windows[-1].test.tolist() == same.test.tolist()


def test_windows_step_back_by_a_horizon_so_that_monthly_cutoffs_are_judged_by_quarter():
    days = [f"2025-{month:02d}-01" for month in range(1, 13)]
    _, windows = rolling_windows(*_with_problem(days, 91))
    # 1 Dec, then the newest cutoff at least 0.9 x 91 = 82 days earlier: 1 Sep (91 days), 1 Jun, ...
    assert [one.name for one in windows] == ["2025-06-01", "2025-09-01", "2025-12-01"]


def _with_problem(days: list[str], horizon: int):
    ids, cutoffs, y = panel(days)
    return ids, cutoffs, ChurnProblem(horizon_days=horizon), y


def test_quarters_with_one_class_or_too_few_churners_are_passed_over():
    ids, cutoffs, y = panel(QUARTERS, each=4)
    problem = ChurnProblem(horizon_days=91)
    # Two churners per quarter: 2 are known at the second quarter, 4 at the third.
    _, windows = rolling_windows(ids, cutoffs, problem, y, least_churners=3)
    assert [one.name for one in windows] == QUARTERS[2:]
    nobody = [0.0 if 8 <= at < 12 else one for at, one in enumerate(y)]
    _, windows = rolling_windows(ids, cutoffs, problem, nobody)
    assert [one.name for one in windows] == [QUARTERS[1], QUARTERS[3]]


def test_censored_rows_are_in_no_window():
    ids, cutoffs, y = panel(QUARTERS, each=4)
    y[0] = y[5] = NAN
    _, windows = rolling_windows(ids, cutoffs, ChurnProblem(horizon_days=91), y)
    assert not any(one.train[0] or one.test[5] or one.train[5] for one in windows)


def test_one_cutoff_has_one_window_of_customers_put_aside():
    ids = [f"C{at}" for at in range(40)]
    cutoffs = [pd.Timestamp("2026-01-01", tz="UTC")] * 40
    split, (window,) = rolling_windows(ids, cutoffs, ChurnProblem(horizon_days=91), [0, 1] * 20)
    assert (window.name, window.cutoff, split.kind) == (PUT_ASIDE, None, "customers")
    assert window.test.tolist() == split.test.tolist()


def test_the_name_of_a_window_is_the_local_date_of_its_cutoff():
    ids, _, y = panel(QUARTERS)
    problem = ChurnProblem(horizon_days=91, timezone="Asia/Tokyo")
    cutoffs = [problem.cutoff_instant(day) for day in QUARTERS for _ in range(2)]
    _, windows = rolling_windows(ids, cutoffs, problem, y)
    assert [one.name for one in windows] == QUARTERS[1:]


def test_a_model_is_refused_on_a_window_that_its_labels_reach_into():
    at = pd.Timestamp("2026-01-01", tz="UTC")
    rows = np.ones(1, dtype=bool)
    window = RollingWindow("2026-01-01", at, rows, rows)
    require_unseen(at, window)
    require_unseen(None, window)
    with pytest.raises(LeakageError, match="2026-01-01: expected a model whose training labels"):
        require_unseen(at + pd.Timedelta(days=1), window)
    require_unseen(at + pd.Timedelta(days=1), RollingWindow(PUT_ASIDE, None, rows, rows))


@settings(max_examples=40)
@given(
    days=st.lists(st.integers(0, 500), min_size=2, max_size=8, unique=True),
    horizon=st.integers(1, 120),
    delay=st.integers(0, 40),
)
def test_no_training_label_is_known_after_the_window_begins(days: list[int], horizon: int, delay: int):
    first = pd.Timestamp("2025-01-01", tz="UTC")
    cutoffs = [first + pd.Timedelta(days=day) for day in days for _ in (0, 1)]
    problem = ChurnProblem(horizon_days=horizon, reporting_delay_days=delay)
    ids = [str(at) for at in range(len(cutoffs))]
    try:
        _, windows = rolling_windows(ids, cutoffs, problem, [0.0, 1.0] * len(days))
    except LeakageError:
        # No label at all is known at the newest cutoff.
        assert max(days) - min(days) < horizon + delay
        return
    known = pd.Series([problem.label_known_at(one) for one in cutoffs])
    for window in windows:
        assert (known[window.train] <= window.cutoff).all()
        assert not (window.train & window.test).any()
