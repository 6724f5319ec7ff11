from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.folds import customer_folds
from churnhealth.model.trees import TreeMember, fit_trees


@pytest.fixture(scope="module")
def bag() -> tuple[TreeMember, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=1500), "c": rng.choice(list("abcd"), 1500)})
    y = (rng.random(1500) < np.where((frame["x"] > 0) & (frame["c"] == "a"), 0.7, 0.1)).astype(float)
    specs = learn_columns(frame)
    matrix = encode_table(frame, specs).matrix
    folds = customer_folds(y, None, seed=0)
    member, margin = fit_trees(matrix, y, np.ones(1500), specs, folds, seed=0, threads=1)
    return member, matrix, y, margin


def test_there_is_one_booster_per_fold_with_equal_rounds(bag: tuple) -> None:
    member = bag[0]
    assert len(member.boosters) == 5
    assert len({booster.num_trees() for booster in member.boosters}) == 1


def test_an_interaction_is_learned_out_of_fold(bag: tuple) -> None:
    _, matrix, y, margin = bag
    risky = (matrix[:, 0] > 0) & (matrix[:, 1] == 0)
    assert margin[risky].mean() - margin[~risky].mean() > 1.5  # the truth is logit .7 - logit .1 = 3.0
    assert y[risky].mean() > 0.6


def test_a_bag_survives_text_to_the_bit(bag: tuple) -> None:
    member, matrix, _, _ = bag
    back = TreeMember.from_texts(member.to_texts(), 2)
    assert np.array_equal(back.margin(matrix), member.margin(matrix))


def test_leaves_are_counted(bag: tuple) -> None:
    member = bag[0]
    by_hand = sum(
        text.count("\nleaf_value=")
        and sum(int(line.split("=")[1]) for line in text.splitlines() if line.startswith("num_leaves="))
        for text in member.to_texts()
    )
    assert member.leaves == by_hand
