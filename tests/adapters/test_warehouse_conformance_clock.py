"""Clocks that jump: what ended last is what the ledger and the view show as last, on every engine."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.adapters.warehouse import Warehouse


@pytest.fixture
def warehouse(place: Any) -> Warehouse:
    return place.open()


def ends(warehouse: Warehouse) -> pd.Series:
    return warehouse.read_table("health_runs").set_index("run_id")["finished_at"]


def moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_of_two_models_the_one_that_ended_last_is_current_though_the_clock_went_back(
    warehouse: Warehouse, world: Any
) -> None:
    about = {"started": "2026-04-09", "finished": "2026-04-10"}
    world.publish(warehouse, "r1", {"a": 80.0}, model="m1", **about)
    # A week earlier, says the clock that was set right meanwhile.
    about = {"started": "2026-04-02", "finished": "2026-04-03"}
    world.publish(warehouse, "r2", {"a": 70.0}, model="m2", **about)
    assert warehouse.current_scores()["model_version"].tolist() == ["m2"]
    again = world.publish(warehouse, "r3", {"a": 80.0}, model="m1", **about)
    assert again.status == "unchanged"
    assert warehouse.current_scores()["model_version"].tolist() == ["m1"]
    late = moment("2026-04-10")
    assert ends(warehouse).to_dict() == {
        "r1": late,
        "r2": late + pd.Timedelta(microseconds=1),
        "r3": late + pd.Timedelta(microseconds=2),
    }


def test_another_cutoff_keeps_its_own_time(warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 80.0}, finished="2026-04-10")
    world.publish(warehouse, "r2", {"a": 70.0}, cutoff="2026-05-01", finished="2026-04-03")
    assert ends(warehouse)["r2"] == moment("2026-04-03")
    current = warehouse.current_scores()
    assert (current["health_score"][0], current["health_score_change"][0]) == (70.0, -10.0)


def test_no_run_ends_before_it_began(warehouse: Warehouse, world: Any) -> None:
    world.publish(warehouse, "r1", {"a": 80.0}, started="2026-04-05", finished="2026-04-03")
    warehouse.start_run(world.run("r2", rows=1, started="2026-04-08"))
    warehouse.start_run(world.run("r3", rows=1, started="2026-04-07"))  # r2 has died
    warehouse.fail_run("r3", "no model", moment("2026-04-06"))
    retrain = world.run("r4", rows=1, job="retrain", cutoff=None, started="2026-04-08")
    warehouse.start_run(retrain)
    warehouse.finish_run(retrain, moment("2026-04-01"), message="kept")
    began = {"r1": "2026-04-05", "r2": "2026-04-08", "r3": "2026-04-07", "r4": "2026-04-08"}
    assert ends(warehouse).to_dict() == {run: moment(day) for run, day in began.items()}
