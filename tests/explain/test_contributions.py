from __future__ import annotations

import numpy as np
import pytest

from churnhealth.estimator import HealthModel
from churnhealth.explain.contributions import Reference, StackExplainer
from churnhealth.model.columns import encode_table
from churnhealth.model.stack import SegmentCorrection, Stack
from churnhealth.model.target import TargetCode
from churnhealth.model.trees import TreeMember


@pytest.fixture
def matrix(fitted: HealthModel, customers: tuple) -> np.ndarray:
    return encode_table(customers[0], fitted.model_.columns).matrix


def test_contributions_are_the_weighted_sum_of_what_the_learners_say_themselves(
    fitted: HealthModel, matrix: np.ndarray
) -> None:
    stack = fitted.model_.stack
    expected = np.zeros((len(matrix), stack.n_indicators + 1))
    expected[:, -1] = stack.intercept
    for weight, member in zip(stack.weights, stack.members, strict=True):
        if isinstance(member, TreeMember):
            by_lightgbm = [one.predict(matrix, pred_contrib=True) for one in member.boosters]
            expected += weight * np.mean(by_lightgbm, axis=0)
        else:
            expected += weight * member.contributions(matrix)
    kinds = {type(member).__name__ for member in stack.members}
    assert kinds == {"LinearMember", "TreeMember"}
    assert StackExplainer(stack).contributions(matrix) == pytest.approx(expected, abs=1e-11)


def test_contributions_add_up_to_the_margin(fitted: HealthModel, matrix: np.ndarray) -> None:
    stack = fitted.model_.stack
    total = StackExplainer(stack).contributions(matrix).sum(axis=1)
    assert total == pytest.approx(stack.margin(matrix), abs=1e-11)


def test_centred_contributions_of_the_reference_average_to_nothing(
    fitted: HealthModel, matrix: np.ndarray
) -> None:
    explainer = StackExplainer(fitted.model_.stack)
    reference = explainer.learn_reference(matrix, seed=0)
    centred = explainer.centred(matrix, reference)
    assert centred.mean(axis=0) == pytest.approx(np.zeros(centred.shape[1]), abs=1e-12)
    margin = reference.base_margin + centred.sum(axis=1)
    assert margin == pytest.approx(fitted.model_.stack.margin(matrix), abs=1e-11)


def test_the_base_rate_alone_contributes_nothing() -> None:
    explainer = StackExplainer(Stack((), (), -1.5, 2))
    reference = explainer.learn_reference(np.ones((3, 2)), seed=0)
    assert reference.base_margin == -1.5
    assert (explainer.centred(np.ones((3, 2)), reference) == 0.0).all()


def test_a_reference_survives_json() -> None:
    reference = Reference(np.array([0.1, -0.2]), 1.0 / 3.0)
    back = Reference.from_dict(reference.to_dict())
    assert np.array_equal(back.centres, reference.centres)
    assert back.base_margin == reference.base_margin


def test_codes_and_corrections_are_told_of_their_category_and_of_the_segment(
    fitted: HealthModel, matrix: np.ndarray
) -> None:
    stack = fitted.model_.stack
    plan = [column.name for column in fitted.model_.columns].index("plan")
    log_odds = tuple(float(level) for level in range(len(fitted.model_.columns[plan].levels)))
    corrected = Stack(
        stack.members,
        stack.weights,
        stack.intercept,
        stack.n_indicators,
        (TargetCode(plan, log_odds),),
        (SegmentCorrection(plan, tuple(-0.1 * one for one in log_odds)),),
    )
    told = StackExplainer(corrected).contributions(matrix)
    assert told.shape == (len(matrix), stack.n_indicators + 2)
    # The codes are the levels' own numbers here, so the learners see what they saw before.
    before = StackExplainer(stack).contributions(matrix)
    assert told[:, : stack.n_indicators] == pytest.approx(before[:, :-1], abs=1e-12)
    assert told[:, -2] == pytest.approx(-0.1 * matrix[:, plan])
    assert told.sum(axis=1) == pytest.approx(corrected.margin(matrix), abs=1e-11)
