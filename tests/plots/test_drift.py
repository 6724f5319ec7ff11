from __future__ import annotations

from typing import Any

import pytest

from churnhealth.domain.monitor_tables import HEALTH_MONITOR_DRIFT
from churnhealth.evaluate.drift import DRIFT_COLUMNS, DriftPolicy
from churnhealth.plots import drift as module
from churnhealth.plots.drift import drift_bars


def test_the_columns_are_those_of_the_tables() -> None:
    needed = {column.name for column in module._NEEDED}
    assert needed <= set(DRIFT_COLUMNS)
    assert needed <= set(HEALTH_MONITOR_DRIFT.column_names)


def test_verdicts_have_their_own_shapes(tables: dict[str, Any], marks: Any) -> None:
    symbols = sorted(marks(drift_bars(tables["drift"]), "symbol"), key=lambda one: one["y"])
    shapes = [one.get("shape", "circle") for one in symbols]
    assert shapes == ["circle", "diamond", "triangle-up", "circle", "circle"]


def test_the_thresholds_that_were_used_are_drawn_and_told(tables: dict[str, Any], marks: Any) -> None:
    chart = drift_bars(tables["drift"], policy=DriftPolicy(0.05, 0.2))
    lines = {one["x"] for one in marks(chart, "rule") if one.get("y2") != one["y"]}
    ordered = sorted(place for place in lines if place > 0)
    assert ordered[-1] / ordered[0] == pytest.approx(0.2 / 0.05)
    assert "warning at 0.05, too much at 0.2" in chart.to_dict()["description"]


def test_of_many_indicators_the_first_are_drawn_and_it_is_said(
    tables: dict[str, Any], rows_of: Any
) -> None:
    chart = drift_bars(tables["drift"], most=2)
    assert [row["name"] for row in rows_of(chart) if "name" in row] == ["health score", "logins_28d"]
    assert "the 2 that drifted most of 5" in chart.to_dict()["description"]
