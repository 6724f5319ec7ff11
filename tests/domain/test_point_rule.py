from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.point_rule import PointBin, PointRule, level_text

LOGINS = PointRule("logins", (PointBin(1, 10, 5), PointBin(10, 20, 10)), missing=-2, other=1)


def earned(rule: PointRule, *values: object, dtype: object = None) -> list[float]:
    return rule.points(pd.Series(list(values), dtype=dtype)).tolist()


def test_a_bin_begins_at_its_low_and_ends_before_its_high() -> None:
    below, above = np.nextafter(10.0, 0.0), np.nextafter(20.0, 0.0)
    assert earned(LOGINS, 0.99, 1.0, below, 10.0, above, 20.0) == [1.0, 5.0, 5.0, 10.0, 10.0, 1.0]


def test_a_missing_number_earns_what_missing_earns() -> None:
    assert earned(LOGINS, None, 3, pd.NA, dtype="Int64") == [-2.0, 5.0, -2.0]
    assert earned(LOGINS, None, None) == [-2.0, -2.0]
    assert earned(LOGINS, math.nan, Decimal(12), dtype=object) == [-2.0, 10.0]


def test_a_bin_without_ends_holds_every_number() -> None:
    everything = PointRule("x", (PointBin(-math.inf, math.inf, 4),))
    assert earned(everything, -math.inf, -1e308, 0.0, math.inf) == [4.0] * 4


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([True, False, None], object),
        ([True, False, None], "boolean"),
        ([1, 0, None], "Int64"),
        ([1.0, 0.0, None], "float64"),
        (["true", " False", " "], "str"),
    ],
)
def test_true_and_false_are_levels_however_they_are_stored(values: list, dtype: object) -> None:
    rule = PointRule("onboarded", levels={"true": 3, "false": 1}, missing=-1)
    assert earned(rule, *values, dtype=dtype) == [3.0, 1.0, -1.0]


def test_levels_are_found_by_their_text_and_others_earn_other() -> None:
    rule = PointRule("plan", levels={"Pro": 3, "1": 2}, other=-1)
    values = pd.Series(["Pro ", "Basic", 1.0, None, "pro"], dtype="object")
    assert rule.points(values).tolist() == [3.0, -1.0, 2.0, 0.0, -1.0]
    assert rule.points(pd.Series(["Pro", "x"], dtype="category")).tolist() == [3.0, -1.0]


def test_points_for_missing_alone_need_neither_bins_nor_levels() -> None:
    rule = PointRule("nps", missing=-5)
    assert earned(rule, 9.0, None) == [0.0, -5.0]
    assert earned(rule, "a", None) == [0.0, -5.0]


def test_bins_need_numbers() -> None:
    told = LOGINS.column_fault(pd.Series(["many", "few"]))
    assert told == "'logins' has bins: expected numbers, got str such as 'many', 'few'"
    dates = pd.Series(pd.to_datetime(["2026-04-01"]))
    assert "datetime64" in str(LOGINS.column_fault(dates))
    assert LOGINS.column_fault(pd.Series([1 + 2j])) is not None
    assert LOGINS.column_fault(pd.Series([True, None], dtype="boolean")) is None


def test_what_numbers_earn_as_they_rise() -> None:
    assert LOGINS.by_rising_value() == [1.0, 5.0, 10.0, 1.0]
    assert PointRule("flag", levels={"true": 2, "false": 1}).by_rising_value() == [1.0, 2.0]
    assert PointRule("plan", levels={"Pro": 2, "nan": 1}).by_rising_value() == []


def test_a_bin_is_written_as_in_mathematics() -> None:
    assert [str(one) for one in (PointBin(1, 10, 5), PointBin(-math.inf, 0.5, 1))] == [
        "[1, 10)",
        "(-inf, 0.5)",
    ]


@given(st.lists(st.one_of(st.none(), st.floats(-50, 50)), min_size=1))
def test_each_value_earns_one_amount_whatever_stands_beside_it(values: list) -> None:
    whole = LOGINS.points(pd.Series(values, dtype="float64"))
    alone = [float(LOGINS.points(pd.Series([one], dtype="float64"))[0]) for one in values]
    assert whole.tolist() == alone


@given(st.text())
def test_the_text_of_a_level_stays_when_it_is_taken_again(text: str) -> None:
    assert level_text(level_text(text)) == level_text(text)
