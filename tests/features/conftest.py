"""A small panel: three customers at two cutoffs, with every kind of indicator."""

from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.features.panel import PanelColumns


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "a", "b", "c"],
            "cutoff": ["2026-01-01"] * 3 + ["2026-02-01"] * 3,
            "churned": ["No", "Yes", "No", None, "No", "Yes"],
            "logins": [1, 2, 3, 4, 5, 6],
            "nps": pd.array([9, None, 7, None, 0, 10], dtype="Int64"),
            "plan": pd.Categorical(["Pro", "Basic", None, "Pro", "Pro", "Basic"]),
            "onboarded": [True, False, True, True, False, False],
            "mrr": [100.0, 200.5, None, 100.0, 210.0, 50.0],
        }
    )


@pytest.fixture
def columns() -> PanelColumns:
    return PanelColumns("customer_id", cutoff="cutoff", label="churned", mrr="mrr", currency="JPY")
