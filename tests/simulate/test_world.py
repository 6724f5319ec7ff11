from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from churnhealth.domain.history import HISTORY
from churnhealth.domain.history_check import history_faults
from churnhealth.simulate import World, WorldConfig, simulate_world, write_world
from churnhealth.simulate.config import BLOCK

SMALL = WorldConfig(customers=150, years=1, seed=5)


@pytest.mark.parametrize("name", list(HISTORY))
def test_every_table_keeps_its_contract(world: World, name: str) -> None:
    frame = world.tables[name]
    assert len(frame) > 100
    assert history_faults(HISTORY[name], frame) == []
    assert [column for column in HISTORY[name].names if column in frame.columns] == list(frame.columns)


def test_the_same_seed_gives_the_same_tables() -> None:
    first, second = simulate_world(SMALL), simulate_world(SMALL)
    for name in HISTORY:
        pd.testing.assert_frame_equal(first.tables[name], second.tables[name])
    pd.testing.assert_frame_equal(first.truth(["2024-01-01"], 90), second.truth(["2024-01-01"], 90))


def test_another_seed_gives_other_tables() -> None:
    first, second = simulate_world(SMALL), simulate_world(replace(SMALL, seed=6))
    assert not first.tables["customers"].equals(second.tables["customers"])


def test_more_usage_changes_nothing_but_usage() -> None:
    first, second = simulate_world(SMALL), simulate_world(replace(SMALL, usage_events_per_week=8.0))
    for name in set(HISTORY) - {"usage_events"}:
        columns = [column for column in first.tables[name].columns if column != "recorded_at"]
        pd.testing.assert_frame_equal(first.tables[name][columns], second.tables[name][columns])
    assert len(second.tables["usage_events"]) > 1.5 * len(first.tables["usage_events"])


def test_files_hold_what_memory_holds_whatever_the_chunk(tmp_path: Path) -> None:
    config = WorldConfig(customers=BLOCK + 300, years=1, seed=9, usage_events_per_week=0.1)
    world = simulate_world(config)
    small = write_world(config, tmp_path / "small", chunk_customers=1)
    large = write_world(config, tmp_path / "large", chunk_customers=100_000)
    assert small.rows == large.rows
    for name in (*HISTORY, "truth"):
        one, other = (
            pq.read_table(tmp_path / place / f"{name}.parquet") for place in ("small", "large")
        )
        assert one.equals(other)
        if name != "truth":
            pd.testing.assert_frame_equal(one.to_pandas(date_as_object=False), world.tables[name])


def test_the_written_truth_is_that_of_the_first_days_of_quarters(tmp_path: Path) -> None:
    config = replace(SMALL, timezone="Asia/Tokyo")
    written = write_world(config, tmp_path, horizon_days=60, gap_days=7)
    truth = pq.read_table(tmp_path / "truth.parquet").to_pandas()
    days = [dt.date(2023, 7, 1), dt.date(2023, 10, 1), dt.date(2024, 1, 1), dt.date(2024, 4, 1)]
    expected = [pd.Timestamp(day, tz="Asia/Tokyo") for day in days]
    assert {file.name for file in tmp_path.iterdir()} == {
        f"{name}.parquet" for name in (*HISTORY, "truth")
    }
    assert list(written.cutoffs) == expected
    assert sorted(truth["cutoff"].unique()) == expected
    again = simulate_world(config).truth(days, 60, gap_days=7)
    keys = ["customer_id", "cutoff"]
    pd.testing.assert_frame_equal(
        truth.sort_values(keys, ignore_index=True), again.sort_values(keys, ignore_index=True)
    )


def test_nothing_happens_before_the_start_or_after_the_end(world: World) -> None:
    start = world.tables["customers"].set_index("customer_id")["created_at"]
    last = world.outcomes.set_index("customer_id")["churned_on"].dt.tz_localize("Asia/Tokyo")
    for name in ("usage_events", "touches", "tickets", "surveys", "milestones", "actions"):
        frame, event = world.tables[name], HISTORY[name].event_time
        assert event is not None
        when = frame[event.name]
        assert (when >= frame["customer_id"].map(start)).all()
        assert not (when >= frame["customer_id"].map(last)).any()


def test_nobody_uses_the_product_between_two_contracts(world: World) -> None:
    contracts = world.tables["subscriptions"].drop_duplicates("subscription_id", keep="last")
    lapsed = contracts[contracts["end_reason"] == "lapsed"]
    after = contracts[["customer_id", "start_date"]]
    gaps = lapsed.merge(after, on="customer_id", suffixes=("", "_next"))
    gaps = gaps[gaps["start_date_next"] > gaps["end_date"]]
    assert len(gaps) > 5
    usage = world.tables["usage_events"].merge(gaps[["customer_id", "end_date", "start_date_next"]])
    day = usage["occurred_at"].dt.tz_convert("Asia/Tokyo").dt.tz_localize(None)
    first_gap = usage.assign(day=day)
    nearest = first_gap[first_gap["start_date_next"] - first_gap["end_date"] < pd.Timedelta(days=15)]
    assert not (
        (nearest["day"] >= nearest["end_date"]) & (nearest["day"] < nearest["start_date_next"])
    ).any()


def test_no_row_is_recorded_before_it_happens_or_after_the_data(world: World) -> None:
    end = pd.Timestamp(world.config.end, tz="Asia/Tokyo")
    for name, frame in world.tables.items():
        event = HISTORY[name].event_time
        if event is not None:
            assert (frame["recorded_at"] >= frame[event.name]).all()
        assert (frame["recorded_at"] < end).all()
        for fact in HISTORY[name].with_role("fact_date"):
            if fact.name in frame.columns:
                assert not (frame[fact.name] >= end).any()


def test_some_rows_are_late_by_choice() -> None:
    config = replace(SMALL, late_share=0.2)
    usage = simulate_world(config).tables["usage_events"]
    lag = usage["recorded_at"] - usage["occurred_at"]
    share = float((lag > pd.Timedelta(hours=1)).mean())
    # A few late rows are not recorded by the end of the data, and a few delays are under an hour.
    assert 0.17 < share < 0.21
    assert lag.max() <= pd.Timedelta(days=60, minutes=10)


@pytest.mark.parametrize("annual_share", [0.0, 0.5, 1.0])
def test_between_one_and_three_percent_churn_a_month(annual_share: float) -> None:
    config = WorldConfig(customers=2000, seed=1, annual_share=annual_share, usage_events_per_week=0.01)
    world = simulate_world(config)
    start = world.tables["customers"]["created_at"].dt.tz_localize(None)
    end = world.outcomes["churned_on"]
    months = pd.date_range("2024-04-01", "2026-03-01", freq="MS")
    rates = []
    for month in months:
        active = (start < month) & ~(end <= month)
        rates.append(float((active & (end <= month + pd.DateOffset(months=1))).sum() / active.sum()))
    low, high = (0.008, 0.03) if annual_share else (0.01, 0.035)
    assert low < np.mean(rates) < high


def test_names_plans_and_money_are_japanese_by_choice(world: World) -> None:
    assert world.tables["customers"]["name"].str.startswith("株式会社").all()
    subscriptions = world.tables["subscriptions"]
    assert set(subscriptions["plan"]) == {"スターター", "スタンダード", "エンタープライズ"}
    assert set(subscriptions["currency"]) == {"JPY"}
    assert (subscriptions["mrr"] % 1 == 0).all()
