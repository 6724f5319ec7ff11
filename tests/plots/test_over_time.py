from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.domain.monitor_tables import HEALTH_MONITOR_PERIODS
from churnhealth.errors import SchemaError
from churnhealth.evaluate.realised import PERIOD_COLUMNS
from churnhealth.plots import over_time
from churnhealth.plots.over_time import calibration_over_time


def test_the_columns_are_those_of_the_monitor() -> None:
    needed = {column.name for column in over_time._NEEDED}
    assert needed <= set(PERIOD_COLUMNS)
    assert needed <= set(HEALTH_MONITOR_PERIODS.column_names)


def test_a_triangle_points_where_scores_were_wrong_beyond_chance(
    tables: dict[str, Any], marks: Any
) -> None:
    symbols = sorted(marks(calibration_over_time(tables["periods"]), "symbol"), key=lambda one: one["x"])
    shapes = [one.get("shape", "circle") for one in symbols]
    assert shapes == ["circle", "circle", "triangle-down", "triangle-up"]


def test_bars_span_what_chance_allows(tables: dict[str, Any], marks: Any) -> None:
    bars = sorted(marks(calibration_over_time(tables["periods"]), "rect"), key=lambda one: one["x"])
    tall = [one for one in bars if one["height"] > 10]
    # 31 - 13 and 35 - 16 churners.
    assert tall[1]["height"] / tall[0]["height"] == pytest.approx(19 / 18)


def test_only_the_asked_kind_is_drawn(tables: dict[str, Any], rows_of: Any) -> None:
    both = pd.concat([tables["periods"], tables["periods"].assign(period_kind="all", period="")])
    assert len(rows_of(calibration_over_time(both))) == 4
    assert rows_of(calibration_over_time(both, "month"))[0]["said"].startswith("0 rows")


def test_another_kind_and_another_verdict_are_refused(tables: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match="kind: expected one of 'cutoff'"):
        calibration_over_time(tables["periods"], "quarter")
    with pytest.raises(SchemaError, match="verdict: expected one of"):
        calibration_over_time(tables["periods"].assign(verdict="fine"))
