from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from churnhealth.domain.point_rule import PointBin
from churnhealth.domain.scorecard import PointTable
from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.point_learning import MOST_INDICATORS, bin_edges, learn_point_table


def learned(frame: pd.DataFrame, y: np.ndarray, monotone: tuple[int, ...] = ()) -> PointTable:
    columns = learn_columns(frame)
    matrix = encode_table(frame, columns).matrix
    return learn_point_table(matrix, y, np.ones(len(y)), columns, monotone)


def churners(*shares: tuple[int, int]) -> np.ndarray:
    """Labels of groups of customers, each given as (size, churners)."""
    return np.concatenate([np.repeat([1.0, 0.0], [left, size - left]) for size, left in shares])


def test_the_points_are_the_shrunken_evidence_worked_out_by_hand() -> None:
    frame = pd.DataFrame({"plan": np.repeat(["Basic", "Pro"], 480)})
    y = churners((480, 192), (480, 48))
    # The base rate is 240 / 960 = 1/4, so 20 average customers are 5 churners and 15 others.
    # Basic: 197 / 303; Pro: 53 / 447; the odds differ by a factor of 5.483 = 2 ** 2.455.
    # Two points halve the odds: 4.91 points, which is 5. Average: ln(197/303 * 3) / (ln 2 / 2) = 1.93.
    (rule,) = learned(frame, y).rules
    assert dict(rule.levels) == {"Basic": 0.0, "Pro": 5.0}
    assert (rule.missing, rule.other) == (2.0, 2.0)


def test_a_missing_value_is_a_bin_of_its_own() -> None:
    answered = np.repeat([9.0, np.nan], 480)
    (rule,) = learned(pd.DataFrame({"nps": answered}), churners((480, 48), (480, 192))).rules
    assert rule.bins == (PointBin(-math.inf, math.inf, 5.0),)
    assert rule.missing == 0.0


def test_neighbouring_bins_of_equal_worth_are_one() -> None:
    logins = np.repeat([0.0, 5.0, 10.0, 15.0], 250)
    y = churners((250, 125), (250, 25), (250, 25), (250, 25))
    (rule,) = learned(pd.DataFrame({"logins": logins}), y).rules
    assert [str(one) for one in rule.bins] == ["(-inf, 5)", "[5, inf)"]


def test_an_indicator_that_repeats_another_earns_nothing_more() -> None:
    plan = np.repeat(["Basic", "Pro"], 480)
    y = churners((480, 192), (480, 48))
    assert learned(pd.DataFrame({"plan": plan, "again": plan}), y).indicators == ("plan",)


def test_noise_is_worth_nothing() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
    assert learned(frame, (rng.random(500) < 0.2).astype(float)) == PointTable()


def test_a_table_stays_short_and_its_points_are_small_whole_numbers() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(4000, 12))).add_prefix("x")
    y = (rng.random(4000) < expit(frame.sum(axis=1) / 2.0)).to_numpy(np.float64)
    table = learned(frame, y)
    earned = [one.points for rule in table.rules for one in rule.bins]
    assert len(table.rules) == MOST_INDICATORS
    assert all(points == int(points) and 0 <= points <= 10 for points in earned)


def test_levels_that_a_table_cannot_name_are_left_out() -> None:
    y = churners((480, 192), (480, 48))
    many = np.concatenate([np.arange(480) % 30, 30 + np.arange(480) % 30]).astype(str)
    alike = np.repeat(["true", "TRUE"], 480)
    frame = pd.DataFrame(
        {"area": "a" + pd.Series(many), "alike": alike, "plan": np.repeat(["a", "b"], 480)}
    )
    assert learned(frame, y).indicators == ("plan",)


def test_rare_levels_are_other_and_booleans_have_levels() -> None:
    y = churners((480, 192), (480, 48))
    plan = np.repeat(["Basic", "Pro"], 480).astype(object)
    plan[:2], plan[-3:] = ["Gold", "Tin"], ["Zinc", "Iron", "Lead"]
    (rule,) = learned(pd.DataFrame({"plan": plan}), y).rules
    assert set(rule.levels) == {"Basic", "Pro"}
    assert rule.levels["Basic"] < rule.other < rule.levels["Pro"]  # 5 of them, 2 churned
    (flag,) = learned(pd.DataFrame({"pro": np.repeat([False, True], 480)}), y).rules
    assert dict(flag.levels) == {"false": 0.0, "true": 5.0}


@pytest.mark.parametrize("direction", [1, -1])
def test_a_direction_is_kept_even_against_the_data(direction: int) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.normal(size=2000)})
    bent = (rng.random(2000) < np.where(np.abs(frame["x"]) < 0.7, 0.1, 0.5)).astype(float)
    (rule,) = learned(frame, bent, (direction,)).rules
    assert (np.diff(rule.by_rising_value()) * direction <= 0).all()
    assert np.ptp([one.points for one in learned(frame, bent).rules[0].bins]) > 0


def test_empty_constant_and_unlabelled_looking_columns_are_passed_over() -> None:
    frame = pd.DataFrame({"none": [None] * 960, "one": 5.0, "all": [np.nan] * 960})
    assert learned(frame, churners((480, 192), (480, 48))) == PointTable()


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        (np.arange(1.0, 101.0), (26.0, 50.0, 75.0)),  # quartiles 25.75, 50.5, 75.25
        (np.repeat([0.0, 1.0], [9, 1]), (1.0,)),
        (np.repeat([0.0, 1.0, 2.0, 3.0], 5), (1.0, 2.0, 3.0)),
        (np.repeat([2019.0, 2020.0, 2021.0], 9), (2020.0, 2021.0)),
        (np.linspace(0.0, 1e-14, 50), None),
        (np.full(9, 3.0), ()),
    ],
)
def test_bins_begin_at_quartiles_that_people_can_read(values: np.ndarray, edges: tuple | None) -> None:
    found = bin_edges(values)
    assert found == edges if edges is not None else len(found) == 3


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=60))
def test_every_bin_holds_somebody(values: list[float]) -> None:
    edges = bin_edges(np.asarray(values))
    held = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    assert (held > 0).all()
    assert list(edges) == sorted(set(edges))


def test_the_order_of_rows_does_not_matter(make_customers: Callable) -> None:
    frame, y, _ = make_customers(800, seed=4)
    order = np.random.default_rng(0).permutation(len(y))
    assert learned(frame, y.astype(float)) == learned(frame.iloc[order], y[order].astype(float))
