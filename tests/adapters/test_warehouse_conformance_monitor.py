"""What monitoring asks of every warehouse: past scores back, its own tables replaced in one go."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.warehouse import RunRecord, Warehouse
from churnhealth.domain.monitor_tables import HEALTH_MONITOR_CHECKS, HEALTH_MONITOR_LEAD_TIMES
from churnhealth.errors import SchemaError, WarehouseError

APRIL, MAY = (pd.Timestamp(day, tz="UTC") for day in ("2026-04-01", "2026-05-01"))
NOW = pd.Timestamp("2026-06-01", tz="UTC")


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def monitoring(run_id: str = "watch") -> RunRecord:
    return RunRecord(run_id, "monitor", None, "m1", None, 0, NOW)


def checks(run_id: str, **statuses: str) -> pd.DataFrame:
    names = pd.Series(list(statuses), dtype="str")
    words = {"check_en": "age", "check_ja": "モデルの古さ", "reason_ja": "古い。"}
    return pd.DataFrame({"check_name": names, "status": list(statuses.values())}).assign(
        run_id=run_id, checked_at=NOW, model_version="m1", reason_en='it\'s "so"; --', **words
    )


def test_slices_are_listed_with_when_they_were_first_and_last_scored(
    warehouse: Warehouse, world: Any
) -> None:
    world.publish(warehouse, "r1", {"a": 90.0})
    world.publish(warehouse, "r2", {"a": 90.0}, finished="2026-04-09")
    world.publish(warehouse, "r3", {"a": 80.0}, cutoff="2026-05-01", model="m2")
    world.publish(warehouse, "r4", {"a": 80.0}, cutoff="2026-05-01", finished="2026-05-02")
    warehouse.start_run(world.run("dead", rows=1, cutoff="2026-06-01"))
    found = warehouse.finished_slices()
    assert found["cutoff"].tolist() == [APRIL, MAY, MAY]
    assert found["model_version"].tolist() == ["m1", "m2", "m1"]
    assert found["finished_at"].tolist()[0] == pd.Timestamp("2026-04-09", tz="UTC")
    assert found["first_finished_at"].tolist()[0] == pd.Timestamp("2026-04-03", tz="UTC")


def test_a_slice_and_some_of_its_drivers_come_back(warehouse: Warehouse, world: Any) -> None:
    hostile = '"; DROP TABLE health_scores; --'
    world.publish(warehouse, "r1", {"a": 90.0, "b": 30.0, hostile: 10.0})
    world.publish(warehouse, "r2", {"a": 10.0}, cutoff="2026-05-01")
    assert warehouse.slice_scores(APRIL, "m1")["customer_id"].tolist() == [hostile, "a", "b"]
    assert warehouse.slice_scores(APRIL, "m9").empty
    drivers = warehouse.drivers_of(APRIL, "m1", [hostile, "b"], 1)
    assert drivers["customer_id"].tolist() == [hostile, "b"]
    assert drivers["contribution_points"].tolist() == [-50.0, -30.0]
    assert warehouse.drivers_of(APRIL, "m1", [], 1).empty
    many = [f"x{at}" for at in range(1201)]
    assert warehouse.drivers_of(APRIL, "m1", [*many, "a"], 2)["rank"].tolist() == [1, 2]


def test_each_run_replaces_the_tables_and_ends_with_them(warehouse: Warehouse) -> None:
    for run_id, found in (("w1", {"age": "ok", "drift": "ok"}), ("w2", {"age": "due"})):
        warehouse.start_run(monitoring(run_id))
        tables = {HEALTH_MONITOR_CHECKS: checks(run_id, **found)}
        warehouse.publish_monitor(monitoring(run_id), tables, NOW, "a retrain is due")
    table = warehouse.read_table("health_monitor_checks")
    assert table[["run_id", "check_name", "status"]].to_numpy().tolist() == [["w2", "age", "due"]]
    assert table["reason_en"].tolist() == ['it\'s "so"; --']
    row = warehouse.runs(1).iloc[0]
    assert (row["status"], row["message"]) == ("completed", "a retrain is due")


def test_tables_that_break_their_contract_change_nothing(warehouse: Warehouse) -> None:
    warehouse.start_run(monitoring())
    warehouse.publish_monitor(
        monitoring(), {HEALTH_MONITOR_CHECKS: checks("watch", age="ok")}, NOW, "fine"
    )
    again = monitoring("again")
    warehouse.start_run(again)
    bad = {
        HEALTH_MONITOR_CHECKS: checks("again", age="due"),
        HEALTH_MONITOR_LEAD_TIMES: pd.DataFrame({"customer_id": ["a"]}),
    }
    with pytest.raises(SchemaError, match="health_monitor_lead_times"):
        warehouse.publish_monitor(again, bad, NOW, "broken")
    assert warehouse.read_table("health_monitor_checks")["status"].tolist() == ["ok"]


def test_a_run_that_was_not_started_leaves_the_old_tables(warehouse: Warehouse) -> None:
    warehouse.start_run(monitoring())
    warehouse.publish_monitor(
        monitoring(), {HEALTH_MONITOR_CHECKS: checks("watch", age="ok")}, NOW, "fine"
    )
    with pytest.raises(WarehouseError, match="expected a started run"):
        warehouse.publish_monitor(
            monitoring("ghost"), {HEALTH_MONITOR_CHECKS: checks("ghost", age="due")}, NOW, ""
        )
    assert warehouse.read_table("health_monitor_checks")["run_id"].tolist() == ["watch"]
