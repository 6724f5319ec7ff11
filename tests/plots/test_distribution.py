from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.distribution import DISTRIBUTION_COLUMNS, score_distribution
from churnhealth.plots import distribution as module
from churnhealth.plots.distribution import score_histogram

TABLE = score_distribution([0.02, 0.03, 0.07, 0.5], ["green", "green", "yellow", "red"], bins=10)


def test_the_columns_are_those_of_the_table() -> None:
    assert {column.name for column in module._NEEDED} <= set(DISTRIBUTION_COLUMNS)


def test_bars_are_as_high_as_their_customers_and_stand_on_the_axis(marks: Any) -> None:
    red, yellow, green = sorted(marks(score_histogram(TABLE), "rect"), key=lambda one: one["x"])
    assert green["height"] == pytest.approx(2 * red["height"])
    assert len({round(one["y"] + one["height"], 3) for one in (red, yellow, green)}) == 1
    assert len({one["fill"] for one in (red, yellow, green)}) == 3


def test_bands_of_one_bin_are_stacked(marks: Any) -> None:
    both = score_distribution([0.02, 0.03], ["green", "yellow"], bins=10).assign(
        score_low=95.0, score_high=100.0
    )
    one, other = sorted(marks(score_histogram(both), "rect"), key=lambda one: one["y"])
    assert one["y"] + one["height"] == pytest.approx(other["y"])


def test_each_band_is_named_above_its_fullest_bar(marks: Any) -> None:
    chart = score_histogram(TABLE, language="ja")
    names = {one["text"]: one for one in marks(chart, "text")}
    assert set(names) == {"健全", "注意", "危険"}
    assert names["健全"]["x"] > names["注意"]["x"] > names["危険"]["x"]


def test_without_bands_there_is_one_colour_and_no_name(marks: Any) -> None:
    chart = score_histogram(score_distribution([0.1, 0.2, 0.3]))
    assert len({one["fill"] for one in marks(chart, "rect")}) == 1
    assert not marks(chart, "text")


def test_another_band_is_refused() -> None:
    with pytest.raises(SchemaError, match="health_band: expected one of 'green', 'yellow', 'red'"):
        score_histogram(TABLE.assign(health_band=pd.Series(["blue"] * len(TABLE))))
