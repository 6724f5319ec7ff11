from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.evaluate.bootstrap import wilson_interval
from churnhealth.evaluate.two_axes import AXES_COLUMNS, two_axes

SCORES = pd.DataFrame({"usage": [10.0, 20.0, 90.0, 80.0], "touch": [70.0, 10.0, 60.0, 50.0]})
CUTS = {"usage": [50.0], "touch": [50.0]}
P = [0.4, 0.6, 0.1, 0.2]


def cells(**more) -> pd.DataFrame:
    table = two_axes(SCORES, "usage", "touch", P, cuts=CUTS, bins=["low", "high"], **more)
    return table.set_index(["first_bin", "second_bin"])


def test_each_customer_falls_into_one_cell_by_hand() -> None:
    table = cells(churned=[1, None, 0, 1], mrr=[100.0, 50.0, None, 10.0])
    assert table.reset_index().columns.tolist() == [
        "first_bin", "second_bin", *(name for name in AXES_COLUMNS if not name.endswith("_bin"))
    ]  # fmt: skip
    assert table["customers"].tolist() == [1, 1, 0, 2]  # a cut of 50 holds the 50
    assert table["churn_probability"].tolist() == pytest.approx([0.6, 0.4, np.nan, 0.15], nan_ok=True)
    assert table["labelled_rows"].tolist() == [0, 1, 0, 2]
    assert table["churned_share"].tolist() == pytest.approx([np.nan, 1.0, np.nan, 0.5], nan_ok=True)
    # 0.6 x 50; 0.4 x 100; nobody; 0.2 x 10, the other has no MRR
    assert table["mrr_at_risk"].tolist() == pytest.approx([30.0, 40.0, np.nan, 2.0], nan_ok=True)
    bounds = table.loc[("high", "high"), ["churned_low", "churned_high"]].tolist()
    assert bounds == pytest.approx(wilson_interval(0.5, 2, 0.9))


def test_without_labels_and_money_only_the_probability_is_told() -> None:
    table = cells()
    assert table[["churned_share", "churned_low", "churned_high", "mrr_at_risk"]].isna().all().all()
    assert table["labelled_rows"].sum() == 0


def test_customers_are_counted_once_a_cell_and_bound_the_share() -> None:
    table = cells(churned=[0, 0, 1, 1], customer_id=["A", "B", "C", "C"])
    assert table["customers"].tolist() == [1, 1, 0, 1]
    bounds = table.loc[("high", "high"), ["churned_low", "churned_high"]].tolist()
    assert bounds == pytest.approx(wilson_interval(1.0, 1, 0.9))


def test_without_cuts_bins_hold_equal_shares() -> None:
    scores = pd.DataFrame({"usage": np.arange(9.0), "touch": np.arange(9.0)[::-1]})
    table = two_axes(scores, "usage", "touch", np.full(9, 0.1))
    told = table[table["customers"] > 0]
    assert told["first_bin"].tolist() == ["low", "middle", "high"]
    assert told["second_bin"].tolist() == ["high", "middle", "low"]
    assert told["customers"].tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ([5.0] * 6, {"middle": 6}),
        ([5.0] * 3 + [6.0, 7.0, 8.0], {"low": 3, "middle": 1, "high": 2}),
        ([1.0, 2.0] + [5.0] * 4, {"low": 2, "high": 4}),
    ],
)
def test_equal_sub_scores_stay_together(usage: list[float], expected: dict[str, int]) -> None:
    scores = pd.DataFrame({"usage": usage, "touch": np.arange(6.0)})
    table = two_axes(scores, "usage", "touch", np.full(6, 0.1))
    counted = table.groupby("first_bin")["customers"].sum()
    assert counted[counted > 0].to_dict() == expected


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1)), min_size=1))
def test_nobody_is_lost_and_nothing_of_the_risk(rows: list[tuple[float, float, float]]) -> None:
    usage, touch, p = (np.array(one) for one in zip(*rows, strict=True))
    scores = pd.DataFrame({"usage": usage, "touch": touch})
    table = two_axes(scores, "usage", "touch", p, mrr=np.full(len(p), 2.0))
    assert len(table) == 9
    assert table["customers"].sum() == len(p)
    assert table["mrr_at_risk"].sum() == pytest.approx(2.0 * p.sum())


def test_the_sub_scores_of_a_model_go_in_as_they_are(fitted, customers) -> None:
    frame, y, _ = customers
    told = fitted.explain(frame)
    table = two_axes(told.sub_scores, "usage", "contract", fitted.churn_probability(frame), churned=y)
    corner = table.set_index(["first_bin", "second_bin"])["churned_share"]
    assert corner[("low", "low")] > corner[("high", "high")]


def test_a_model_without_groups_has_no_two_axes() -> None:
    with pytest.raises(SchemaError) as raised:
        two_axes(pd.DataFrame({"other": [50.0]}), "usage", "touch", [0.1])
    assert raised.value.faults == (
        "expected an indicator group, one of 'other', got 'usage'",
        "expected an indicator group, one of 'other', got 'touch'",
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cuts": {"usage": [60.0, 50.0]}}, "cuts of 'usage': expected 2 rising numbers"),
        ({"cuts": {"nps": [1.0, 2.0]}}, "cuts: expected them for 'usage', 'touch', got them for 'nps'"),
        ({"bins": ["low", "low", "high"]}, "bins: expected different names"),
        ({"churned": [1, 0]}, "expected columns of equal length"),
        ({"churned": [1, 0, 2, None]}, "expected 0 or 1"),
        ({"mrr": [1.0, -1.0, 0.0, 0.0]}, "mrr: expected finite amounts of 0 or more"),
    ],
)
def test_faults_are_named(more: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        two_axes(SCORES, "usage", "touch", P, **more)


def test_the_same_group_twice_and_sub_scores_without_numbers_are_refused() -> None:
    with pytest.raises(SchemaError, match="two different groups, got 'usage' twice"):
        two_axes(SCORES, "usage", "usage", P)
    with pytest.raises(SchemaError, match="sub_scores of 'touch': expected finite numbers"):
        two_axes(SCORES.assign(touch=np.nan), "usage", "touch", P)
    with pytest.raises(SchemaError, match="expected a DataFrame, got list"):
        two_axes([1.0], "usage", "touch", P)
