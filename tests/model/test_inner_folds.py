"""Options judged on inner folds: which rows judge, and what must win on tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.model.fitted import Recipe
from churnhealth.model.inner_folds import InnerFolds, OptionJudge, inner_folds
from churnhealth.model.options import TrainingOptions

QUARTERS = pd.to_datetime(["2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01"], utc=True)


def quarters(customers: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    cutoff = np.repeat(QUARTERS.as_unit("ns").asi8, customers)
    y = (rng.random(len(cutoff)) < 0.3).astype(float)
    return y, np.tile(np.arange(customers), len(QUARTERS)), cutoff


def test_later_time_judges_where_there_are_windows_each_by_the_labels_known_then() -> None:
    y, customers, cutoff = quarters()
    folds = inner_folds(y, customers, cutoff, ChurnProblem(horizon_days=90))
    assert folds.kind == "time"
    assert [int(fold.train.sum()) for fold in folds.folds] == [200, 400, 600]
    for fold in folds.folds:
        newest, judged = cutoff[fold.train].max(), np.unique(cutoff[fold.test])
        assert len(judged) == 1
        assert newest + 90 * 86_400 * 10**9 <= judged[0]


@pytest.mark.parametrize("horizon", [90, 400])
def test_customers_judge_where_later_time_cannot(horizon: int) -> None:
    y, customers, cutoff = quarters()
    # Two quarters have one window; with 400 days no label is known at the next quarter.
    rows = np.isin(cutoff, np.unique(cutoff)[:2]) if horizon == 90 else np.ones(len(y), dtype=bool)
    problem = ChurnProblem(horizon_days=horizon)
    folds = inner_folds(y[rows], customers[rows], cutoff[rows], problem)
    assert (folds.kind, len(folds)) == ("customers", 5)
    for fold in folds.folds:
        assert not set(customers[rows][fold.train]) & set(customers[rows][fold.test])


def test_one_churner_leaves_no_folds() -> None:
    y = np.r_[1.0, np.zeros(20)]
    assert len(inner_folds(y, None, None, ChurnProblem())) == 0


def judge_of(frame: pd.DataFrame, y: np.ndarray, folds: int = 1) -> OptionJudge:
    found = inner_folds(y, None, None, ChurnProblem())
    return OptionJudge(
        frame, y, np.ones(len(y)), None, None, InnerFolds(found.kind, found.folds[:folds]), Recipe()
    )


def test_trees_that_can_split_twice_win_where_two_indicators_work_together() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(700, 2)), columns=["a", "b"])
    y = (rng.random(700) < np.where(frame["a"] * frame["b"] > 0, 0.8, 0.1)).astype(float)
    judge = judge_of(frame, y)
    stumps = {f"{bag}.{name}": value for bag in ("small_trees", "deep_trees")
              for name, value in (("leaves", 2), ("depth", 1))}  # fmt: skip
    default = judge.losses(TrainingOptions(), 0).mean()
    # The truth loses 0.50 on half the rows and 0.33 on the other; stumps see nothing: 0.69.
    assert default < 0.55 < 0.65 < judge.losses(TrainingOptions.from_flat(stumps), 0).mean()
    assert judge.weight(0).tolist() == [1.0] * 140
    assert len(set(judge.customers(0))) == 140


def test_losses_are_the_same_again_and_plain_members_are_fitted_once_per_number_of_knots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from churnhealth.model import inner_folds as module

    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"a": rng.normal(size=300)})
    y = (rng.random(300) < 1.0 / (1.0 + np.exp(-2.0 * frame["a"]))).astype(float)
    judge, fitted, whole = judge_of(frame, y), [], module.fit_plain

    def counted(rows, recipe):
        fitted.append(recipe.options.spline_knots)
        return whole(rows, recipe)

    monkeypatch.setattr(module, "fit_plain", counted)
    first = judge.losses(TrainingOptions(), 0)
    assert np.array_equal(first, judge.losses(TrainingOptions(), 0))
    judge.losses(TrainingOptions(spline_knots=2), 0)
    assert fitted == [4, 2]
