from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.explain.explanation import Explanation
from churnhealth.explain.swarm import SWARM_COLUMNS, swarm_table


def explained(points: dict[str, list[float]], values: dict[str, list[object]]) -> Explanation:
    table = pd.DataFrame(values)
    return Explanation(80.0, pd.DataFrame(points), table, pd.Series(dtype=float), Catalogue(), table)


MADE = explained(
    {"logins": [3.0, -3.0, 0.0], "nps": [0.5, 0.0, 0.0], "nps:missing": [0.0, -1.0, -1.0]},
    {"logins": [9, 1, 5], "nps": [7.0, np.nan, np.nan]},
)


def test_the_strongest_indicators_come_first() -> None:
    # Mean absolute points: 2, 2 / 3 and 1 / 6.
    assert swarm_table(MADE)["indicator"].unique().tolist() == ["logins", "nps:missing", "nps"]
    assert swarm_table(MADE, top=1)["indicator"].unique().tolist() == ["logins"]


def test_values_are_placed_among_those_shown() -> None:
    logins = swarm_table(MADE, top=1)
    assert logins["relative_value"].tolist() == [1.0, 0.0, 0.5]
    assert logins["value"].tolist() == ["9", "1", "5"]


def test_missing_values_and_levels_have_no_place() -> None:
    nps = swarm_table(MADE).query("indicator == 'nps:missing'")
    assert nps["relative_value"].isna().tolist() == [False, True, True]
    assert nps["value"].tolist() == ["7", "", ""]
    levels = explained({"plan": [1.0, -1.0]}, {"plan": ["Pro", "Basic"]})
    assert swarm_table(levels)["relative_value"].isna().all()


def test_equal_points_are_set_above_each_other_within_the_strip() -> None:
    many = explained({"x": [1.0] * 40 + [-1.0]}, {"x": list(range(41))})
    offsets = swarm_table(many)["offset"]
    assert offsets.head(40).nunique() == 40
    assert offsets.abs().max() == 0.5
    assert offsets.iloc[40] == 0.0
    assert abs(offsets.sum()) < 1e-9


def test_a_large_portfolio_is_sampled_and_the_sample_repeats_with_the_seed() -> None:
    many = explained({"x": list(np.arange(1000.0))}, {"x": list(range(1000))})
    one, same = (swarm_table(many, most=50) for _ in range(2))
    assert one.equals(same)
    assert len(one) == 50
    assert not one.equals(swarm_table(many, most=50, random_state=1))


def test_nobody_and_nothing_make_no_rows() -> None:
    nobody = explained({"x": []}, {"x": []})
    assert tuple(swarm_table(nobody).columns) == SWARM_COLUMNS
    assert swarm_table(nobody).empty
    still = explained({"x": [0.0, 0.0]}, {"x": [1, 1]})
    assert swarm_table(still)["relative_value"].tolist() == [0.5, 0.5]


def test_settings_below_one_are_refused_together() -> None:
    with pytest.raises(SchemaError, match="2 faults"):
        swarm_table(MADE, top=0, most=0)
