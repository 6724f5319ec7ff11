from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.estimator import HealthModel
from churnhealth.explain.explanation import ALL_OTHERS, DRIVER_COLUMNS, Explanation


@pytest.fixture
def by_hand() -> Explanation:
    points = pd.DataFrame(
        {"logins": [-9.0, 2.0], "nps": [0.0, 1.0], "nps:missing": [-3.0, 0.0], "plan": [3.0, -2.0]},
        index=["A", "B"],
    )
    catalogue = Catalogue(
        (Indicator("logins", "usage"), Indicator("nps", "satisfaction"), Indicator("plan", "contract"))
    )
    values = pd.DataFrame(
        {"logins": [5, 12], "nps": [np.nan, 9.0], "plan": ["Pro", "Basic"]}, index=["A", "B"]
    )
    typical = pd.Series({"logins": 12.0, "nps": 8.0, "plan": "Basic"}, dtype=object)
    sub_scores = pd.DataFrame({"usage": [70.0, 81.0]}, index=["A", "B"])
    return Explanation(80.0, points, values, typical, catalogue, sub_scores)


def test_base_and_points_are_the_score(by_hand: Explanation) -> None:
    assert by_hand.health_score.to_dict() == {"A": 71.0, "B": 81.0}  # 80 - 9 - 3 + 3; 80 + 2 + 1 - 2


def test_groups_add_up_their_indicators_and_their_missing_answers(by_hand: Explanation) -> None:
    groups = by_hand.groups()
    assert groups.columns.tolist() == ["usage", "satisfaction", "contract"]
    assert groups.loc["A"].tolist() == [-9.0, -3.0, 3.0]


def test_drivers_are_ordered_by_strength_ties_by_column(by_hand: Explanation) -> None:
    drivers = by_hand.drivers(top=2)
    assert drivers.columns.tolist() == list(DRIVER_COLUMNS)
    rows = drivers[["row", "rank", "indicator", "contribution_points", "direction"]].to_numpy().tolist()
    assert rows == [
        ["A", 1, "logins", -9.0, "lowers"],
        ["A", 2, "nps:missing", -3.0, "lowers"],  # as strong as plan, but further left
        ["B", 1, "logins", 2.0, "raises"],
        ["B", 2, "plan", -2.0, "lowers"],
    ]


def test_a_driver_carries_its_value_and_the_typical_one(by_hand: Explanation) -> None:
    drivers = by_hand.drivers(top=3).set_index(["row", "indicator"])
    assert drivers.loc[("A", "logins"), "value"] == 5
    assert drivers.loc[("A", "logins"), "typical_value"] == 12.0
    assert drivers.loc[("A", "nps:missing"), "value"] is None
    assert drivers.loc[("B", "plan"), "value"] == "Basic"


def test_with_others_drivers_and_base_add_up_to_the_score(by_hand: Explanation) -> None:
    drivers = by_hand.drivers(top=1, others=True)
    assert drivers["indicator"].tolist() == ["logins", ALL_OTHERS, "logins", ALL_OTHERS]
    assert drivers["rank"].tolist() == [1, 2, 1, 2]
    total = by_hand.base_points + drivers.groupby("row")["contribution_points"].sum()
    assert total.to_dict() == {"A": 71.0, "B": 81.0}


def test_zero_drivers_is_refused(by_hand: Explanation) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        by_hand.drivers(top=0)


def test_importance_is_the_mean_absolute_contribution(by_hand: Explanation) -> None:
    importance = by_hand.importance().set_index("indicator")["mean_absolute_points"]
    assert importance.to_dict() == {"logins": 5.5, "plan": 2.5, "nps:missing": 1.5, "nps": 0.5}


def test_hostile_names_are_escaped_in_html(by_hand: Explanation) -> None:
    points = by_hand.points.rename(columns={"logins": "<script>alert(1)</script>"})
    values = by_hand.values.rename(columns={"logins": "<script>alert(1)</script>"})
    shown = Explanation(80.0, points, values, by_hand.typical, by_hand.catalogue, by_hand.sub_scores)
    assert "<script>" not in shown._repr_html_()
    assert "A" in str(shown)


def test_every_score_is_the_sum_of_its_parts(fitted: HealthModel, customers: tuple) -> None:
    frame = customers[0]
    explanation = fitted.explain(frame)
    assert np.abs(explanation.health_score - fitted.health_score(frame)).max() < 1e-9
    by_group = explanation.base_points + explanation.groups().sum(axis=1)
    assert np.abs(by_group - fitted.health_score(frame)).max() < 1e-9


def test_a_sub_score_is_the_score_with_only_that_group_off_the_base(
    fitted: HealthModel, customers: tuple
) -> None:
    frame = customers[0]
    explanation = fitted.explain(frame)
    # One group alone: its sub-score lies on the same side of the base as its points.
    for group in explanation.sub_scores:
        moved = explanation.sub_scores[group] - explanation.base_points
        assert (np.sign(moved.round(9)) == np.sign(explanation.groups()[group].round(9))).all()


def test_an_indicator_that_no_learner_uses_contributes_nothing(customers: tuple) -> None:
    frame, y, _ = customers
    constant = frame.assign(constant=1.0)
    explanation = HealthModel().fit(constant, y).explain(constant)
    assert (explanation.points["constant"] == 0.0).all()


def test_customers_keep_their_index_labels(fitted: HealthModel, customers: tuple) -> None:
    frame = customers[0].head(3).set_axis(["x", "y", "z"])
    explanation = fitted.explain(frame)
    assert explanation.points.index.tolist() == ["x", "y", "z"]
    assert set(explanation.drivers(top=1)["row"]) <= {"x", "y", "z"}
