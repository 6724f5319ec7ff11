from __future__ import annotations

from typing import Any

import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.evaluate.two_axes import AXES_COLUMNS, two_axes
from churnhealth.plots import two_axes as module
from churnhealth.plots.two_axes import two_axes_matrix

SCORES = pd.DataFrame({"usage": [20.0, 90.0, 95.0], "own": [80.0, 30.0, 85.0]})
CUTS = {"usage": [50], "own": [50]}
TABLE = two_axes(
    SCORES, "usage", "own", [0.6, 0.2, 0.1], mrr=[1000.0, 500.0, 10.0], cuts=CUTS, bins=["low", "high"]
)


def test_the_columns_are_those_of_the_table() -> None:
    assert {column.name for column in module._NEEDED} <= set(AXES_COLUMNS)


def test_each_cell_tells_risk_customers_and_money(rows_of: Any) -> None:
    cells = {(row["first"], row["second"]): row for row in rows_of(two_axes_matrix(TABLE, "JPY"))}
    assert cells["low", "high"]["risk"] == "60.0%"
    # 0.6 x 1000
    assert cells["low", "high"]["money"] == "MRR at risk 600 JPY"
    assert cells["low", "low"]["who"] == "0 customers"
    assert (cells["low", "low"]["risk"], cells["low", "low"]["money"]) == ("–", "")


def test_high_stands_above_and_to_the_right(marks: Any) -> None:
    texts = {one["text"]: one for one in marks(two_axes_matrix(TABLE), "text")}
    assert texts["20.0%"]["y"] < texts["60.0%"]["y"]
    assert texts["20.0%"]["x"] < texts["60.0%"]["x"]


def test_letters_on_strong_cells_are_light(marks: Any) -> None:
    texts = {one["text"]: one["fill"] for one in marks(two_axes_matrix(TABLE), "text")}
    assert texts["60.0%"] == "#ffffff"
    assert texts["10.0%"] == "#1a1a1a"


def test_groups_are_called_by_their_labels() -> None:
    own = Catalogue((), {"own": {"en": "mine", "ja": "独自"}})
    told = two_axes_matrix(TABLE, catalogue=own, language="ja").to_dict()["title"]["text"]
    assert told == "リスクの所在：利用状況×独自"
