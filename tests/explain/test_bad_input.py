"""What an explanation says where there is little to say, and where a table is not what it should be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.explain.change import score_change
from churnhealth.explain.explanation import ALL_OTHERS, Explanation
from churnhealth.explain.ranges import beyond_training
from churnhealth.explain.reasons import reasons


@pytest.fixture(scope="module")
def frame(customers: tuple) -> pd.DataFrame:
    return customers[0].set_axis([f"C{at}" for at in range(len(customers[0]))])


@pytest.fixture(scope="module")
def one_indicator(frame: pd.DataFrame, customers: tuple) -> HealthModel:
    catalogue = Catalogue((Indicator("logins", "usage", unit="times"),))
    return HealthModel(catalogue=catalogue).fit(frame[["logins"]].head(200), customers[1][:200])


@pytest.fixture(scope="module")
def constant(frame: pd.DataFrame) -> HealthModel:
    return HealthModel().fit(frame, np.arange(len(frame)) == 3)


def told(model: HealthModel, rows: pd.DataFrame) -> Explanation:
    """The explanation, once all of its tables and sentences are sound."""
    explanation = model.explain(rows)
    assert np.abs(explanation.health_score - model.health_score(rows)).max() < 1e-9
    for table in (explanation.points, explanation.sub_scores, explanation.groups()):
        assert table.index.equals(rows.index)
        assert np.isfinite(table.to_numpy()).all()
    for language in ("en", "ja"):
        drivers = explanation.drivers(top=5, others=True)
        sentences = reasons(drivers, explanation.catalogue, language, explanation=explanation)
        assert len(sentences) == len(drivers)
        assert "nan" not in " ".join(sentences).lower()
    assert str(rows.index[0]) in str(explanation)
    assert "<table" in explanation._repr_html_()
    return explanation


def test_one_indicator_takes_the_whole_difference(
    one_indicator: HealthModel, frame: pd.DataFrame
) -> None:
    explanation = told(one_indicator, frame[["logins"]].head(20))
    difference = explanation.health_score - explanation.base_points
    assert np.abs(explanation.points["logins"] - difference).max() < 1e-9
    assert np.abs(explanation.sub_scores["usage"] - explanation.health_score).max() < 1e-9
    assert explanation.importance()["indicator"].tolist() == ["logins"]


def test_one_indicator_that_is_missing_is_told_as_such(one_indicator: HealthModel) -> None:
    explanation = told(one_indicator, pd.DataFrame({"logins": [np.nan]}, index=["C1"]))
    driver = explanation.drivers().iloc[0]
    assert (driver["indicator"], driver["value"]) == ("logins", None)
    assert reasons(explanation.drivers(), explanation.catalogue, "en")[0].startswith("Logins: no data")


def test_a_constant_model_gives_everybody_the_base_and_no_drivers(
    constant: HealthModel, frame: pd.DataFrame
) -> None:
    explanation = told(constant, frame.head(5))
    # One churner among 600 customers.
    assert explanation.base_points == pytest.approx(100.0 * (1.0 - 1.0 / 600.0))
    assert (explanation.points == 0.0).all(axis=None)
    assert (explanation.sub_scores == explanation.base_points).all(axis=None)
    assert explanation.drivers().empty
    assert explanation.drivers(others=True)["indicator"].tolist() == [ALL_OTHERS] * 5
    assert explanation.importance()["mean_absolute_points"].sum() == 0.0


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA], ids=["None", "NaN", "NA"])
def test_customers_of_whom_nothing_is_known_are_told_so(
    fitted: HealthModel, frame: pd.DataFrame, nothing: object
) -> None:
    rows = pd.DataFrame(nothing, index=["C1", "C2"], columns=frame.columns, dtype=object)
    explanation = told(fitted, rows)
    assert (explanation.points["nps"] == 0.0).all()
    assert (explanation.points.loc["C1"] == explanation.points.loc["C2"]).all()
    drivers = explanation.drivers(top=9)
    assert drivers["value"].isna().all()
    sentences = reasons(drivers, explanation.catalogue, "en", explanation=explanation)
    assert all("no data" in one for one in sentences)


def test_an_indicator_missing_for_everybody_at_fit_says_nothing_when_it_comes(
    frame: pd.DataFrame, customers: tuple
) -> None:
    model = HealthModel().fit(frame.head(200).assign(nps=np.nan), customers[1][:200])
    explanation = told(model, frame.tail(9).assign(nps=9.0))
    assert (explanation.points[["nps", "nps:missing"]] == 0.0).all(axis=None)
    assert explanation.typical["nps"] is None


def test_nothing_but_missing_values_at_fit_leaves_the_base_rate(customers: tuple) -> None:
    rows = pd.DataFrame(np.nan, index=range(200), columns=["logins", "nps"])
    model = HealthModel().fit(rows, customers[1][:200])
    explanation = told(model, rows.head(2).assign(logins=[3.0, 30.0]))
    assert (explanation.points == 0.0).all(axis=None)
    assert explanation.base_points == pytest.approx(100.0 * (1.0 - customers[1][:200].mean()))


def test_without_groups_there_is_one_group_and_its_sub_score_is_the_score(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    rows = frame.head(200).set_axis([f"v{at}" for at in range(frame.shape[1])], axis=1)
    model = HealthModel().fit(rows, np.arange(200) % 3 == 0)
    explanation = told(model, rows.head(9))
    assert explanation.groups().columns.tolist() == ["other"]
    assert np.abs(explanation.sub_scores["other"] - explanation.health_score).max() < 1e-9


@pytest.mark.parametrize("size", [1e3, 1e6, 1e12])
def test_values_beyond_the_training_range_are_explained_and_named(
    fitted: HealthModel, frame: pd.DataFrame, size: float
) -> None:
    rows = frame.head(2).assign(logins=[size, -size], nps=[-size, size], seats=[int(size), -int(size)])
    explanation = told(fitted, rows)
    named = beyond_training(rows, fitted.model_.columns)
    assert named["indicator"].tolist() == ["logins", "nps", "seats"] * 2
    drivers = explanation.drivers(top=9)
    sentences = reasons(drivers, explanation.catalogue, "en", explanation=explanation)
    for name in ("Logins", "Nps", "Seats"):
        assert all("of the training data" in one for one in sentences if one.startswith(name))


def test_a_level_never_seen_is_told_by_its_name(fitted: HealthModel, frame: pd.DataFrame) -> None:
    explanation = told(fitted, frame.head(1).assign(plan="Platinum"))
    driver = explanation.drivers(top=9).set_index("indicator")
    assert driver.loc["plan", "value"] == "Platinum"


def test_a_customer_is_told_the_same_alone_and_among_others(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    together = fitted.explain(frame).points
    for at in (0, 7, 599):
        alone = told(fitted, frame.iloc[[at]])
        assert np.abs(alone.points.iloc[0] - together.iloc[at]).max() < 1e-12


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
def test_columns_in_any_order_are_told_the_same(
    fitted: HealthModel, frame: pd.DataFrame, order: list
) -> None:
    rows = frame.head(20)
    as_fitted, turned = fitted.explain(rows), told(fitted, rows.iloc[:, order])
    pd.testing.assert_frame_equal(turned.points, as_fitted.points)
    pd.testing.assert_frame_equal(turned.drivers(), as_fitted.drivers())


def test_no_customers_are_refused_as_in_scoring(fitted: HealthModel, frame: pd.DataFrame) -> None:
    nobody = frame.head(0)
    for asked in (fitted.explain, fitted.health_score, fitted.refit_range):
        with pytest.raises(SchemaError, match=r"expected rows and columns, found 0 sample.*\(0, 5\)"):
            asked(nobody)
    assert beyond_training(nobody, fitted.model_.columns).empty


def test_all_faults_of_the_columns_are_told_at_once(fitted: HealthModel, frame: pd.DataFrame) -> None:
    wrong = frame.head(2).rename(columns={"logins": "login"}).drop(columns="plan").assign(extra=1)
    with pytest.raises(SchemaError) as error:
        fitted.explain(wrong)
    for words in ("missing column 'logins'", "missing column 'plan'", "unexpected column 'extra'"):
        assert words in str(error.value)


def test_customers_who_stand_twice_keep_their_own_drivers(
    fitted: HealthModel, frame: pd.DataFrame
) -> None:
    rows = frame.iloc[[0, 1]].set_axis(["C1", "C1"])
    explanation = told(fitted, rows)
    apart = str(fitted.explain(rows.set_axis(["C1", "C2"])))
    assert str(explanation) == apart.replace("C2", "C1")
    assert apart.count("\nC1") == apart.count("\nC2") == 1
    with pytest.raises(SchemaError, match="one row per customer; several for 'C1'"):
        score_change(fitted, fitted, rows, rows)
