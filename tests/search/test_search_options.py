"""The search for a model's options: on its training rows alone, kept by rows and recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import ConfigError, SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.model.inner_folds import OptionJudge
from churnhealth.model.options import TrainingOptions
from churnhealth.search.options import search_options


@pytest.fixture
def rows() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=120)})
    return frame, np.where(rng.random(120) < 0.3, "churned", "stayed")


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Losses known beforehand: fewer nats the more knots; keeps which folds were asked for."""
    asked: list[tuple[int, int]] = []

    def losses(self: OptionJudge, options: TrainingOptions, at: int) -> np.ndarray:
        asked.append((options.spline_knots, at))
        noise = np.random.default_rng(len(asked)).normal(0.0, 1e-3, len(self.weight(at)))
        return 0.6 - 0.01 * options.spline_knots + noise

    monkeypatch.setattr(OptionJudge, "losses", losses)
    return asked


def test_options_that_win_on_every_fold_are_found(rows: tuple, stubbed: list) -> None:
    frame, label = rows
    model = HealthModel(random_state=1)
    given = [TrainingOptions(spline_knots=8)]
    result = search_options(model, frame, label, seconds=60.0, given=given, most_trials=3)
    assert result.found
    assert result.options.spline_knots == 8
    assert {at for _, at in stubbed} == {0, 1, 2, 3, 4}
    # The model is as it was.
    assert model.options is None
    assert not hasattr(model, "model_")
    fitted = HealthModel(**{**model.get_params(), "options": result.options})
    assert fitted.get_params()["options"] == result.options


def test_a_study_goes_on_for_the_same_rows_and_recipe_only(
    rows: tuple, stubbed: list, tmp_path: Path
) -> None:
    frame, label = rows
    kept = {"seconds": 60.0, "study": tmp_path / "search.db", "most_trials": 1}

    def trials(model: HealthModel, table: pd.DataFrame, **more: object) -> int:
        return len(search_options(model, table, label, **kept, **more).trials)

    assert trials(HealthModel(), frame) == 1
    assert trials(HealthModel(), frame) == 2
    assert trials(HealthModel(random_state=7), frame) == 1
    assert trials(HealthModel(), frame.assign(a=frame["a"] + 1.0)) == 1
    assert trials(HealthModel(), frame, customer_id=np.arange(120) // 2) == 1
    assert trials(HealthModel(), frame) == 3


def test_without_folds_nothing_is_tried_and_the_defaults_are_kept(stubbed: list) -> None:
    frame = pd.DataFrame({"a": np.arange(30.0)})
    result = search_options(HealthModel(), frame, np.arange(30) == 3, seconds=60.0)
    assert (result.options, result.found, stubbed) == (TrainingOptions(), False, [])


def test_faults_are_told_before_anything_is_tried(rows: tuple, stubbed: list) -> None:
    frame, label = rows
    with pytest.raises(ConfigError, match="seconds: expected 0 or more, got -1"):
        search_options(HealthModel(), frame, label, seconds=-1)
    with pytest.raises(SchemaError, match="expected two classes, got one"):
        search_options(HealthModel(), frame, np.zeros(120), seconds=60.0)
    assert stubbed == []
