from __future__ import annotations

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.point_rule import PointBin, PointRule
from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import ConfigError, SchemaError

TEXT = """
[logins]
bins = [{ low = 1, high = 10, points = 5 }, { low = 10, high = 20, points = 10 }]
missing = -1

[plan]
levels = { Pro = 3, Basic = 1 }
other = 0.5
"""
TABLE = PointTable.from_dict(tomllib.loads(TEXT))
ROWS = pd.DataFrame(
    {"plan": ["Pro", "Basic", "Gold", None], "logins": [10, 1, None, 20], "extra": 1},
    index=["a", "b", "c", "d"],
)


def test_points_stand_by_indicator_in_the_order_of_the_table() -> None:
    points = TABLE.points(ROWS)
    assert points.columns.tolist() == ["logins", "plan"]
    assert points.loc["a"].tolist() == [10.0, 3.0]
    assert points.loc["b"].tolist() == [5.0, 1.0]
    assert points.loc["c"].tolist() == [-1.0, 0.5]
    assert points.loc["d"].tolist() == [0.0, 0.0]  # 20 is in no bin, the plan is missing


def test_the_total_is_the_sum_of_the_points() -> None:
    total = TABLE.total(ROWS)
    assert total.name == "points"
    assert total.to_dict() == {"a": 13.0, "b": 6.0, "c": -0.5, "d": 0.0}


def test_a_table_without_indicators_gives_everybody_nothing() -> None:
    assert PointTable().total(ROWS).tolist() == [0.0] * 4
    assert PointTable().points(ROWS).shape == (4, 0)


def test_no_rows_have_no_points() -> None:
    assert TABLE.points(ROWS.iloc[:0]).shape == (0, 2)


def test_all_indicators_that_the_rows_lack_are_told_at_once_with_the_nearest_name() -> None:
    with pytest.raises(SchemaError) as error:
        TABLE.points(ROWS.rename(columns={"logins": "login"}).assign(plan=1)[["login"]])
    assert error.value.faults == (
        "no column is called 'logins' (did you mean 'login'?)",
        "no column is called 'plan'",
    )


def test_columns_that_cannot_be_read_are_told() -> None:
    twice = pd.concat([ROWS, ROWS[["plan"]]], axis=1).assign(logins="many")
    with pytest.raises(SchemaError) as error:
        TABLE.points(twice)
    assert error.value.faults == (
        "'logins' has bins: expected numbers, got str such as 'many'",
        "2 columns are called 'plan'",
    )


def test_every_fault_of_a_table_is_told_at_once() -> None:
    bins = (PointBin(1, 10, 5), PointBin(9, 20, np.inf), PointBin(3, 3, 1), PointBin(np.nan, 4, 1))
    wrong = (
        PointRule("logins", bins),
        PointRule("logins", levels={"true": 1, "1": 2}, missing=float("nan")),
        PointRule("both", bins[:1], {"a": 1}),
        PointRule("idle"),
    )
    with pytest.raises(ConfigError) as error:
        PointTable(wrong)
    assert str(error.value).splitlines() == [
        "points: 'logins' stands twice",
        "points: 'logins': expected finite points, got inf",
        "points: 'logins': expected low < high, got low 3 and high 3",
        "points: 'logins': expected low < high, got low nan and high 4",
        "points: 'logins': the bins [1, 10) and [9, 20) overlap",
        "points: 'logins': expected finite points, got nan",
        "points: 'logins': the level '1' stands twice (true is 1, false is 0)",
        "points: 'both': expected bins (of a number) or levels (of a category), got both",
        "points: 'idle': everybody gets the same; expected bins, levels, or other points for missing",
    ]


def test_every_fault_of_plain_values_is_told_at_once() -> None:
    values = {
        "logins": {"bin": [], "bins": [{"lo": 1, "points": 2}, {"low": "1"}, 3], "missing": True},
        "plan": {"levels": ["Pro"]},
        "seats": 5,
        "nps": {"bins": {"low": 1}, "levels": {"9": "high"}},
        "tickets": {"bins": [{"low": 5, "high": 1, "points": 1}]},
        "fee": {"missing": 10**400},
    }
    with pytest.raises(ConfigError) as error:
        PointTable.from_dict(values)
    told = str(error.value).splitlines()
    for words in (
        "'logins': unknown key 'bin' (did you mean 'bins'?); known are 'bins', 'levels', 'mis",
        "'logins': missing: expected a number, got True",
        "'logins': bin 1: unknown key 'lo' (did you mean 'low'?)",
        "'logins': bin 2: low: expected a number, got '1'",
        "'logins': bin 2: points are missing",
        "'logins': bin 3: expected {low = 1, high = 10, points = 5}, got 3",
        "'plan': levels: expected points by level",
        "'seats': expected a section with 'bins', 'levels', 'missing', 'other', got 5",
        "'nps': bins: expected a list of {low = 1, high = 10, points = 5}",
        "'nps': levels.9: expected a number, got 'high'",
        "'tickets': expected low < high, got low 5 and high 1",
        "'fee': missing: expected a number",
    ):
        assert any(line.startswith(f"points: {words}") for line in told), words
    assert len(told) == 12


def test_bins_may_touch_stand_in_any_order_and_have_no_ends() -> None:
    values = {"x": {"bins": [{"low": 10, "points": 2}, {"high": 10, "points": 1}]}}
    table = PointTable.from_dict(values)
    assert table.total(pd.DataFrame({"x": [-1e9, 9.99, 10.0, 1e9]})).tolist() == [1, 1, 2, 2]
    assert table.to_dict() == values


def test_the_rules_of_some_indicators_can_be_kept() -> None:
    assert TABLE.among(["plan", "seats"]).indicators == ("plan",)


names = st.text() | st.sampled_from(["points", "bins", "x:missing", "a.b", 'quo"te', "", "顧客"])
numbers = st.floats(-1e6, 1e6)
edges = st.lists(numbers, min_size=2, max_size=6, unique=True).map(sorted)
bins = edges.flatmap(
    lambda ends: st.tuples(
        *(
            numbers.map(lambda one, at=at: PointBin(*ends[at : at + 2], one))
            for at in range(len(ends) - 1)
        )
    )
)
levels = st.dictionaries(st.text("abc", min_size=1), numbers, min_size=1)
rules = st.builds(PointRule, names, bins=bins, missing=numbers, other=numbers) | st.builds(
    PointRule, names, levels=levels, missing=numbers, other=numbers
)
tables = st.lists(rules, max_size=4, unique_by=lambda one: one.indicator).map(
    lambda found: PointTable(tuple(found))
)


@settings(max_examples=50)
@given(tables)
def test_a_table_survives_json_whatever_its_indicators_are_called(table: PointTable) -> None:
    assert PointTable.from_dict(json.loads(json.dumps(table.to_dict(), allow_nan=False))) == table


@settings(max_examples=50)
@given(tables, st.lists(numbers | st.none(), max_size=5))
def test_every_value_earns_finite_points(table: PointTable, values: list) -> None:
    column = pd.Series(values, dtype="float64")
    frame = pd.DataFrame(dict.fromkeys(table.indicators, column), index=column.index)
    assert np.isfinite(table.points(frame).to_numpy()).all()
