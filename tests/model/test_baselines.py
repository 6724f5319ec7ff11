from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import SchemaError
from churnhealth.model.baselines import BASELINES, baseline_probabilities
from churnhealth.model.calibrate import log_losses

POINTS = PointTable.from_dict(
    {"logins": {"bins": [{"low": 5, "high": 10, "points": 1}, {"low": 10, "points": 2}]}}
)


@pytest.fixture(scope="module")
def halves(make_customers: Callable) -> tuple:
    frame, y, _ = make_customers(1200, seed=7)
    return frame.iloc[:800], y[:800].astype(float), frame.iloc[800:], y[800:].astype(float)


@pytest.fixture(scope="module")
def told(halves: tuple) -> pd.DataFrame:
    return baseline_probabilities(*halves[:3])


def log_loss(y: np.ndarray, probability: pd.Series) -> float:
    log_odds = np.log(probability / (1.0 - probability)).to_numpy()
    return float(log_losses(log_odds, y).mean())


def test_there_is_a_probability_per_row_and_baseline(halves: tuple, told: pd.DataFrame) -> None:
    assert tuple(told.columns) == BASELINES
    assert told.index.equals(halves[2].index)
    assert told.notna().all().all()
    assert ((told > 0.0) & (told < 1.0)).all().all()


def test_the_base_rate_is_the_share_that_churned(halves: tuple, told: pd.DataFrame) -> None:
    assert (told["base rate"] == halves[1].mean()).all()


def test_points_beat_the_base_rate_and_the_regression_beats_the_points(
    halves: tuple, told: pd.DataFrame
) -> None:
    losses = [log_loss(halves[3], told[name]) for name in BASELINES]
    assert losses[2] < losses[1] < losses[0]


def test_a_table_made_by_hand_falls_in_steps_of_its_points(halves: tuple) -> None:
    frame, y, asked, _ = halves
    by_hand = baseline_probabilities(frame, y, asked, points=POINTS)["point table"]
    steps = by_hand.groupby(POINTS.total(asked)).unique()
    assert [len(one) for one in steps] == [1, 1, 1]
    assert steps[0.0][0] > steps[1.0][0] > steps[2.0][0]


def test_rows_to_be_judged_do_not_change_what_is_learned(halves: tuple, told: pd.DataFrame) -> None:
    frame, y, asked, _ = halves
    alone = baseline_probabilities(frame, y, asked.iloc[[5]])
    pd.testing.assert_frame_equal(alone, told.iloc[[5]])


def test_one_churner_leaves_the_base_rate_for_all_three() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0)})
    told = baseline_probabilities(frame, (np.arange(20) == 3).astype(float), frame.head(2), points=None)
    assert told.to_numpy().tolist() == [[0.05] * 3] * 2


def test_weights_count_rows(halves: tuple) -> None:
    frame, y, asked, _ = halves
    weight = np.where(y == 1, 2.0, 1.0)
    told = baseline_probabilities(frame, y, asked, weight=weight)
    assert told["base rate"].iloc[0] == pytest.approx(2 * y.sum() / (len(y) + y.sum()))
    assert told.mean().min() > y.mean() + 0.05


def test_rows_of_one_customer_are_one_churner() -> None:
    frame = pd.DataFrame({"x": np.arange(20.0)})
    y = (np.arange(20) < 2).astype(float)
    apart = baseline_probabilities(frame, y, frame)
    assert np.ptp(apart["logistic regression"]) > 0.0
    together = baseline_probabilities(frame, y, frame, customers=np.arange(20) // 2)
    assert together.to_numpy().tolist() == [[0.1] * 3] * 20


def test_categories_of_many_levels_are_coded(halves: tuple) -> None:
    rng = np.random.default_rng(1)
    area = rng.integers(0, 40, 2000)
    y = (rng.random(2000) < np.where(area < 10, 0.5, 0.1)).astype(float)
    frame = pd.DataFrame({"area": [f"area {one}" for one in area]})
    told = baseline_probabilities(frame, y, pd.DataFrame({"area": ["area 3", "area 30", None]}))
    risky, safe, _ = told["logistic regression"]
    assert risky > 0.35
    assert safe < 0.2
    assert np.ptp(told["point table"]) == 0.0  # nobody keeps points for 40 areas


def test_faults_of_the_points_and_of_the_columns_are_told(halves: tuple) -> None:
    frame, y, asked, _ = halves
    with pytest.raises(SchemaError, match=r"no column is called 'logins' \(did you mean 'login'"):
        baseline_probabilities(frame.rename(columns={"logins": "login"}), y, asked, points=POINTS)
    with pytest.raises(SchemaError, match="missing column 'plan'"):
        baseline_probabilities(frame, y, asked.drop(columns="plan"))
