import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from churnhealth.errors import SchemaError
from churnhealth.evaluate.segments import calibration_by_segment


# Plan A: 3 rows at 0.5, one churned; B: 1 row at 0.2, stayed.
def test_by_hand():
    table = calibration_by_segment(
        [1, 0, 0, 0], [0.5, 0.5, 0.5, 0.2], pd.DataFrame({"plan": list("AAAB")})
    )
    assert table["segment"].tolist() == ["plan", "plan"]
    assert table["level"].tolist() == ["A", "B"]
    assert table["rows"].tolist() == table["customers"].tolist() == [3, 1]
    assert table["churners"].tolist() == [1, 0]
    assert table["mean_predicted"].tolist() == [0.5, 0.2]
    assert table["observed"].tolist() == pytest.approx([1 / 3, 0.0])
    assert table["gap"].tolist() == pytest.approx([1 / 3 - 0.5, -0.2])
    # Of three coins none or all show heads in a quarter of cases: 1.5 of 3 away. One in five: 0.8 away.
    assert table["floor_95"].tolist() == pytest.approx([0.5, 0.8])
    # At most one head of three in half of the cases; nobody of one, given 0.2, in 0.8: doubled.
    assert table["chance"].tolist() == pytest.approx([1.0, 1.0])
    assert table["verdict"].tolist() == ["too few to tell", "too few to tell"]


def test_columns_keep_their_order_and_the_largest_value_comes_first():
    segments = pd.DataFrame({"z": list("baaab"), "a": ["x"] * 5})
    table = calibration_by_segment([0, 1, 0, 1, 0], [0.5] * 5, segments)
    assert table[["segment", "level"]].values.tolist() == [["z", "a"], ["z", "b"], ["a", "x"]]


def test_missing_values_are_a_value_of_their_own():
    segments = pd.DataFrame({"plan": ["A", None, np.nan, pd.NA, "A"]})
    table = calibration_by_segment([0, 1, 0, 1, 0], [0.5] * 5, segments)
    assert dict(zip(table["level"], table["customers"], strict=True)) == {"(missing)": 3, "A": 2}


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical(["1", "2", "1"]),
        pd.array([1, 2, 1], dtype="Int64"),
        pd.array(["1", "2", "1"], dtype="string"),
        [1, 2, 1],
    ],
)
def test_values_of_any_type_become_text(column):
    table = calibration_by_segment([0, 1, 0], [0.5] * 3, pd.DataFrame({"tier": column}))
    assert table["level"].tolist() == ["1", "2"]


def test_the_index_is_not_used():
    segments = pd.DataFrame({"plan": ["A", "B"]}, index=[7, 3])
    table = calibration_by_segment(pd.Series([1, 0]), pd.Series([0.9, 0.1]), segments)
    assert table["churners"].tolist() == [1, 0]


def test_a_segment_without_churners_is_judged_like_any_other():
    plan = pd.DataFrame({"plan": ["A"] * 50})
    # 0.5 churners expected: none or one is what comes, so that nobody can tell.
    table = calibration_by_segment([0] * 50, [0.01] * 50, plan)
    assert table["verdict"].tolist() == ["too few to tell"]
    # 15 expected: 0.7^50 is one in 50 million.
    wrong = calibration_by_segment([0] * 50, [0.3] * 50, plan)
    assert wrong["verdict"].tolist() == ["beyond chance"]
    assert wrong["chance"][0] == pytest.approx(2 * 0.7**50, abs=1e-12)


def test_a_biased_segment_stands_out(world):
    y, p, _ = world(4000, seed=1)
    plan = np.where(np.arange(4000) < 2000, "right", "wrong")
    bent = np.where(plan == "wrong", p * 0.7, p)
    table = calibration_by_segment(y, bent, pd.DataFrame({"plan": plan})).set_index("level")
    assert table["verdict"].to_dict() == {"right": "within chance", "wrong": "beyond chance"}
    assert table.loc["wrong", "gap"] > table.loc["wrong", "floor_95"]


def test_of_a_perfect_model_one_in_twenty_is_above_its_floor_and_none_is_called_beyond(world):
    y, p, _ = world(20_000, seed=2)
    segments = pd.DataFrame({"cell": np.arange(20_000) % 200})
    table = calibration_by_segment(y, p, segments)
    above = (table["gap"].abs() > table["floor_95"] + 1e-9).sum()
    low, high = binom.ppf([0.001, 0.999], 200, 0.05)
    assert low <= above <= high
    assert (table["verdict"] == "borderline").sum() == above


# 50 heads of 100 coins are expected; 61 come by chance in 1.8 + 1.8 %: enough alone, not among 20.
def test_what_stands_out_alone_is_borderline_among_many():
    y = np.concatenate([np.arange(100) < 61, np.tile([True, False], 50 * 19)]).astype(float)
    level = np.repeat(np.arange(20), 100)
    alone = calibration_by_segment(y[:100], np.full(100, 0.5), pd.DataFrame({"x": level[:100]}))
    many = calibration_by_segment(y, np.full(2000, 0.5), pd.DataFrame({"x": level}))
    assert alone["chance"][0] == pytest.approx(2 * binom.sf(60, 100, 0.5))
    assert alone["verdict"].tolist() == ["beyond chance"]
    assert many["verdict"].tolist() == ["borderline"] + ["within chance"] * 19


# Ten copies of each row are no more than one: 6 of 10 coins instead of 60 of 100.
def test_rows_of_a_customer_that_are_one_draw_say_less():
    y, whose = np.repeat([1.0] * 80 + [0.0] * 40, 10), np.repeat(np.arange(120), 10)
    segments = pd.DataFrame({"plan": ["A"] * 1200})
    alone = calibration_by_segment(y, np.full(1200, 0.62), segments)
    together = calibration_by_segment(y, np.full(1200, 0.62), segments, whose)
    assert alone["verdict"].tolist() == ["beyond chance"]
    assert together["verdict"].tolist() == ["within chance"]
    assert together["floor_95"][0] == pytest.approx(np.sqrt(10) * alone["floor_95"][0])
    assert together[["rows", "customers", "churners"]].values.tolist() == [[1200, 120, 80]]


def test_bad_rows_are_refused():
    plan = pd.DataFrame({"plan": ["A", "B"]})
    with pytest.raises(SchemaError, match="p: expected no missing values"):
        calibration_by_segment([0, 1], [0.5, np.nan], plan)
    with pytest.raises(SchemaError, match="customer_id: expected no missing values"):
        calibration_by_segment([0, 1], [0.5, 0.5], plan, ["a", None])


def test_segments_that_do_not_fit_are_refused():
    with pytest.raises(
        SchemaError, match="expected columns of equal length, got y: 2, p: 2, segments: 1"
    ):
        calibration_by_segment([0, 1], [0.5, 0.5], pd.DataFrame({"plan": ["A"]}))
    with pytest.raises(SchemaError, match="segments: expected a DataFrame, got list"):
        calibration_by_segment([0, 1], [0.5, 0.5], ["A", "B"])


def test_no_columns_give_an_empty_table():
    table = calibration_by_segment([0, 1], [0.5, 0.5], pd.DataFrame(index=[0, 1]))
    assert table.empty
    assert "verdict" in table.columns
