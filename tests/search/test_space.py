from __future__ import annotations

from churnhealth.model.options import TrainingOptions, TreeOptions
from churnhealth.search.space import SPACE, options_of, searched_values


def test_every_choice_is_an_option_within_its_bounds() -> None:
    flat = TrainingOptions().to_flat()
    for one in SPACE:
        assert isinstance(flat[one.path], int) == one.whole
        for value in (one.low, one.high):
            assert options_of({one.path: value}).to_flat()[one.path] == value


def test_values_outside_the_bounds_are_moved_to_them() -> None:
    options = TrainingOptions(deep_trees=TreeOptions(l2=0.0, leaves=500))
    values = searched_values(options)
    assert set(values) == {one.path for one in SPACE}
    assert (values["deep_trees.l2"], values["deep_trees.leaves"]) == (0.01, 63)
