from __future__ import annotations

from collections.abc import Callable

import lightgbm
import numpy as np
import pandas as pd
import pytest

from churnhealth.model.options import SMALL_TREES
from churnhealth.model.training import TrainingRows
from churnhealth.model.trees import TreeMember, fit_trees


@pytest.fixture(scope="module")
def bag(rows_of: Callable[..., TrainingRows]) -> tuple[TreeMember, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=1500), "c": rng.choice(list("abcd"), 1500)})
    y = (rng.random(1500) < np.where((frame["x"] > 0) & (frame["c"] == "a"), 0.7, 0.1)).astype(float)
    rows = rows_of(frame, y)
    member, margin = fit_trees(rows, SMALL_TREES, seed=0, threads=1)
    return member, rows.matrix, y, margin


def test_there_is_one_booster_per_fold_with_equal_rounds(bag: tuple) -> None:
    member = bag[0]
    assert len(member.boosters) == 10
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


def test_texts_and_leaves_are_known_without_reading_a_booster(
    bag: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, leaves = bag[0].to_texts(), bag[0].leaves
    monkeypatch.setattr(lightgbm, "Booster", None)
    back = TreeMember.from_texts(texts, 2, "small trees")
    assert back.to_texts() == texts
    assert back.leaves == leaves
    assert repr(back) == "TreeMember(n_indicators=2, name='small trees')"
    with pytest.raises(TypeError):
        back.boosters  # noqa: B018


def test_a_text_is_what_its_booster_writes(bag: tuple) -> None:
    member = bag[0]
    assert tuple(booster.model_to_string() for booster in member.boosters) == member.to_texts()


def test_a_direction_is_kept_even_against_the_data(rows_of: Callable[..., TrainingRows]) -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"x": rng.normal(size=800), "z": rng.normal(size=800)})
    y = (rng.random(800) < 1.0 / (1.0 + np.exp(-frame["x"] - frame["z"]))).astype(float)
    member, _ = fit_trees(rows_of(frame, y, monotone=(-1, 0)), SMALL_TREES, seed=0, threads=1)
    grid = np.column_stack([np.linspace(-3.0, 3.0, 50), np.zeros(50)])
    assert (np.diff(member.margin(grid)) <= 0.0).all()
