import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.evaluate.bootstrap import newcombe_interval
from churnhealth.evaluate.side_by_side import (
    ALL_OTHER_LEVELS,
    SIDE_COLUMNS,
    healthy_against_churned,
)


def _line(y, values, **keywords):
    (line,) = healthy_against_churned(y, pd.DataFrame({"x": values}), **keywords).to_dict("records")
    return line


# Stayed 2, 4, 9 (median 4, mean 5, variance 26 / 3); churned 1, 3 (median and mean 2, variance 1).
# Pairs with the larger value on the churned side: 3 > 2, one of six.
def test_a_number_by_hand():
    line = _line([0, 0, 0, 1, 1, 1], [2, 4, 9, 1, 3, None])
    assert (line["measure"], line["healthy"], line["churned"]) == ("median", 4.0, 2.0)
    assert line["standardised_difference"] == pytest.approx(-3 / np.sqrt((26 / 3 + 1) / 2))
    assert line["auc"] == pytest.approx(1 / 6)
    bounds = (line["auc_low"], line["auc_high"])
    assert bounds == pytest.approx(newcombe_interval(1 / 6, 2, 3, 0.9))
    assert (line["healthy_rows"], line["churned_rows"]) == (3, 2)
    assert (line["healthy_missing"], line["churned_missing"]) == pytest.approx((0.0, 1 / 3))


# Half of the stayed are onboarded, none of the churned: AUC 0.5 + (0 - 0.5) / 2.
def test_a_boolean_has_shares():
    line = _line([0, 0, 1, 1], [True, False, False, False])
    assert (line["measure"], line["healthy"], line["churned"], line["auc"]) == ("share", 0.5, 0.0, 0.25)


def test_a_category_has_a_line_per_level_and_keeps_missing_apart():
    plan = ["A", "A", "B", None, "B", "B", "B", "A"] * 5
    table = healthy_against_churned(([0] * 4 + [1] * 4) * 5, pd.DataFrame({"plan": plan}))
    shares = table.set_index("level")[["healthy", "churned"]]
    assert shares.loc["B"].tolist() == pytest.approx([1 / 3, 3 / 4])
    assert shares.loc["A"].tolist() == pytest.approx([2 / 3, 1 / 4])
    assert table["healthy_missing"].tolist() == [0.25, 0.25]


def test_rare_levels_of_a_long_category_stand_together():
    area = np.repeat([f"area {place:02d}" for place in range(30)], np.arange(10, 40))
    y = np.arange(area.size) % 3 == 0
    table = healthy_against_churned(y, pd.DataFrame({"area": area}))
    assert len(table) == 11
    assert ALL_OTHER_LEVELS in table["level"].tolist()
    assert table["churned"].sum() == pytest.approx(1.0)


def test_what_tells_most_comes_first_and_nothing_last(customers):
    frame, y, _ = customers
    table = healthy_against_churned(y, frame.assign(constant=1.0))
    assert tuple(table.columns) == SIDE_COLUMNS
    assert table["indicator"].iloc[0] == "logins"
    strength = (table["auc"] - 0.5).abs()
    assert strength.is_monotonic_decreasing
    constant = table.set_index("indicator").loc["constant"]
    assert constant["auc"] == 0.5
    assert np.isnan(constant["standardised_difference"])


@settings(max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.floats(-1e300, 1e300)), min_size=2, max_size=20))
def test_the_auc_is_that_of_scikit_learn_whatever_the_scale(rows):
    y, x = np.array([one for one, _ in rows]), np.array([value for _, value in rows])
    line = _line(y, x)
    if y.min() == y.max():
        assert np.isnan(line["auc"])
    else:
        rank = np.unique(x, return_inverse=True)[1]
        assert line["auc"] == pytest.approx(roc_auc_score(y, rank))


def test_one_class_or_no_value_on_a_side_is_not_defined():
    line = _line([0, 0], [1.0, 2.0])
    assert line["healthy"] == 1.5
    for name in ("churned", "standardised_difference", "auc", "auc_low", "churned_missing"):
        assert np.isnan(line[name])
    line = _line([0, 1], [1.0, None])
    assert (line["churned_rows"], line["churned_missing"]) == (0, 1.0)
    assert np.isnan(line["auc"])
    assert np.isnan(_line([0, 1], [np.nan, np.nan])["healthy"])


def test_rows_of_a_customer_count_once_in_the_interval():
    y, x, whose = np.tile([0, 0, 1, 1], 20), np.tile([1.0, 3.0, 2.0, 4.0], 20), np.arange(80) % 8
    alone, together = _line(y, x), _line(y, x, customer_id=whose)
    assert alone["auc"] == together["auc"]
    assert together["auc_low"] < alone["auc_low"]


def test_groups_come_from_the_catalogue():
    known = Catalogue((Indicator("x", "touch"),))
    assert _line([0, 1], [1, 2], catalogue=known)["indicator_group"] == "touch"
    table = healthy_against_churned([0, 1], pd.DataFrame({"nps": [1, 2]}))
    assert table["indicator_group"].tolist() == ["satisfaction"]


def test_no_indicators_give_an_empty_table():
    assert healthy_against_churned([0, 1], pd.DataFrame(index=[0, 1])).empty


def test_faults_are_told():
    with pytest.raises(SchemaError, match="indicators: expected a DataFrame, got list"):
        healthy_against_churned([0, 1], [1, 2])
    with pytest.raises(SchemaError, match="equal length, got y: 1, indicators: 2"):
        healthy_against_churned([0], pd.DataFrame({"x": [1, 2]}))
    with pytest.raises(SchemaError, match="y: expected no missing values"):
        healthy_against_churned([0, None], pd.DataFrame({"x": [1, 2]}))
    with pytest.raises(SchemaError, match="x"):
        healthy_against_churned([0, 1], pd.DataFrame({"x": [1, np.inf]}))
