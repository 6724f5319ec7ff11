from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from churnhealth.estimator import HealthModel
from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.fitted import fit_model
from churnhealth.model.target import (
    MOST_NATIVE_LEVELS,
    TargetCode,
    TargetCoder,
    learner_columns,
    with_target_codes,
)
from churnhealth.model.training import TrainingRows

LEVELS = 60


@pytest.fixture(scope="module")
def areas() -> tuple[pd.DataFrame, np.ndarray]:
    """A category of 60 levels, half of which churn at 50 %, the others at 10 %."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, LEVELS, 6000)
    frame = pd.DataFrame({"area": [f"area {one:02d}" for one in level], "x": rng.normal(size=6000)})
    y = (rng.random(6000) < np.where(level % 2 == 0, 0.5, 0.1)).astype(float)
    return frame, y


def test_few_levels_stay_levels_and_many_become_a_number() -> None:
    few = [f"l{at % MOST_NATIVE_LEVELS}" for at in range(1000)]
    many = [f"l{at % (MOST_NATIVE_LEVELS + 1)}" for at in range(1000)]
    seen = learner_columns(learn_columns(pd.DataFrame({"few": few, "many": many})))
    assert [column.kind for column in seen] == ["category", "number"]


def test_codes_are_the_shrunken_rates_of_the_levels(
    areas: tuple[pd.DataFrame, np.ndarray], rows_of: Callable[..., TrainingRows]
) -> None:
    frame, y = areas
    (code,) = rows_of(frame, y).target_codes
    counts = pd.DataFrame({"area": frame["area"], "y": y}).groupby("area")["y"].agg(["sum", "size"])
    # Levels truly differ, so some strength below endless fits best; which one can be read off a code.
    found = np.asarray(code.log_odds)
    fits = {
        strength: logit((counts["sum"] + strength * y.mean()) / (counts["size"] + strength))
        - logit(y.mean())
        for strength in (5.0, 20.0, 80.0)
    }
    assert any(np.allclose(found, fit) for fit in fits.values())


def test_a_training_row_never_sees_its_own_label(
    areas: tuple[pd.DataFrame, np.ndarray], rows_of: Callable[..., TrainingRows]
) -> None:
    frame, y = areas
    rows = rows_of(frame, y)
    everyone = np.ones(len(y), dtype=bool)
    flipped = y.copy()
    flipped[17] = 1.0 - flipped[17]
    strengths = []
    for labels in (y, flipped):
        coder = TargetCoder(rows.matrix, labels, rows.weight, rows.groups, rows.columns)
        coder._strength = {0: 20.0}
        strengths.append(coder.train(everyone)[:, 0])
    same_group = rows.groups == rows.groups[17]
    assert np.array_equal(strengths[0][same_group], strengths[1][same_group])
    assert not np.array_equal(strengths[0], strengths[1])


def test_levels_that_say_nothing_say_little(rows_of: Callable[..., TrainingRows]) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"area": [f"area {one}" for one in rng.integers(0, LEVELS, 3000)]})
    y = (rng.random(3000) < 0.2).astype(float)
    (code,) = rows_of(frame, y).target_codes
    assert np.abs(np.asarray(code.log_odds)).max() < 0.2


def test_where_no_strength_helps_no_row_is_told_its_group(rows_of: Callable[..., TrainingRows]) -> None:
    # No two churners share a level, so the others of a level tell nothing. Groups have one churner or
    # two; the base rate without a group would tell its rows from others.
    frame = pd.DataFrame({"area": [f"area {one % 50}" for one in range(500)]})
    y = (np.arange(500) % 33 == 0).astype(float)
    rows = rows_of(frame, y)
    assert len({rows.y[rows.groups == group].sum() for group in np.unique(rows.groups)}) > 1
    (code,) = rows.target_codes
    assert set(code.log_odds) == {0.0}
    assert set(rows.whole[:, 0]) == {0.0}


@pytest.mark.parametrize("seed", range(3))
def test_a_category_of_noise_never_makes_certain_churners_of_new_customers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = [f"area {one}" for one in rng.integers(0, LEVELS, 1500)]
    frame = pd.DataFrame({"area": areas, "logins": rng.poisson(8, 1500)})
    churned = np.zeros(1500)
    churned[rng.permutation(500)[:15]] = 1.0
    model = HealthModel(leaf_budget=1).fit(frame.head(500), churned[:500])
    told = model.churn_probability(frame.tail(1000))
    assert 0.01 < told.mean() < 0.09
    assert told.max() < 0.5


def test_missing_levels_stay_missing_and_codes_survive_json() -> None:
    code = TargetCode.from_dict(json.loads(json.dumps(TargetCode(0, (-1.5, 2.0)).to_dict())))
    coded = with_target_codes(np.array([[1.0, 7.0], [np.nan, 8.0], [0.0, 9.0]]), [code])
    assert np.array_equal(coded, [[2.0, 7.0], [np.nan, 8.0], [-1.5, 9.0]], equal_nan=True)


def test_a_model_finds_the_risky_areas_and_takes_a_new_one_for_typical(
    areas: tuple[pd.DataFrame, np.ndarray],
) -> None:
    frame, y = areas
    model = fit_model(frame, y)
    asked = pd.DataFrame({"area": ["area 00", "area 01", "never seen"], "x": [0.0, 0.0, 0.0]})
    encoded = encode_table(asked, model.columns)
    margin = model.stack.margin(encoded.matrix)
    risky, safe, new = model.calibrator.probability(margin)
    assert encoded.unseen == {"area": 1}
    assert risky == pytest.approx(0.5, abs=0.08)
    assert safe == pytest.approx(0.1, abs=0.06)
    assert safe < new < risky
