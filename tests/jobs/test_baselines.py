from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.evaluate.loss import log_loss
from churnhealth.features.panel import Panel
from churnhealth.jobs.baselines import BASE_RATE, LOGISTIC, POINTS, baselines


def panel_of(frame: pd.DataFrame, y: np.ndarray) -> Panel:
    ids = pd.Series([f"C{at}" for at in range(len(y))])
    cutoff = pd.Series(pd.Timestamp("2026-01-01", tz="UTC"), index=ids.index)
    return Panel(ids, cutoff, frame, y.astype(float), None, None, pd.DataFrame(), [], len(y))


def test_the_base_rate_is_that_of_the_training_rows_and_the_regression_ranks(make_customers) -> None:
    frame, y, _ = make_customers(1200, seed=4)
    train = np.arange(1200) < 800
    found = baselines(panel_of(frame, y), train, ~train)
    assert list(found) == [BASE_RATE, POINTS, LOGISTIC]
    assert found[BASE_RATE] == pytest.approx(y[train].mean())
    losses = {name: log_loss(y[~train], p) for name, p in found.items()}
    assert losses[LOGISTIC] < losses[BASE_RATE] - 0.01
    assert losses[POINTS] < losses[BASE_RATE] - 0.01
    again = baselines(panel_of(frame, y), train, ~train)
    assert (found[LOGISTIC] == again[LOGISTIC]).all()


def test_judged_labels_are_not_looked_at(make_customers) -> None:
    frame, y, _ = make_customers(200, seed=4)
    train = np.arange(200) < 150
    turned = np.where(train, y, 1 - y)
    one, other = (baselines(panel_of(frame, each), train, ~train) for each in (y, turned))
    assert (one[LOGISTIC] == other[LOGISTIC]).all()


def test_one_churner_leaves_the_base_rate(make_customers) -> None:
    frame, _, _ = make_customers(40, seed=4)
    y = np.r_[1.0, np.zeros(39)]
    train = np.arange(40) < 20
    found = baselines(panel_of(frame, y), train, ~train)
    assert found[LOGISTIC].tolist() == found[POINTS].tolist() == [0.05] * 20
