from __future__ import annotations

from typing import Any

import pytest

from churnhealth.domain.indicators import Catalogue
from churnhealth.explain.swarm import SWARM_COLUMNS
from churnhealth.plots import swarm as module
from churnhealth.plots.swarm import beeswarm


def test_the_columns_are_those_of_the_table() -> None:
    assert {column.name for column in module._NEEDED} <= set(SWARM_COLUMNS)


def test_every_customer_has_a_mark_in_every_strip(tables: dict[str, Any], marks: Any) -> None:
    symbols = marks(beeswarm(tables["swarm"]), "symbol")
    assert len(symbols) == len(tables["swarm"]) == 7 * 200
    crosses = [one for one in symbols if one.get("shape") == "cross"]
    assert len(crosses) == tables["swarm"]["relative_value"].isna().sum()


def test_marks_stay_within_their_strips(
    tables: dict[str, Any], marks: Any, catalogue: Catalogue
) -> None:
    one = tables["swarm"][tables["swarm"]["indicator"] == "logins_28d"]
    symbols = marks(beeswarm(one, catalogue=catalogue), "symbol")
    assert all(0 <= mark["y"] <= module.STRIP for mark in symbols)
    by_points = sorted(zip(one["points"], (mark["x"] for mark in symbols), strict=True))
    left, right = by_points[0], by_points[-1]
    middle = by_points[len(by_points) // 2]
    share = (middle[0] - left[0]) / (right[0] - left[0])
    assert (middle[1] - left[1]) / (right[1] - left[1]) == pytest.approx(share)
