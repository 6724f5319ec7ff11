"""Bars and waterfall of one customer, as they are placed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue
from churnhealth.explain.waterfall import waterfall_steps
from churnhealth.plots.drivers import driver_bars, waterfall

DRIVERS = pd.DataFrame(
    {
        "indicator": ["logins_28d", "nps:missing", "(all others)"],
        "indicator_group": ["usage", "satisfaction", "(all others)"],
        "value": [3, None, None],
        "contribution_points": [-4.0, 2.0, 1.0],
    }
)


def test_bars_are_as_long_as_the_points_and_point_their_way(marks: Any) -> None:
    lowers, raises, others = sorted(marks(driver_bars(DRIVERS), "rect"), key=lambda one: one["y"])
    # -4, 2 and 1 points: the second bar is half as long as the first, the third a quarter.
    assert raises["width"] == pytest.approx(lowers["width"] / 2)
    assert others["width"] == pytest.approx(lowers["width"] / 4)
    # The first ends where the others begin: at zero.
    assert lowers["x2"] == pytest.approx(raises["x"]) == pytest.approx(others["x"])
    assert lowers["fill"] != raises["fill"] == others["fill"]


def test_numbers_stand_at_the_ends_of_the_bars(marks: Any) -> None:
    chart = driver_bars(DRIVERS)
    ends = {round(one["x"]) for one in marks(chart, "text")}
    bars = marks(chart, "rect")
    assert {one["text"] for one in marks(chart, "text")} == {"−4.0", "+2.0", "+1.0"}
    assert ends == {round(bars[0]["x"]), round(bars[1]["x2"]), round(bars[2]["x2"])}


def test_steps_of_the_waterfall_hang_together(marks: Any) -> None:
    # 80 - 4 + 2 + 1 = 79
    chart = waterfall(waterfall_steps(DRIVERS, 80.0))
    first, second, third = sorted(marks(chart, "rect"), key=lambda one: one["y"])
    base, score = sorted(marks(chart, "symbol"), key=lambda one: one["y"])
    assert first["x2"] == pytest.approx(base["x"])
    assert second["x"] == pytest.approx(first["x"])
    assert third["x"] == pytest.approx(second["x2"])
    assert score["x"] == pytest.approx(third["x2"])
    # One point is as long in each step.
    assert first["width"] == pytest.approx(4 * third["width"])
    told = [one["text"] for one in sorted(marks(chart, "text"), key=lambda one: one["y"])]
    assert told == ["80.0", "−4.0", "+2.0", "+1.0", "79.0"]


def test_names_are_labels_in_the_language(catalogue: Catalogue, rows_of: Any) -> None:
    rows = rows_of(driver_bars(DRIVERS, catalogue=catalogue, language="ja"))
    assert [row["name"] for row in rows if "name" in row] == [
        "ログイン回数",
        "NPSの回答：値なし",
        "その他すべて",
    ]
    assert {row["effect"] for row in rows if "effect" in row} == {"下げる", "上げる"}


def test_two_indicators_of_the_same_label_keep_their_own_bars(catalogue: Catalogue, marks: Any) -> None:
    twice = Catalogue(
        tuple(one for one in catalogue.indicators if one.name == "logins_28d"),
    )
    drivers = DRIVERS.assign(indicator=["logins_28d", "logins", "(all others)"])
    chart = driver_bars(drivers, catalogue=twice)
    assert len({round(one["y"]) for one in marks(chart, "rect")}) == 3
    assert "logins [logins_28d]" in str(chart.to_dict())


def test_a_customer_whom_nothing_moves_is_drawn(marks: Any) -> None:
    still = DRIVERS.assign(contribution_points=0.0)
    assert {one["text"] for one in marks(driver_bars(still), "text")} == {"±0.0"}
    told = {one["text"] for one in marks(waterfall(waterfall_steps(still, 80.0)), "text")}
    assert told == {"80.0", "±0.0"}


def test_a_customer_with_raising_drivers_only_begins_at_zero(marks: Any) -> None:
    up = DRIVERS.assign(contribution_points=[3.0, 2.0, 1.0])
    assert {one["x"] for one in marks(driver_bars(up), "rect")} == {0}
