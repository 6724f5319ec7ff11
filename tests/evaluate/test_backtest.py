"""A backtest on panels whose answers are known: who trained, and how good a perfect model is."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import NotEnoughDataError, SchemaError
from churnhealth.evaluate.backtest import rolling_backtest
from churnhealth.evaluate.judged_rows import ALL_WINDOWS, OWN_BASE_RATE
from churnhealth.labels.rolling_windows import RollingWindow, rolling_windows

QUICK = {"n_boot": 5, "n_sim": 2}
DAYS = ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]
# Ten customers in every quarter, two of them churn; the same customers all the time.
Y = np.array(([1.0] * 2 + [0.0] * 8) * 4)
CUSTOMERS = [f"C{at}" for at in range(10)] * 4
CUTOFFS = [pd.Timestamp(day, tz="UTC") for day in DAYS for _ in range(10)]
MRR = np.array([100.0, 300.0] + [50.0] * 8 + [100.0, 300.0] + [50.0] * 28)


def windows() -> list[RollingWindow]:
    return rolling_windows(CUSTOMERS, CUTOFFS, ChurnProblem(horizon_days=91), Y)[1]


def perfect(window: RollingWindow) -> dict[str, np.ndarray]:
    test = Y[window.test]
    return {
        "perfect": np.where(test == 1, 0.99, 0.01),
        "constant": np.full(test.size, Y[window.train].mean()),
    }


def test_every_quarter_trains_on_the_rows_known_by_then_and_on_no_other() -> None:
    trained: list[list[str]] = []

    def predict(window: RollingWindow) -> dict[str, np.ndarray]:
        known = sorted({str(CUTOFFS[at].date()) for at in np.flatnonzero(window.train)})
        trained.append(known)
        return perfect(window)

    table = rolling_backtest(Y, windows(), predict, customer_id=CUSTOMERS, **QUICK).windows
    assert trained == [DAYS[:1], DAYS[:2], DAYS[:3]]
    assert table["window"].tolist() == DAYS[1:]
    assert table["train_rows"].tolist() == [10, 20, 30]
    # The same two customers churn in every quarter.
    assert table["train_customers"].tolist() == [10, 10, 10]
    assert table["train_churners"].tolist() == [2, 2, 2]
    assert table["test_rows"].tolist() == [10, 10, 10]
    assert table["base_rate"].tolist() == pytest.approx([0.2] * 3)


def test_a_perfect_model_and_a_constant_one_have_the_figures_that_they_must_have() -> None:
    found = rolling_backtest(Y, windows(), perfect, customer_id=CUSTOMERS, mrr=MRR, capacity=2, **QUICK)
    for window in DAYS[1:]:
        best, flat = found.measures(window, "perfect"), found.measures(window, "constant")
        assert best["log_loss"][0] == pytest.approx(-math.log(0.99))
        # (0.01^2) in every row.
        assert best["brier"][0] == pytest.approx(0.0001)
        assert best["roc_auc"][0] == best["average_precision"][0] == 1.0
        # The two riskiest of ten are the two churners: 1 / 0.2.
        assert best["lift_at_capacity"][0] == pytest.approx(5.0)
        assert best["captured_churners"][0] == best["captured_mrr"][0] == pytest.approx(1.0)
        # The training share, 0.2, is that of the judged rows: no skill, and the level is right.
        assert flat["log_loss_skill"][0] == pytest.approx(0.0)
        assert flat["brier_skill"][0] == pytest.approx(0.0)
        assert flat["roc_auc"][0] == 0.5
        assert flat["lift_at_capacity"][0] == pytest.approx(1.0)
        assert flat["calibration_in_the_large"][0] == pytest.approx(0.0, abs=1e-9)
        assert math.isnan(flat["calibration_slope"][0])


def test_metrics_have_intervals_and_the_calibration_error_its_floor() -> None:
    found = rolling_backtest(Y, windows(), perfect, customer_id=CUSTOMERS, **QUICK)
    known = found.measures(DAYS[1], "perfect")
    for name in ("log_loss", "brier", "brier_skill", "roc_auc", "average_precision", "lift_at_capacity"):
        value, low, high = known[name]
        assert low <= value <= high
    assert "ici_floor_95" in known
    assert math.isnan(known["captured_mrr"][0])  # no MRR was given


def test_differences_set_the_recipe_against_the_others_and_all_against_the_own_base_rate() -> None:
    found = rolling_backtest(Y, windows(), perfect, customer_id=CUSTOMERS, **QUICK).differences
    pooled = found[found["window"] == ALL_WINDOWS].set_index(["model", "than"])
    assert list(pooled.index) == [
        ("perfect", "constant"),
        ("perfect", OWN_BASE_RATE),
        ("constant", OWN_BASE_RATE),
    ]
    entropy = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
    gain = pooled.loc[("perfect", "constant")]
    assert gain["difference"] == pytest.approx(-math.log(0.99) - entropy)
    assert gain["high"] < 0
    # Three rows of a customer are one observation.
    assert gain["customers"] == 10
    assert pooled.loc[("constant", OWN_BASE_RATE), "difference"] == pytest.approx(0.0)


def test_the_own_base_rate_is_that_of_each_window() -> None:
    y = Y.copy()
    y[30:40] = [1.0] * 5 + [0.0] * 5
    table = rolling_backtest(
        y, windows(), lambda one: {"truth": np.full(10, y[one.test].mean())}, **QUICK
    ).differences
    assert table["difference"].tolist() == pytest.approx([0.0] * 4)


def test_all_windows_together_have_metrics_but_none_at_capacity() -> None:
    found = rolling_backtest(Y, windows(), perfect, customer_id=CUSTOMERS, **QUICK)
    assert found.judged == [*DAYS[1:], ALL_WINDOWS]
    assert found.overall == ALL_WINDOWS
    assert found.value("rows") == 30
    assert "lift_at_capacity" not in found.measures(ALL_WINDOWS, "perfect")
    one = rolling_backtest(Y, windows()[-1:], perfect, customer_id=CUSTOMERS, **QUICK)
    assert one.judged == [DAYS[-1]]
    assert one.overall == DAYS[-1]


def test_segments_are_judged_for_every_window_and_model() -> None:
    plans = pd.DataFrame({"plan": ["A", "B"] * 20})
    found = rolling_backtest(Y, windows(), perfect, customer_id=CUSTOMERS, segments=plans, **QUICK)
    table = found.segments.set_index(["window", "model", "level"])
    assert len(table) == 3 * 2 * 2
    # Each plan has five rows in a quarter, one of them a churner.
    assert table.loc[(DAYS[1], "constant", "A"), "log_loss_base_rate"] == pytest.approx(
        table.loc[(DAYS[1], "constant", "A"), "log_loss"]
    )
    assert set(table["churners"]) == {1}


def test_without_a_capacity_a_tenth_of_the_rows_is_contacted_and_never_more_than_there_are() -> None:
    usual = rolling_backtest(Y, windows(), perfect, **QUICK)
    assert usual.windows["capacity"].tolist() == [1, 1, 1]
    large = rolling_backtest(Y, windows(), perfect, capacity=500, **QUICK)
    assert large.windows["capacity"].tolist() == [10, 10, 10]


def test_the_same_seed_gives_the_same_tables() -> None:
    one, other = (rolling_backtest(Y, windows(), perfect, random_state=3, **QUICK) for _ in (0, 1))
    pd.testing.assert_frame_equal(one.metrics, other.metrics)
    pd.testing.assert_frame_equal(one.differences, other.differences)


def test_no_window_and_predictions_of_another_length_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="at least one window"):
        rolling_backtest(Y, [], perfect)
    with pytest.raises(SchemaError, match=r"expected 10 churn probabilities, got 'recipe: \(3,\)'"):
        rolling_backtest(Y, windows(), lambda _: {"recipe": np.full(3, 0.5)})
    found = rolling_backtest(Y, windows()[-1:], perfect, n_boot=0, n_sim=0)
    with pytest.raises(SchemaError, match="did you mean 'roc_auc'"):
        found.value("rocauc")
