from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.explain.compare import mean_reference
from churnhealth.explain.contributions import StackExplainer
from churnhealth.explain.similar import same_segment
from churnhealth.model.columns import encode_table


@pytest.fixture(scope="module")
def frame(customers: tuple) -> pd.DataFrame:
    return customers[0].set_axis([f"C{at}" for at in range(len(customers[0]))])


def log_odds(model: HealthModel, frame: pd.DataFrame) -> np.ndarray:
    matrix = encode_table(frame, model.model_.columns).matrix
    return StackExplainer(model.model_.stack).contributions(matrix)


@pytest.mark.parametrize("size", [1, 7, 600])
def test_against_any_group_the_parts_add_up_to_the_score(
    fitted: HealthModel, frame: pd.DataFrame, size: int
) -> None:
    told = fitted.explain(frame, against=frame.head(size))
    assert np.abs(told.health_score - fitted.health_score(frame)).max() < 1e-9
    by_group = told.base_points + told.groups().sum(axis=1)
    assert np.abs(by_group - fitted.health_score(frame)).max() < 1e-9


def test_the_base_is_the_score_at_the_groups_mean_margin(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    group = frame[frame["plan"] == "Pro"]
    margin = np.array([fitted.predict_margin(group).mean()])
    expected = 100.0 * (1.0 - fitted.model_.calibrator.probability(margin))
    assert fitted.explain(frame.head(3), against=group).base_points == pytest.approx(expected[0])


def test_all_rows_of_a_large_group_count_and_none_is_sampled() -> None:
    # 6,000 rows: 5,999 zeros and one 6,000 have the mean 1.
    contributions = np.zeros((6000, 2))
    contributions[-1, 0] = 6000.0
    assert mean_reference(contributions).base_margin == 1.0


def test_only_what_is_measured_from_moves(fitted: HealthModel, frame: pd.DataFrame) -> None:
    # In log-odds both explanations differ by one constant per indicator; the signs follow it.
    group = frame[frame["logins"] > 12]
    phi = log_odds(fitted, frame)[:, :-1]
    centred = phi - log_odds(fitted, group)[:, :-1].mean(axis=0)
    points = fitted.explain(frame, against=group).points
    merged = points.drop(columns="nps:missing").assign(nps=points["nps"] + points["nps:missing"])
    merged = merged[[column.name for column in fitted.model_.columns]].to_numpy()
    clear = np.abs(centred) > 1e-9
    assert (np.sign(merged) == -np.sign(centred))[clear].all()


def test_a_customer_against_itself_differs_in_nothing(fitted: HealthModel, frame: pd.DataFrame) -> None:
    one = frame.loc[["C5"]]
    told = fitted.explain(one, against=one)
    assert told.base_points == pytest.approx(fitted.health_score(one)[0])
    assert np.abs(told.points.to_numpy()).max() < 1e-9
    assert np.abs(told.sub_scores - told.base_points).to_numpy().max() < 1e-9


def test_typical_values_are_those_of_the_group(fitted: HealthModel, frame: pd.DataFrame) -> None:
    group = frame[(frame["plan"] == "Enterprise") & frame["nps"].isna()].head(40)
    typical = fitted.explain(frame.head(2), against=group).typical
    assert typical["logins"] == group["logins"].median()
    assert typical["plan"] == "Enterprise"
    assert typical["nps"] is None


def test_shares_of_levels_are_those_of_the_group(fitted: HealthModel, frame: pd.DataFrame) -> None:
    basic = frame[frame["plan"] == "Basic"]
    assert fitted.explain(frame, against=basic).level_shares == {"plan": {"Basic": 1.0}}
    everybody = fitted.explain(frame).level_shares["plan"]
    assert everybody == pytest.approx(frame["plan"].value_counts(normalize=True).to_dict())


def test_without_a_group_it_is_the_training_population(fitted: HealthModel, frame: pd.DataFrame) -> None:
    told = fitted.explain(frame)
    assert told.base_points == fitted.explain(frame, against=None).base_points
    assert told.typical["plan"] == "Basic"
    assert (fitted.explain(frame, against=frame).points - told.points).abs().max().max() < 1e-9


def test_healthy_customers_of_the_same_plan_make_a_group(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    alike = same_segment(frame, "C3", ["plan"])
    group = frame[alike & (fitted.health_band(frame) == "green")]
    told = fitted.explain(frame.loc[["C3"]], against=group)
    assert set(group["plan"]) == {frame.loc["C3", "plan"]}
    # Among equal plans the plan tells nothing.
    assert told.points.loc["C3", "plan"] == pytest.approx(0.0, abs=2.0)
    assert told.health_score["C3"] == pytest.approx(fitted.health_score(frame.loc[["C3"]])[0])


def test_an_empty_group_is_refused(fitted: HealthModel, frame: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="found 0 sample"):
        fitted.explain(frame, against=frame.head(0))
    with pytest.raises(SchemaError, match="at least one row to compare with"):
        mean_reference(np.zeros((0, 3)))


def test_a_group_with_other_columns_is_refused(fitted: HealthModel, frame: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="missing column 'logins'"):
        fitted.explain(frame, against=frame.drop(columns="logins"))


def test_a_model_without_groups_tells_one_group(customers: tuple) -> None:
    frame, y, _ = customers
    plain = frame.set_axis([f"v{at}" for at in range(frame.shape[1])], axis=1).drop(columns=["v2"])
    told = HealthModel().fit(plain, y).explain(plain, against=plain.head(9))
    assert told.groups().columns.tolist() == ["other"]
    assert told.sub_scores["other"].tolist() == pytest.approx(told.health_score.tolist())


def test_all_indicators_missing_is_told_in_the_columns_for_it(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    nothing = pd.DataFrame(None, index=["C1", "C2"], columns=frame.columns, dtype=object)
    told = fitted.explain(nothing, against=frame)
    assert np.abs(told.health_score - fitted.health_score(nothing)).max() < 1e-9
    assert told.typical["logins"] == frame["logins"].median()
    # As a group it has no typical value.
    assert fitted.explain(frame.head(1), against=nothing).typical.isna().all()


def test_one_indicator_takes_all_the_difference(customers: tuple) -> None:
    frame, y, _ = customers
    one = frame[["logins"]]
    model = HealthModel(catalogue=Catalogue((Indicator("logins", "usage"),))).fit(one, y)
    told = model.explain(one, against=one.head(20))
    difference = model.health_score(one) - told.base_points
    assert np.abs(told.points["logins"] - difference).max() < 1e-9


def test_a_constant_model_tells_nothing_against_anybody(customers: tuple) -> None:
    frame = customers[0]
    y = np.zeros(len(frame))
    y[0] = 1.0
    model = HealthModel().fit(frame, y)
    told = model.explain(frame, against=frame.head(4))
    assert (told.points == 0.0).all().all()
    assert told.base_points == pytest.approx(100.0 * (1.0 - 1.0 / len(frame)))
    assert told.drivers().empty
