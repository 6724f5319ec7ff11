from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.explain.change_day import DayOfChange
from churnhealth.plots.history import indicator_history, score_history

CHANGE = DayOfChange(dt.date(2026, 3, 21), 5.0, 1.25, 0.001)


def test_cutoffs_are_drawn_at_the_projects_own_dates(tables: dict[str, Any], rows_of: Any) -> None:
    one = tables["scores"].head(1).assign(cutoff=pd.Timestamp("2026-03-31 15:00", tz="UTC"))
    for zone, day in (("Asia/Tokyo", "2026-04-01T00:00:00"), ("UTC", "2026-03-31T15:00:00")):
        assert rows_of(score_history(one, timezone=zone))[0]["day"] == day


def test_bands_have_their_own_shapes(tables: dict[str, Any], marks: Any) -> None:
    symbols = sorted(marks(score_history(tables["scores"]), "symbol"), key=lambda one: one["x"])
    assert [one.get("shape", "circle") for one in symbols] == (
        ["circle"] * 4 + ["triangle-up"] * 2 + ["diamond"] * 2
    )
    heights = [one["y"] for one in symbols]
    assert heights.index(max(heights)) == 7


def test_the_day_of_change_is_a_line_and_a_sentence(tables: dict[str, Any], marks: Any) -> None:
    for language, told in (("en", "since 21 March 2026"), ("ja", "2026/3/21 から")):
        chart = score_history(tables["scores"], change=CHANGE, language=language)
        assert told in chart.to_dict()["description"]
        assert len(marks(chart, "rule")) == 1
    assert not marks(score_history(tables["scores"]), "rule")


def test_both_levels_are_drawn_where_they_hold(marks: Any) -> None:
    series = pd.Series([5] * 20 + [1] * 10, index=pd.date_range("2026-03-01", periods=30))
    chart = indicator_history(series, "logins", change=CHANGE)
    before, after, day = sorted(
        marks(chart, "rule"), key=lambda one: (abs(one.get("y2", one["y"]) - one["y"]), one["x"])
    )
    assert before["x2"] == pytest.approx(after["x"])
    assert day["x"] == pytest.approx(after["x"])
    # 5 against 1.25 a day, on an axis from 0.
    floor = max(one["y"] + one["height"] for one in marks(chart, "rect"))
    assert (floor - before["y"]) == pytest.approx(4 * (floor - after["y"]), rel=0.01)
    assert "5.0 a day before, 1.2 a day after" in chart.to_dict()["description"]


def test_counts_without_days_or_below_zero_are_refused_together() -> None:
    with pytest.raises(SchemaError) as caught:
        indicator_history(pd.Series([-1.0, 2.0], index=["soon", "2026-01-01"]))
    assert caught.value.faults == (
        "index: expected dates, got 'soon'",
        "expected counts of 0 or more, none missing",
    )
