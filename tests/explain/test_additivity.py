"""On every rung, for any row: base + points = health score, and no word against the log-odds."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.estimator import HealthModel
from churnhealth.explain.attribution import with_missing_columns
from churnhealth.explain.contributions import StackExplainer
from churnhealth.model.calibrate import Calibrator
from churnhealth.model.columns import encode_table
from churnhealth.model.stack import SegmentCorrection, Stack
from churnhealth.model.target import TargetCode
from churnhealth.model.trees import TreeMember

RUNGS = ["base rate", "logistic", "stack", "segments and codes"]
CALIBRATORS = [
    Calibrator(),
    Calibrator("sigmoid", (0.6,), -0.4),
    Calibrator("beta", (0.5, 1.7), 0.2),
    Calibrator("spline", (0.3, 2.0, 0.9), 0.1, (-2.0, -0.5, 1.5)),
]


class Told:
    """A model of our own, with any calibrator, and its contributions in log-odds."""

    def __init__(self, model: HealthModel, frame: pd.DataFrame, stack: Stack) -> None:
        self.model = copy.copy(model)
        self.model.model_ = replace(model.model_, stack=stack)
        matrix = encode_table(frame, model.model_.columns).matrix
        self.explainer = StackExplainer(stack)
        self.model.reference_ = self.explainer.learn_reference(matrix, seed=0)

    def calibrated(self, calibrator: Calibrator) -> HealthModel:
        self.model.model_ = replace(self.model.model_, calibrator=calibrator)
        return self.model

    def log_odds(self, frame: pd.DataFrame) -> pd.DataFrame:
        """In the columns of the points."""
        columns, stack = self.model.model_.columns, self.model.model_.stack
        matrix = encode_table(frame, columns).matrix
        phi = self.explainer.centred(matrix, self.model.reference_)
        segments = [columns[one.column].name for one in stack.corrections]
        return with_missing_columns(phi, matrix, columns, frame.index, segments)


@pytest.fixture(scope="module")
def ladder(fitted: HealthModel, customers: tuple) -> dict[str, Told]:
    frame = customers[0]
    one_churner = np.arange(len(frame)) == 3
    few = frame.head(150)  # and nothing in them for trees to find
    log_odds = 2.2 - 0.25 * few["logins"] + (few["plan"] == "Basic")
    few_churned = np.random.default_rng(0).random(150) < 1 / (1 + np.exp(-log_odds))
    models = {
        "base rate": HealthModel().fit(frame, one_churner),
        "logistic": HealthModel().fit(few, few_churned),
        "stack": fitted,
    }
    assert {name: one.model_.summary["rung"] for name, one in models.items()} == {
        name: name for name in models
    }
    stack, plan = fitted.model_.stack, list(frame).index("plan")
    shifted = replace(
        stack,
        target_codes=(TargetCode(plan, (2.0, 0.0, 1.0)),),
        corrections=(SegmentCorrection(plan, (-0.3, 0.1, 0.8)),),
    )
    told = {name: Told(one, frame, one.model_.stack) for name, one in models.items()}
    return {**told, "segments and codes": Told(fitted, frame, shifted)}


def test_the_rungs_are_made_of_what_they_say(ladder: dict) -> None:
    kinds = {
        name: {type(one).__name__ for one in told.model.model_.stack.members}
        for name, told in ladder.items()
    }
    both = {"LinearMember", "TreeMember"}
    assert list(kinds.values()) == [set(), {"LinearMember"}, both, both]
    points = ladder["segments and codes"].model.explain(pd.DataFrame([ROW])).points
    assert {"nps:missing", "plan:segment"} <= set(points)


ROW = {"logins": 9.0, "nps": 8.0, "plan": "Pro", "onboarded": True, "seats": 12}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "logins": st.one_of(st.none(), st.floats(-1e3, 1e3)),
            "nps": st.one_of(st.none(), st.floats(-1e3, 1e3)),
            "plan": st.sampled_from(["Basic", "Pro", "Enterprise", "never seen", None]),
            "onboarded": st.sampled_from([True, False, None]),
            "seats": st.one_of(st.none(), st.integers(-1000, 1000)),
        }
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("rung", RUNGS)
@settings(max_examples=15)
@given(calibrator=st.sampled_from(CALIBRATORS), rows=ROWS)
def test_any_row_is_the_base_and_its_points(
    ladder: dict, rung: str, calibrator: Calibrator, rows: list
) -> None:
    model = ladder[rung].calibrated(calibrator)
    frame = pd.DataFrame(rows, columns=list(ROW))
    told, score = model.explain(frame), model.health_score(frame)
    assert np.abs(told.health_score - score).max() < 1e-9
    assert np.abs(told.base_points + told.groups().sum(axis=1) - score).max() < 1e-9
    listed = told.drivers(top=2, others=True).groupby("row")["contribution_points"].sum()
    assert np.abs(told.base_points + listed - score).max() < 1e-9


@pytest.mark.parametrize("rung", RUNGS)
@settings(max_examples=15)
@given(calibrator=st.sampled_from(CALIBRATORS), rows=ROWS)
def test_signs_and_order_of_points_are_those_of_the_log_odds(
    ladder: dict, rung: str, calibrator: Calibrator, rows: list
) -> None:
    frame = pd.DataFrame(rows, columns=list(ROW))
    points = ladder[rung].calibrated(calibrator).explain(frame).points
    log_odds = ladder[rung].log_odds(frame)
    assert points.columns.equals(log_odds.columns)
    assert (np.sign(points) == -np.sign(log_odds)).all(axis=None)
    # From what raises churn most to what raises health most.
    order = np.argsort(-log_odds.to_numpy(), axis=1, kind="stable")
    rising = np.take_along_axis(points.to_numpy(), order, axis=1)
    assert (np.diff(rising, axis=1) >= 0.0).all()


@settings(max_examples=8)
@given(values=st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3))
def test_an_indicator_that_was_constant_at_fit_says_nothing_whatever_its_value(
    with_constant: HealthModel, customers: tuple, values: list
) -> None:
    frame = customers[0].head(3).assign(constant=values)
    told = with_constant.explain(frame)
    assert (told.points["constant"] == 0.0).all()
    assert np.abs(told.health_score - with_constant.health_score(frame)).max() < 1e-9


@pytest.fixture(scope="module")
def with_constant(customers: tuple) -> HealthModel:
    frame, y, _ = customers
    return HealthModel().fit(frame.head(200).assign(constant=7.0), y[:200])


def test_a_whole_model_is_explained_by_the_shapley_values_of_its_game(
    fitted: HealthModel, customers: tuple, brute_force
) -> None:
    # The game of a sum is the sum of the games; that of a line gives each column its own term.
    few = [
        replace(one, texts=one.texts[:1]) if isinstance(one, TreeMember) else one
        for one in fitted.model_.stack.members
    ]
    stack = replace(fitted.model_.stack, members=tuple(few))
    matrix = encode_table(customers[0].head(2), fitted.model_.columns).matrix
    expected = np.zeros((2, stack.n_indicators))
    for weight, member in zip(stack.weights, stack.members, strict=True):
        if not isinstance(member, TreeMember):
            expected += weight * member.contributions(matrix)[:, :-1]
            continue
        for one in member.boosters[0].dump_model()["tree_info"]:
            by_tree = [brute_force(one["tree_structure"], row) for row in matrix]
            expected += weight * np.array(by_tree)
    told = StackExplainer(stack).contributions(matrix)[:, :-1]
    np.testing.assert_allclose(told, expected, atol=1e-11)
