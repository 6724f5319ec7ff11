from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.explain.improve import IMPROVE_COLUMNS, MODELS_VIEW, what_would_help


def twenty(name: str, first: float | None = None) -> pd.DataFrame:
    """Return C1..C20 with the values 1..20: the 25th percentile is 5, the 75th is 15."""
    table = pd.DataFrame({name: np.arange(1.0, 21.0)}, index=[f"C{at}" for at in range(1, 21)])
    if first is not None:
        table.iloc[0, 0] = first
    return table


def test_more_of_what_the_model_likes_up_to_the_upper_quartile(linear) -> None:
    # C1 has 1, the target is 15: log-odds -0.1 -> -1.5.
    table = what_would_help(linear({"logins": -0.1}), twenty("logins"), ["C1"])
    assert table.columns.tolist() == list(IMPROVE_COLUMNS)
    line = table.iloc[0].to_dict()
    gain = 100.0 * (expit(-0.1) - expit(-1.5))
    assert (line["value"], line["target_value"], line["similar_customers"]) == (1.0, 15.0, 20)
    assert line["gain_points"] == pytest.approx(gain)


def test_less_of_what_the_model_dislikes_down_to_the_lower_quartile(linear) -> None:
    table = what_would_help(linear({"tickets": 0.1}), twenty("tickets"), ["C20", "C5"])
    assert table["customer_id"].tolist() == ["C20"]  # C5 has 5 already
    assert table["target_value"].tolist() == [5.0]
    assert table["gain_points"].tolist() == pytest.approx([100.0 * (expit(2.0) - expit(0.5))])


def test_every_gain_is_the_difference_of_two_scores(customers: tuple) -> None:
    frame, y, _ = customers
    frame = frame.set_axis([f"C{at}" for at in range(len(frame))])
    known = Catalogue(
        tuple(Indicator(name, "usage", actionable=name != "seats") for name in frame.columns)
    )
    model = HealthModel(catalogue=known).fit(frame, y)
    table = what_would_help(model, frame, frame.index[:40], segments=frame[["plan"]])
    assert set(table["indicator"]) == {"logins", "nps", "onboarded"}
    for line in table.iloc[:: max(1, len(table) // 8)].itertuples():
        row = frame.loc[[line.customer_id]]
        changed = row.assign(**{line.indicator: line.target_value})
        gain = model.health_score(changed)[0] - model.health_score(row)[0]
        assert line.gain_points == pytest.approx(gain, abs=1e-9)
        assert line.gain_points > 0.0
    assert table[table["indicator"] == "onboarded"]["target_value"].map(type).eq(bool).all()
    ranks = table.groupby("customer_id", sort=False)
    assert (ranks["rank"].diff().dropna() == 1).all()
    assert (ranks["gain_points"].diff().dropna() <= 0.0).all()


def test_only_what_the_vendor_can_change(linear) -> None:
    rows = twenty("logins").assign(seats=np.arange(1.0, 21.0))
    indicators = (Indicator("logins", "usage", actionable=True), Indicator("seats", "contract"))
    model = linear({"logins": -0.1, "seats": -9.0}, indicators=indicators)
    assert set(what_would_help(model, rows)["indicator"]) == {"logins"}


@pytest.mark.parametrize(
    ("way", "target"), [("learned", 5.0), ("more_is_riskier", 5.0), ("more_is_healthier", None)]
)
def test_where_a_direction_is_given_nobody_is_advised_the_other_way(
    linear, way: str, target: float | None
) -> None:
    # To the model every contact raises the risk: 20 contacts -> 5.
    contacts = Indicator("contacts", "touch", direction=way, actionable=True)
    model = linear({"contacts": 0.1}, indicators=(contacts,))
    table = what_would_help(model, twenty("contacts"), ["C20"])
    assert table["target_value"].tolist() == ([] if target is None else [target])


def test_ties_keep_the_order_of_columns_and_top_cuts(linear) -> None:
    rows = pd.concat([twenty(name) for name in ("b", "a", "c")], axis=1)
    model = linear({"b": -0.1, "a": -0.1, "c": -0.2})
    assert what_would_help(model, rows, ["C1"])["indicator"].tolist() == ["c", "b", "a"]
    assert what_would_help(model, rows, ["C1"], top=2)["indicator"].tolist() == ["c", "b"]


def test_similar_customers_are_those_of_the_same_segment_when_there_are_twenty(linear) -> None:
    rows = pd.concat([twenty("logins"), twenty("logins") + 100.0]).set_axis(
        [f"C{at}" for at in range(1, 41)]
    )
    plan = pd.DataFrame({"plan": ["Basic"] * 20 + ["Pro"] * 20}, index=rows.index)
    table = what_would_help(linear({"logins": -0.01}), rows, ["C1", "C21"], segments=plan)
    assert table["target_value"].tolist() == [15.0, 115.0]
    # 19 Basic customers are too few: all 40 are asked, and the 30th value is 110.
    plan.loc["C20", "plan"] = "Pro"
    table = what_would_help(linear({"logins": -0.01}), rows, ["C1"], segments=plan)
    assert table[["target_value", "similar_customers"]].to_numpy().tolist() == [[110.0, 40]]


def test_it_says_that_it_is_the_models_view(linear) -> None:
    table = what_would_help(linear({"logins": -0.1}), twenty("logins"))
    assert table.attrs["note"] == MODELS_VIEW
    assert "not a promise" in table.attrs["note"]["en"]
    assert "because" not in table.attrs["note"]["en"]


def test_missing_values_are_left_out(linear) -> None:
    model = linear({"logins": -0.1}, missing=2.0)
    assert what_would_help(model, twenty("logins", first=np.nan), ["C1"]).empty


def test_all_indicators_missing_has_no_answer(linear) -> None:
    model = linear({"logins": -0.1, "nps": -0.2}, missing=1.0)
    nothing = pd.DataFrame(np.nan, index=["C1", "C2"], columns=["logins", "nps"])
    table = what_would_help(model, nothing)
    assert table.empty
    assert table.columns.tolist() == list(IMPROVE_COLUMNS)


def test_a_constant_model_has_no_answer(linear) -> None:
    assert what_would_help(linear({"logins": 0.0}), twenty("logins")).empty


def test_a_model_without_groups_and_without_actionable_indicators_has_no_answer(
    fitted: HealthModel, customers: tuple
) -> None:
    table = what_would_help(fitted, customers[0].head(30))
    assert table.empty
    assert table.attrs["note"] == MODELS_VIEW


def test_nobody_asked_is_an_empty_table(linear) -> None:
    assert what_would_help(linear({"logins": -0.1}), twenty("logins"), []).empty


def test_an_unknown_customer_is_told_with_the_nearest(linear) -> None:
    with pytest.raises(SchemaError, match=r"no row for customer 'C21' \(did you mean 'C2'\?\)"):
        what_would_help(linear({"logins": -0.1}), twenty("logins").head(5), ["C21"])


def test_segments_in_another_order_are_refused(linear) -> None:
    rows = twenty("logins")
    with pytest.raises(SchemaError, match="20 customers of the rows in their order"):
        what_would_help(linear({"logins": -0.1}), rows, segments=rows.iloc[::-1])


def test_top_of_zero_is_refused(linear) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        what_would_help(linear({"logins": -0.1}), twenty("logins"), top=0)
