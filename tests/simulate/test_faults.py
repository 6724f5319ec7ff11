from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.domain.history import HISTORY
from churnhealth.simulate import Dirty, World, WorldConfig, simulate_world

CLEAN = WorldConfig(customers=300, years=1, seed=7)


@pytest.fixture(scope="module")
def clean() -> World:
    return simulate_world(CLEAN)


def _dirty(**shares: float) -> World:
    return simulate_world(WorldConfig(customers=300, years=1, seed=7, dirty=Dirty(**shares)))


def _added(world: World, name: str) -> int:
    return int(world.faults.loc[world.faults["table"] == name, "rows"].sum())


def test_a_clean_world_has_no_faults(clean: World) -> None:
    assert clean.faults.empty


def test_duplicates_are_exact_copies_and_counted(clean: World) -> None:
    world = _dirty(duplicates=0.02)
    for name, frame in world.tables.items():
        copies = int(frame.duplicated().sum())
        assert copies == int(0.02 * len(clean.tables[name])) == _added(world, name)
        pd.testing.assert_frame_equal(frame.drop_duplicates(), clean.tables[name])


def test_orphans_belong_to_nobody_and_are_counted(clean: World) -> None:
    world = _dirty(orphans=0.01)
    known = set(world.tables["customers"]["customer_id"])
    for name, frame in world.tables.items():
        orphans = ~frame["customer_id"].isin(known)
        assert orphans.sum() == _added(world, name)
        key = [column for column in HISTORY[name].key if column in frame.columns]
        assert not frame.duplicated(subset=key).any()
        pd.testing.assert_frame_equal(frame[~orphans], clean.tables[name])
    assert _added(world, "usage_events") == int(0.01 * len(clean.tables["usage_events"]))


def test_bad_dates_lie_400_days_ahead_and_are_counted(clean: World) -> None:
    world = _dirty(bad_dates=0.01)
    limit = pd.Timestamp(CLEAN.end, tz="UTC") + pd.Timedelta(days=400)
    for name in ("usage_events", "touches", "tickets", "surveys", "milestones", "actions"):
        event = HISTORY[name].event_time
        assert event is not None
        bad = world.tables[name][event.name] >= limit
        assert bad.sum() == _added(world, name) == int(0.01 * len(clean.tables[name]))
        pd.testing.assert_frame_equal(world.tables[name][~bad], clean.tables[name])


def test_unknown_words_stand_where_the_contract_lists_words(clean: World) -> None:
    world = _dirty(unknown_words=0.05)
    columns = {"touches": "channel", "tickets": "severity", "surveys": "kind", "milestones": "kind"}
    assert set(world.faults["table"]) == set(columns)
    for name, column in columns.items():
        bad = world.tables[name][column] == "???"
        assert bad.sum() == _added(world, name) > 0
        pd.testing.assert_frame_equal(world.tables[name][~bad], clean.tables[name])


def test_usage_outside_the_contract_comes_before_its_start(clean: World) -> None:
    world = _dirty(outside_contract=0.03)
    usage = world.tables["usage_events"]
    start = usage["customer_id"].map(world.tables["customers"].set_index("customer_id")["created_at"])
    outside = usage["occurred_at"] < start
    assert (
        outside.sum() == _added(world, "usage_events") == int(0.03 * len(clean.tables["usage_events"]))
    )
    assert (start - usage["occurred_at"])[outside].max() <= pd.Timedelta(days=60)
    pd.testing.assert_frame_equal(usage[~outside], clean.tables["usage_events"])


def test_faults_are_counted_by_kind() -> None:
    world = _dirty(duplicates=0.01, orphans=0.02)
    assert list(world.faults.columns) == ["table", "fault", "rows"]
    assert set(world.faults["fault"]) == {"duplicates", "orphans"}
    assert len(world.tables["tickets"]) > _added(world, "tickets") > 0
