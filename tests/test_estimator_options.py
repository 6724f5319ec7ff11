"""Options are a parameter of `HealthModel` like any other, and are kept with the model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sklearn.base import clone

from churnhealth.errors import ConfigError
from churnhealth.estimator import HealthModel
from churnhealth.model.options import TrainingOptions

OPTIONS = TrainingOptions.from_flat({"small_trees.leaves": 2, "deep_trees.leaves": 2, "spline_knots": 1})


@pytest.fixture(scope="module")
def model(make_customers: Callable) -> HealthModel:
    frame, y, _ = make_customers(200, seed=0)
    return HealthModel(options=OPTIONS).fit(frame, y)


def test_options_are_a_parameter_like_any_other() -> None:
    asked = HealthModel(options=OPTIONS)
    assert clone(asked).get_params()["options"] == OPTIONS
    assert asked.set_params(options=None).options is None


def test_options_come_back_with_the_saved_model(model: HealthModel, tmp_path: Path) -> None:
    back = HealthModel.load(model.save(tmp_path / "model"))
    assert back.options_ == back.options == model.options_ == OPTIONS
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    assert manifest["options"]["small_trees"]["leaves"] == 2


def test_options_decide_what_trees_look_like(model: HealthModel, fitted: HealthModel) -> None:
    def most_leaves(of: HealthModel) -> int:
        texts = [text for member in of.model_.stack.members for text in getattr(member, "texts", ())]
        lines = [line for text in texts for line in text.splitlines() if line.startswith("num_leaves=")]
        return max((int(line.partition("=")[2]) for line in lines), default=0)

    assert fitted.options_ == TrainingOptions()
    assert most_leaves(fitted) > 2 >= most_leaves(model)


def test_options_of_another_kind_are_refused(make_customers: Callable) -> None:
    frame, y, _ = make_customers(120, seed=1)
    with pytest.raises(ConfigError, match="expected TrainingOptions, got dict"):
        HealthModel(options={"leaves": 3}).fit(frame, y)
