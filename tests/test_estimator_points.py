"""Every rung of the ladder explains itself; the point table is one of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import ConfigError, SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.model import fitted as fitting
from churnhealth.model import trees
from churnhealth.model.artifact import MANIFEST
from churnhealth.model.ladder import choose_rung

RUNGS = ("base rate", "point table", "logistic", "stack")
BY_HAND = PointTable.from_dict(
    {
        "logins": {"bins": [{"low": 5, "high": 10, "points": 3}, {"low": 10, "points": 6}]},
        "nps": {"bins": [{"low": 9, "points": 2}], "missing": 1},
        "plan": {"levels": {"Basic": 0, "Pro": 2, "Enterprise": 2}},
        "onboarded": {"levels": {"true": 2}},
    }
)


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what makes fits take a rung, whatever its loss, and grow few trees."""
    monkeypatch.setattr(trees, "MOST_ROUNDS", 5)

    def force(name: str) -> None:
        def choose(told: Any, rungs: Any, churners: int) -> Any:
            rung, _ = choose_rung(told, rungs, churners)
            return replace(rung, name=name), list(rungs.get(name, ()))

        monkeypatch.setattr(fitting, "choose_rung", choose)

    return force


@pytest.mark.parametrize("by_hand", [None, BY_HAND], ids=["learned", "by hand"])
@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_adds_up_and_comes_back_from_its_artifact(
    forced: Callable, make_customers: Callable, tmp_path: Path, rung: str, by_hand: PointTable | None
) -> None:
    forced(rung)
    frame, y, _ = make_customers(500, seed=2)
    model = HealthModel(points=by_hand).fit(frame, y)
    assert model.model_.summary["rung"] == rung
    explanation = model.explain(frame)
    total = explanation.base_points + explanation.points.sum(axis=1)
    assert np.abs(total - model.health_score(frame)).max() < 1e-9
    back = HealthModel.load(model.save(tmp_path / "model"))
    assert np.array_equal(back.churn_probability(frame), model.churn_probability(frame))
    assert back.refit_range(frame).equals(model.refit_range(frame))
    assert back.model_.point_table == model.model_.point_table
    assert by_hand in (None, back.model_.point_table)


def test_more_points_are_a_higher_score(forced: Callable, make_customers: Callable) -> None:
    forced("point table")
    frame, y, _ = make_customers(800, seed=3)
    model = HealthModel(points=BY_HAND).fit(frame, y)
    total = BY_HAND.total(frame).to_numpy()
    score = model.health_score(frame)
    order = np.argsort(total, kind="stable")
    assert (np.diff(score[order]) >= -1e-9).all()
    assert (np.diff(score[order])[np.diff(total[order]) > 0] > 0).all()
    told = model.explain(frame).points
    assert "nps:missing" in told
    assert (told["seats"] == 0.0).all()


def test_a_score_by_hand_that_holds_is_taken_with_its_reason() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(0.0, 30.0, size=(900, 6))).add_prefix("x")
    text = {"bins": [{"low": 7, "high": 13, "points": 4}, {"low": 22, "points": 4}]}
    table = PointTable.from_dict(dict.fromkeys(frame, text))
    # Each point is 0.3 log-odds; humps in six indicators are more than 900 rows tell any learner.
    log_odds = 2.0 - 0.3 * table.total(frame).to_numpy()
    y = (rng.random(900) < 1.0 / (1.0 + np.exp(-log_odds))).astype(int)
    model = HealthModel(points=table).fit(frame, y)
    assert model.model_.summary["rung"] == "point table"
    assert "the total of the point table predicts best" in model.model_.summary["reason"]
    assert model.model_.stack.members[0].line.slope == pytest.approx(-0.3, abs=0.06)


def test_points_are_judged_beside_the_others_and_kept_whoever_wins(fitted: HealthModel) -> None:
    model = fitted.model_
    assert list(model.summary["out_of_fold_log_loss"])[:4] == list(RUNGS)
    assert model.summary["rung"] == "stack"
    assert "logins" in model.point_table.indicators
    assert "point table" not in model.summary["weights"]


def test_where_nothing_can_be_judged_the_points_by_hand_are_still_kept(tmp_path: Path) -> None:
    frame = pd.DataFrame({"logins": np.arange(20.0)})
    table = BY_HAND.among(["logins"])
    model = HealthModel(points=table).fit(frame, np.arange(20) == 3)
    back = HealthModel.load(model.save(tmp_path / "model"))
    assert back.model_.point_table == table
    assert HealthModel().fit(frame, np.arange(20) == 3).model_.point_table == PointTable()


def test_a_model_saved_before_there_were_points_is_still_read(
    fitted: HealthModel, tmp_path: Path
) -> None:
    folder = fitted.save(tmp_path / "model")
    values, manifest = (json.loads((folder / name).read_text()) for name in ("model.json", MANIFEST))
    del values["point_table"]
    older = json.dumps(values)
    manifest["files"]["model.json"] = hashlib.sha256(older.encode()).hexdigest()
    (folder / "model.json").write_text(older)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert HealthModel.load(folder).model_.point_table == PointTable()


def test_indicators_may_have_any_name(forced: Callable, tmp_path: Path) -> None:
    forced("point table")
    names = ["", "points", "bins", "x:missing", 'quo"te', "a.b", "顧客", " ", "low"]
    frame = pd.DataFrame(dict.fromkeys(names, np.tile([1.0, 5.0, np.nan], 60)))
    rule = {"bins": [{"low": 2, "points": 3}], "missing": 1}
    model = HealthModel(points=PointTable.from_dict(dict.fromkeys(names, rule)))
    model.fit(frame, np.tile([1, 0, 0, 1, 0, 1], 30))
    back = HealthModel.load(model.save(tmp_path / "model"))
    told = back.explain(frame)
    assert np.abs(told.health_score - model.health_score(frame)).max() < 1e-9
    assert model.health_score(frame.head(2))[0] < model.health_score(frame.head(2))[1]


def test_a_table_that_does_not_fit_is_refused_before_anything_is_fitted(
    make_customers: Callable,
) -> None:
    frame, y, _ = make_customers(200, seed=0)
    with pytest.raises(SchemaError, match=r"no column is called 'login' \(did you mean 'logins'\?\)"):
        HealthModel(points=PointTable.from_dict({"login": {"missing": 1}})).fit(frame, y)
    with pytest.raises(ConfigError, match=r"expected a PointTable, got dict; PointTable\.from_dict"):
        HealthModel(points={"logins": {"missing": 1}}).fit(frame, y)


def test_points_against_a_direction_are_refused(make_customers: Callable) -> None:
    frame, y, _ = make_customers(200, seed=0)
    with pytest.raises(
        ConfigError, match=r"'logins' earns 0 then 3 then 6 points as it rises.*monotone 1"
    ):
        HealthModel(points=BY_HAND, monotone={"logins": 1}).fit(frame, y)


def test_the_table_is_a_parameter_like_any_other() -> None:
    model = HealthModel(points=BY_HAND)
    assert clone(model).get_params()["points"] == BY_HAND
    assert model.set_params(points=None).points is None


def test_directions_hold_for_learned_points(forced: Callable, make_customers: Callable) -> None:
    forced("point table")
    frame, y, _ = make_customers(500, seed=0)
    model = HealthModel(monotone={"logins": -1}).fit(frame, y)
    grid = pd.concat([frame.iloc[[5]]] * 30, ignore_index=True).assign(logins=np.arange(30.0))
    probability = model.churn_probability(grid)
    assert (np.diff(probability) <= 0.0).all()
    assert probability[0] > probability[-1]
