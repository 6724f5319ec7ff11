from __future__ import annotations

import numpy as np
import pandas as pd

from churnhealth.explain.ranges import BEYOND_COLUMNS, beyond_training
from churnhealth.model.columns import ColumnSpec, learn_columns


def test_training_rows_are_never_beyond(customers: tuple) -> None:
    frame = customers[0]
    table = beyond_training(frame, learn_columns(frame))
    assert table.empty
    assert table.columns.tolist() == list(BEYOND_COLUMNS)


def test_both_ends_are_flagged_and_the_ends_themselves_are_not() -> None:
    columns = [
        ColumnSpec("logins", "number", low=2.0, high=8.0),
        ColumnSpec("nps", "number", low=0.0, high=10.0),
    ]
    rows = pd.DataFrame({"nps": [11.0, 10.0, np.nan], "logins": [1, 8, 9]}, index=["C1", "C2", "C3"])
    assert beyond_training(rows, columns).to_numpy().tolist() == [
        ["C1", "logins", 1.0, 2.0, 8.0],
        ["C1", "nps", 11.0, 0.0, 10.0],
        ["C3", "logins", 9.0, 2.0, 8.0],
    ]


def test_an_indicator_that_was_constant_at_fit_knows_one_value() -> None:
    column = ColumnSpec("seats", "number", low=5.0, high=5.0)
    table = beyond_training(pd.DataFrame({"seats": [5, 6]}), [column])
    assert table["value"].tolist() == [6.0]


def test_categories_booleans_and_what_was_always_missing_have_no_range() -> None:
    frame = pd.DataFrame({"plan": ["Pro"] * 9, "onboarded": [True] * 9, "nps": [None] * 9})
    columns = learn_columns(frame)
    rows = pd.DataFrame({"plan": ["Gold"], "onboarded": [False], "nps": [99.0]})
    assert beyond_training(rows, columns).empty
