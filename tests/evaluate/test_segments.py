import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from churnhealth.errors import SchemaError
from churnhealth.evaluate.segments import metrics_by_segment


# Plan A: 3 rows at 0.5, one churned; B: 1 row at 0.2, stayed.
def test_by_hand():
    table = metrics_by_segment([1, 0, 0, 0], [0.5, 0.5, 0.5, 0.2], pd.DataFrame({"plan": list("AAAB")}))
    assert table["segment"].tolist() == ["plan", "plan"]
    assert table["value"].tolist() == ["A", "B"]
    assert table["customers"].tolist() == [3, 1]
    assert table["churners"].tolist() == [1, 0]
    assert table["mean_predicted"].tolist() == [0.5, 0.2]
    assert table["observed"].tolist() == pytest.approx([1 / 3, 0.0])
    assert table["difference"].tolist() == pytest.approx([1 / 3 - 0.5, -0.2])
    # sqrt(3 x 0.25) / 3 and sqrt(0.2 x 0.8) / 1
    assert table["standard_error"].tolist() == pytest.approx([np.sqrt(0.75) / 3, 0.4])
    assert table["inside"].tolist() == [True, True]


def test_columns_keep_their_order_and_the_largest_value_comes_first():
    segments = pd.DataFrame({"z": list("baaab"), "a": ["x"] * 5})
    table = metrics_by_segment([0, 1, 0, 1, 0], [0.5] * 5, segments)
    assert table[["segment", "value"]].values.tolist() == [["z", "a"], ["z", "b"], ["a", "x"]]


def test_missing_values_are_a_value_of_their_own():
    segments = pd.DataFrame({"plan": ["A", None, np.nan, pd.NA, "A"]})
    table = metrics_by_segment([0, 1, 0, 1, 0], [0.5] * 5, segments)
    assert dict(zip(table["value"], table["customers"], strict=True)) == {"(missing)": 3, "A": 2}


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
    table = metrics_by_segment([0, 1, 0], [0.5] * 3, pd.DataFrame({"tier": column}))
    assert table["value"].tolist() == ["1", "2"]


def test_the_index_is_not_used():
    segments = pd.DataFrame({"plan": ["A", "B"]}, index=[7, 3])
    table = metrics_by_segment(pd.Series([1, 0]), pd.Series([0.9, 0.1]), segments)
    assert table["churners"].tolist() == [1, 0]


def test_a_segment_without_churners_is_judged_like_any_other():
    table = metrics_by_segment([0] * 50, [0.01] * 50, pd.DataFrame({"plan": ["A"] * 50}))
    assert table["inside"].tolist() == [True]
    wrong = metrics_by_segment([0] * 50, [0.3] * 50, pd.DataFrame({"plan": ["A"] * 50}))
    assert wrong["inside"].tolist() == [False]


def test_a_biased_segment_stands_out(world):
    y, p, _ = world(4000, seed=1)
    plan = np.where(np.arange(4000) < 2000, "right", "wrong")
    bent = np.where(plan == "wrong", p * 0.7, p)
    table = metrics_by_segment(y, bent, pd.DataFrame({"plan": plan})).set_index("value")
    assert table["inside"].to_dict() == {"right": True, "wrong": False}
    assert table.loc["wrong", "difference"] > 3 * table.loc["wrong", "standard_error"]


def test_of_a_perfect_model_about_one_in_twenty_falls_outside(world):
    y, p, _ = world(20_000, seed=2)
    segments = pd.DataFrame({"cell": np.arange(20_000) % 200})
    inside = metrics_by_segment(y, p, segments)["inside"].sum()
    # Whole numbers of churners make the intervals a little wider than 95 %.
    assert binom.ppf(0.001, 200, 0.95) <= inside


def test_segments_that_do_not_fit_are_refused():
    with pytest.raises(
        SchemaError, match="expected columns of equal length, got y: 2, p: 2, segments: 1"
    ):
        metrics_by_segment([0, 1], [0.5, 0.5], pd.DataFrame({"plan": ["A"]}))
    with pytest.raises(SchemaError, match="segments: expected a DataFrame, got list"):
        metrics_by_segment([0, 1], [0.5, 0.5], ["A", "B"])


def test_no_columns_give_an_empty_table():
    table = metrics_by_segment([0, 1], [0.5, 0.5], pd.DataFrame(index=[0, 1]))
    assert table.empty
    assert "inside" in table.columns
