"""The reliability diagram of a table made by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.plots.reliability import SIZE, reliability_diagram

TABLE = pd.DataFrame(
    {
        "bin": [1, 2],
        "low": [0.0, 0.2],
        "high": [0.1, 0.4],
        "customers": [50, 50],
        "mean_predicted": [0.05, 0.3],
        "observed": [0.04, 0.4],
        "band_low": [0.0, 0.2],
        "band_high": [0.1, 0.38],
        "inside": [True, False],
    }
)
# Axes end at 1.05 times the largest share: 0.42.
END = 0.42


def test_marks_lie_at_predicted_and_observed(marks: Any) -> None:
    chart = reliability_diagram(TABLE)
    inside, outside = sorted(marks(chart, "symbol"), key=lambda one: one["x"])
    assert inside["x"] == pytest.approx(SIZE * 0.05 / END)
    assert inside["y"] == pytest.approx(SIZE * (1 - 0.04 / END))
    assert outside["x"] == pytest.approx(SIZE * 0.3 / END)
    assert outside["y"] == pytest.approx(SIZE * (1 - 0.4 / END))


def test_a_share_outside_the_band_has_another_shape_and_colour(marks: Any) -> None:
    inside, outside = sorted(marks(reliability_diagram(TABLE), "symbol"), key=lambda one: one["x"])
    assert (inside.get("shape", "circle"), outside["shape"]) == ("circle", "diamond")
    assert inside["fill"] != outside["fill"]


def test_boxes_span_the_bins_and_what_chance_allows(marks: Any) -> None:
    first, second = sorted(marks(reliability_diagram(TABLE), "rect"), key=lambda one: one["x"])
    assert first["width"] == pytest.approx(SIZE * 0.1 / END)
    assert first["height"] == pytest.approx(SIZE * 0.1 / END)
    assert second["x"] == pytest.approx(SIZE * 0.2 / END)
    assert second["height"] == pytest.approx(SIZE * (0.38 - 0.2) / END)


def test_the_histogram_stands_below_on_the_same_axis(marks: Any, tables: dict[str, Any]) -> None:
    counts = pd.DataFrame(
        {"probability_low": [0.0, 0.2], "probability_high": [0.1, 0.3], "customers": [75, 25]}
    )
    boxes = marks(reliability_diagram(TABLE, histogram=counts), "rect")
    high, low = boxes[-2:]
    assert high["height"] == pytest.approx(3 * low["height"])
    assert low["x"] == pytest.approx(SIZE * 0.2 / END)
    spec = reliability_diagram(TABLE, histogram=counts, curve=tables["curve"]).to_dict()
    assert "curve: smoothed" in spec["description"]


def test_a_model_that_says_zero_for_everybody_is_drawn(marks: Any) -> None:
    none = TABLE.head(1).assign(low=0.0, high=0.0, mean_predicted=0.0, observed=0.0, band_high=0.0)
    (mark,) = marks(reliability_diagram(none), "symbol")
    assert (mark["x"], mark["y"]) == (0, SIZE)


def test_shares_in_per_cent_are_refused() -> None:
    with pytest.raises(SchemaError, match=r"observed: expected 0 to 1, got '4\.0', '40\.0'"):
        reliability_diagram(TABLE.assign(observed=[4.0, 40.0]))
    with pytest.raises(SchemaError, match="smooth curve: 4 faults"):
        reliability_diagram(TABLE, curve=pd.DataFrame({"p": [0.1]}))
