from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from churnhealth.evaluate.loss import brier_score, log_loss
from churnhealth.evaluate.segment_losses import LOSS_COLUMNS, losses_by_segment
from churnhealth.evaluate.segments import SEGMENT_COLUMNS


def test_every_level_has_the_losses_of_its_own_rows(world) -> None:
    y, p, _ = world(400, seed=3)
    plan = pd.DataFrame({"plan": ["A"] * 250 + ["B"] * 150})
    table = losses_by_segment(y, p, plan, n=50)
    assert tuple(table.columns) == SEGMENT_COLUMNS + LOSS_COLUMNS
    for level, rows in (("A", slice(0, 250)), ("B", slice(250, 400))):
        line = table.set_index("level").loc[level]
        assert line["log_loss"] == pytest.approx(log_loss(y[rows], p[rows]))
        assert line["brier"] == pytest.approx(brier_score(y[rows], p[rows]))
        assert line["log_loss_low"] < line["log_loss"] < line["log_loss_high"]
        assert line["roc_auc_low"] < line["roc_auc"] < line["roc_auc_high"]
        rate = y[rows].mean()
        entropy = -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))
        assert line["log_loss_base_rate"] == pytest.approx(entropy)


def test_a_level_of_one_class_has_a_loss_and_no_rank() -> None:
    table = losses_by_segment([0, 0, 1, 0], [0.5] * 4, pd.DataFrame({"plan": list("AABB")}), n=0)
    line = table.set_index("level").loc["A"]
    assert line["log_loss"] == pytest.approx(math.log(2))
    assert np.isnan(line["roc_auc"])
    assert np.isnan(line["log_loss_low"])
