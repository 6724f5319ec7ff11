from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.importance import (
    DIFFERENCE_COLUMNS,
    IMPORTANCE_COLUMNS,
    importance_differences,
    importance_table,
)


def test_strength_is_the_mean_absolute_contribution_by_hand() -> None:
    # usage (4 + 2) / 2, touch (1 + 1) / 2
    table = importance_table(pd.DataFrame({"touch": [1.0, -1.0], "usage": [-4.0, 2.0]}))
    assert table.columns.tolist() == list(IMPORTANCE_COLUMNS)
    assert table["name"].tolist() == ["usage", "touch"]
    assert table["mean_absolute_points"].tolist() == [3.0, 1.0]
    # Resamples of two customers: 2, 3 or 4; the constant stays.
    assert table[["low", "high"]].to_numpy().tolist() == [[2.0, 4.0], [1.0, 1.0]]


def test_ties_keep_the_order_of_columns() -> None:
    points = pd.DataFrame({"b": [1.0, -1.0], "a": [-1.0, 1.0], "c": [2.0, 2.0]})
    assert importance_table(points, n=0)["name"].tolist() == ["c", "b", "a"]
    assert importance_differences(points, n=0)["name"].tolist() == ["c", "c", "b"]


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    # |N(0, 1)| has the mean sqrt(2 / pi).
    truth, held = np.sqrt(2.0 / np.pi), 0
    for seed in range(60):
        points = pd.DataFrame({"usage": np.random.default_rng(seed).normal(size=80)})
        line = importance_table(points, n=200, random_state=seed).iloc[0]
        held += line["low"] <= truth <= line["high"]
    assert 47 <= held <= 60  # 54 expected, P(fewer than 47) < 1 %


def test_rows_of_one_customer_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    own = np.repeat(rng.normal(size=40), 10)
    points = pd.DataFrame({"usage": own})
    alone = importance_table(points).iloc[0]
    together = importance_table(points, customer_id=np.repeat(np.arange(40), 10)).iloc[0]
    assert together["mean_absolute_points"] == alone["mean_absolute_points"]
    # Ten equal rows are one: the interval is about sqrt(10) times as wide.
    widths = [line["high"] - line["low"] for line in (together, alone)]
    assert widths[0] > 2.5 * widths[1]


def test_usage_tells_more_than_engagement_only_when_the_interval_says_so() -> None:
    rng = np.random.default_rng(3)
    points = pd.DataFrame(
        {
            "engagement": rng.normal(0.0, 1.0, 400),
            "usage": rng.normal(0.0, 2.0, 400),
            "touch": rng.normal(0.0, 1.0, 400),
        }
    )
    table = importance_differences(points)
    assert table.columns.tolist() == list(DIFFERENCE_COLUMNS)
    told = table.set_index(["name", "than"])["verdict"]
    assert told[("usage", "engagement")] == "tells more"
    assert told[("usage", "touch")] == "tells more"
    assert len(told) == 3
    assert told.iloc[2] == "not shown"  # touch and engagement are equally strong in truth
    assert (table["difference"] >= 0.0).all()


def test_a_difference_is_paired_within_customers() -> None:
    # Both vary together, so their difference is sure although each size is not.
    size = np.random.default_rng(2).exponential(5.0, 100)
    table = importance_differences(pd.DataFrame({"usage": size + 0.5, "touch": -size}))
    assert table.loc[0, ["low", "difference", "high"]].tolist() == pytest.approx([0.5, 0.5, 0.5])


def test_one_column_has_no_pair() -> None:
    points = pd.DataFrame({"other": [1.0, 2.0]})
    assert len(importance_table(points)) == 1
    assert importance_differences(points).empty


def test_the_groups_of_a_model_go_in_as_they_are(fitted, customers) -> None:
    explanation = fitted.explain(customers[0])
    by_indicator = importance_table(explanation.points, n=50)
    assert by_indicator.loc[0, "name"] == explanation.importance().loc[0, "indicator"]
    by_group = importance_table(explanation.groups(), n=50)
    assert set(by_group["name"]) == set(explanation.sub_scores.columns)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (pd.DataFrame(), "expected a DataFrame with rows and columns"),
        (pd.DataFrame({"usage": [1.0, np.nan]}), "expected finite numbers, got others in 'usage'"),
    ],
)
def test_faulty_tables_are_refused(points: pd.DataFrame, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        importance_table(points)


def test_settings_and_customers_are_checked() -> None:
    points = pd.DataFrame({"usage": [1.0, 2.0]})
    with pytest.raises(SchemaError, match="level"):
        importance_table(points, level=2.0)
    with pytest.raises(SchemaError, match="expected columns of equal length"):
        importance_differences(points, customer_id=["C1"])
