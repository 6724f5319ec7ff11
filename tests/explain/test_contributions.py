from __future__ import annotations

import numpy as np
import pytest

from churnhealth.estimator import HealthModel
from churnhealth.explain.contributions import Reference, StackExplainer
from churnhealth.model.columns import encode_table
from churnhealth.model.stack import Stack


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
        if member.name == "trees":
            by_lightgbm = [one.predict(matrix, pred_contrib=True) for one in member.boosters]
            expected += weight * np.mean(by_lightgbm, axis=0)
        else:
            expected += weight * member.contributions(matrix)
    assert {member.name for member in stack.members} == {"logistic", "trees"}
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
