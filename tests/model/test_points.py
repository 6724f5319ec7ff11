from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from churnhealth.domain.point_rule import PointBin, PointRule
from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import SchemaError
from churnhealth.model.calibrate import log_losses
from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.points import PointLine, PointMember, fit_points, points_of
from churnhealth.model.training import TrainingRows

BY_PLAN = PointTable.from_dict({"plan": {"levels": {"Basic": 0, "Pro": 4}}})


def two_plans(share_of_basic: float, share_of_pro: float) -> tuple[pd.DataFrame, np.ndarray]:
    """1,000 customers of each plan, of which so many churned."""
    y = np.concatenate([np.arange(1000) < 1000 * one for one in (share_of_basic, share_of_pro)])
    return pd.DataFrame({"plan": np.repeat(["Basic", "Pro"], 1000)}), y.astype(float)


@pytest.fixture(scope="module")
def member(rows_of: Callable[..., TrainingRows], make_customers: Callable) -> tuple:
    frame, y, _ = make_customers(900, seed=3)
    rows = rows_of(frame, y.astype(float))
    fitted, margin = fit_points(rows)
    return fitted, rows, margin


def test_two_totals_get_the_log_odds_of_their_customers(rows_of: Callable[..., TrainingRows]) -> None:
    frame, y = two_plans(0.5, 0.1)
    fitted, _ = fit_points(rows_of(frame, y), BY_PLAN)
    # log-odds 0 at 0 points and ln(1 / 9) = -2.197 at 4, so -0.549 a point, but for Platt's targets:
    # 600 churners count 601 / 602 and 1,400 others 1 / 1402.
    basic = (500 * 601 / 602 + 500 / 1402) / 1000
    pro = (100 * 601 / 602 + 900 / 1402) / 1000
    assert fitted.line.intercept == pytest.approx(logit(basic), abs=1e-4)
    assert fitted.line.slope == pytest.approx((logit(pro) - logit(basic)) / 4.0, abs=1e-4)
    assert fitted.line.slope == pytest.approx(-0.549, abs=0.01)


def test_points_that_say_the_opposite_give_everybody_the_base_rate(
    rows_of: Callable[..., TrainingRows],
) -> None:
    frame, y = two_plans(0.1, 0.5)
    fitted, margin = fit_points(rows_of(frame, y), BY_PLAN)
    assert fitted.line.slope == 0.0
    assert fitted.line.intercept == pytest.approx(logit(0.3))
    assert margin == pytest.approx(np.full(2000, logit(0.3)), abs=0.01)  # each fold has its own


@pytest.mark.parametrize(
    "table", [PointTable(), PointTable((PointRule("plan", levels={"Basic": 3, "Pro": 3}),))]
)
def test_equal_points_for_everybody_are_the_base_rate(
    rows_of: Callable[..., TrainingRows], table: PointTable
) -> None:
    frame, y = two_plans(0.5, 0.1)
    rows = rows_of(frame, y)
    fitted, _ = fit_points(rows, table)
    assert fitted.margin(rows.matrix) == pytest.approx(np.full(2000, logit(0.3)))


def test_contributions_add_up_to_the_margin(member: tuple) -> None:
    fitted, rows, _ = member
    told = fitted.contributions(rows.matrix)
    assert told.shape == (900, 6)
    assert told.sum(axis=1) == pytest.approx(fitted.margin(rows.matrix), abs=1e-12)
    used = {
        name
        for at, name in enumerate(["logins", "nps", "plan", "onboarded", "seats"])
        if told[:, at].any()
    }
    assert used == set(fitted.table.indicators)


def test_the_fits_without_a_group_are_those_of_the_folds(member: tuple) -> None:
    fitted, rows, margin = member
    without = fitted.margins_without(rows.matrix)
    assert without.shape == (900, 10)
    assert without[np.arange(900), rows.groups] == pytest.approx(margin, abs=1e-12)


