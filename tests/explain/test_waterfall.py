from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.explain.explanation import ALL_OTHERS
from churnhealth.explain.waterfall import STEP_COLUMNS, waterfall_steps

DRIVERS = pd.DataFrame(
    {
        "indicator": ["logins", "plan", ALL_OTHERS],
        "indicator_group": ["usage", "contract", ALL_OTHERS],
        "value": [3, "Pro", None],
        "contribution_points": [-12.0, 5.0, -1.0],
    }
)


def test_steps_add_up_from_the_base_to_the_score() -> None:
    steps = waterfall_steps(DRIVERS, 90.0)
    assert tuple(steps.columns) == STEP_COLUMNS
    # 90 - 12 = 78, + 5 = 83, - 1 = 82
    assert steps["points_after"].tolist() == [90.0, 78.0, 83.0, 82.0, 82.0]
    # Base and score stand on their own, from 0.
    assert steps["points_before"].tolist() == [0.0, 90.0, 78.0, 83.0, 0.0]
    assert steps["indicator"].tolist() == ["(base)", "logins", "plan", ALL_OTHERS, "(health score)"]


def test_the_last_step_is_the_published_score(fitted: HealthModel, customers: tuple) -> None:
    one = customers[0].head(1)
    explanation = fitted.explain(one)
    steps = waterfall_steps(explanation.drivers(top=2, others=True), explanation.base_points)
    assert abs(steps["points_after"].iloc[-1] - fitted.health_score(one)[0]) < 1e-9


def test_drivers_that_do_not_make_up_the_score_are_refused() -> None:
    for wrong in (DRIVERS.head(2), pd.concat([DRIVERS, DRIVERS]), DRIVERS.iloc[::-1]):
        with pytest.raises(SchemaError, match=r"ask drivers\(others=True\), and take one customer"):
            waterfall_steps(wrong, 90.0)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SchemaError) as caught:
        waterfall_steps(DRIVERS.rename(columns={"value": "values"}), np.nan)
    assert len(caught.value.faults) == 2
    assert "did you mean 'values'?" in str(caught.value)
    with pytest.raises(SchemaError, match="finite"):
        waterfall_steps(DRIVERS.assign(contribution_points=[1.0, np.inf, 0.0]), 90.0)
    with pytest.raises(SchemaError, match="expected a DataFrame, got list"):
        waterfall_steps([1], 90.0)
