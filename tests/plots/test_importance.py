from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue
from churnhealth.evaluate.importance import IMPORTANCE_COLUMNS
from churnhealth.plots.importance import importance_bars


def _table(names: list[str]) -> pd.DataFrame:
    lines = [(name, 3.0 - at, 2.5 - at, 3.5 - at) for at, name in enumerate(names)]
    return pd.DataFrame(lines, columns=list(IMPORTANCE_COLUMNS))


def test_bars_are_as_long_as_the_points_and_intervals_lie_around_their_ends(marks: Any) -> None:
    chart = importance_bars(_table(["usage", "touch"]))
    bars = [one for one in marks(chart, "rect") if one["height"] > 12]
    long, short = sorted(bars, key=lambda one: one["y"])
    assert long["width"] / short["width"] == pytest.approx(3.0 / 2.0)
    first = min(marks(chart, "rule"), key=lambda one: one["y"])
    assert (first["x"] + first["x2"]) / 2 == pytest.approx(long["x2"])


def test_groups_of_ones_own_and_indicators_are_called_by_their_labels(
    catalogue: Catalogue, rows_of: Any
) -> None:
    own = Catalogue(catalogue.indicators, {"finance": {"en": "money", "ja": "財務"}})
    chart = importance_bars(_table(["usage", "finance", "plan"]), catalogue=own, language="ja")
    assert [row["name"] for row in rows_of(chart)] == ["利用状況", "財務", "プラン"]


def test_without_intervals_bars_stand_alone(marks: Any) -> None:
    chart = importance_bars(_table(["usage"]).assign(low=np.nan, high=np.nan))
    assert len([one for one in marks(chart, "rect") if one["width"] > 12]) == 1
