"""Options: what is refused, and how they are written and read back."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from churnhealth.errors import ConfigError
from churnhealth.model.options import DEEP_TREES, TrainingOptions, TreeOptions

OTHERS = TrainingOptions(TreeOptions(leaves=4, l2=2.5), DEEP_TREES, spline_knots=6, even_price=0.1)


def test_options_can_be_written_and_read_back() -> None:
    assert TrainingOptions.from_dict(OTHERS.to_dict()) == OTHERS
    assert TrainingOptions.from_flat(OTHERS.to_flat()) == OTHERS
    assert TrainingOptions.from_flat(OTHERS.changed()) == OTHERS
    assert TrainingOptions.from_dict({}) == TrainingOptions()
    assert set(OTHERS.changed()) == {
        "small_trees.leaves",
        "small_trees.l2",
        "spline_knots",
        "even_price",
    }


def test_options_do_not_change_and_can_be_told_apart() -> None:
    with pytest.raises(FrozenInstanceError):
        OTHERS.spline_knots = 3
    assert hash(OTHERS) == hash(TrainingOptions.from_dict(OTHERS.to_dict()))
    assert TrainingOptions() != OTHERS


def test_all_numbers_out_of_bounds_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        TreeOptions(leaves=1, l2=-1.0, column_share=float("nan"), depth=True)
    for name in ("leaves: expected a number from 2 to 1024, got 1", "l2", "column_share", "depth"):
        assert name in str(caught.value)


def test_an_unknown_path_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'small_trees\.leaves'"):
        TrainingOptions.from_flat({"small_trees.leafs": 4})


def test_trees_without_a_limit_of_depth_have_none() -> None:
    assert DEEP_TREES.to_lightgbm()["max_depth"] == -1
    assert TreeOptions().to_lightgbm()["max_depth"] == 3