def test_what_was_learned_is_worth_something_to_customers_never_seen(member: tuple) -> None:
    fitted, rows, margin = member
    base = log_losses(np.full(900, logit(rows.y.mean())), rows.y).mean()
    assert log_losses(margin, rows.y).mean() < base - 0.01
    assert "logins" in fitted.table.indicators


def test_more_points_are_less_churn(member: tuple) -> None:
    fitted, rows, _ = member
    total = points_of(fitted.table, rows.matrix, rows.columns).sum(axis=1)
    order = np.argsort(total, kind="stable")
    assert fitted.line.slope < 0.0
    assert (np.diff(fitted.margin(rows.matrix)[order]) <= 1e-12).all()


def test_a_member_survives_json(member: tuple) -> None:
    fitted, rows, _ = member
    back = PointMember.from_dict(json.loads(json.dumps(fitted.to_dict(), allow_nan=False)), rows.columns)
    assert back == fitted
    assert np.array_equal(back.margins_without(rows.matrix), fitted.margins_without(rows.matrix))


def test_points_of_the_matrix_are_those_of_the_table_itself(make_customers: Callable) -> None:
    frame, _, _ = make_customers(300, seed=1)
    table = PointTable(
        (
            PointRule("logins", (PointBin(1, 10, 5), PointBin(10, 20, 10))),
            PointRule("nps", (PointBin(9, 11, 2),), missing=1),
            PointRule("plan", levels={"Pro": 3}, other=-1),
            PointRule("onboarded", levels={"true": 4}),
            PointRule("seats", levels={"7": 2}),
        )
    )
    columns = learn_columns(frame)
    matrix = encode_table(frame, columns).matrix
    assert np.array_equal(points_of(table, matrix, columns), table.points(frame).to_numpy())


def test_rare_and_new_levels_earn_what_the_table_does_not_name() -> None:
    plan = ["Pro"] * 10 + ["Tin", "Zinc"]
    columns = learn_columns(pd.DataFrame({"plan": plan}))
    table = PointTable((PointRule("plan", levels={"Pro": 3, "Tin": 9}, other=1, missing=-1),))
    new = encode_table(pd.DataFrame({"plan": ["Pro", "Tin", "New", None]}), columns).matrix
    assert points_of(table, new, columns)[:, 0].tolist() == [3.0, 1.0, 1.0, -1.0]


def test_a_table_that_does_not_fit_the_columns_is_refused(rows_of: Callable[..., TrainingRows]) -> None:
    frame, y = two_plans(0.5, 0.1)
    table = PointTable((PointRule("plan", (PointBin(0, 1, 1),)), PointRule("seats", missing=1)))
    with pytest.raises(SchemaError) as error:
        fit_points(rows_of(frame, y), table)
    assert len(error.value.faults) == 2


def test_all_values_missing_is_the_base_rate(rows_of: Callable[..., TrainingRows]) -> None:
    _, y = two_plans(0.5, 0.1)
    rows = rows_of(pd.DataFrame({"nps": [None] * 2000}), y)
    for table in (None, PointTable.from_dict({"nps": {"bins": [{"low": 9, "points": 2}]}})):
        fitted, _ = fit_points(rows, table)
        assert fitted.margin(rows.matrix) == pytest.approx(np.full(2000, logit(0.3)))


@given(st.floats(-3.0, 0.0), st.floats(-3.0, 3.0), st.lists(st.integers(0, 40), min_size=2, max_size=9))
def test_a_line_never_lets_more_points_be_more_churn(
    slope: float, intercept: float, logins: list[int]
) -> None:
    table = PointTable((PointRule("x", (PointBin(1, 10, 5), PointBin(10, 99, 10))),))
    frame = pd.DataFrame({"x": sorted(logins)}, dtype="float64")
    columns = learn_columns(frame)
    probability = expit(PointLine(table, slope, intercept).margin(frame.to_numpy(), columns))
    assert (np.diff(probability) <= 1e-15).all()
