from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from churnhealth.jobs.score_tables import _indicator_json
from churnhealth.jobs.stored_rows import stored_rows
from churnhealth.model.columns import encode_table, learn_columns

HOSTILE = ["[red]x[/red]", 'a"b', "改行\n", "\x1b[31m", " Pro "]


@pytest.fixture
def scored() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": [0.1, np.nan, 1e300, -0.0, 1 / 3],
            "whole": pd.array([1, None, 2**53, 4, 5], dtype="Int64"),
            "flag": pd.array([True, False, None, True, False], dtype="boolean"),
            "text": HOSTILE,
            "code": pd.Categorical([3, 1, None, 2, 3]),
            "empty": [None] * 5,
        },
        index=[f"C{at}" for at in range(5)],
    )


def test_rows_come_back_as_the_matrix_that_was_scored(scored: pd.DataFrame) -> None:
    columns = learn_columns(scored)
    stored = pd.DataFrame({"customer_id": scored.index, "indicators": _indicator_json(scored)})
    for back in (stored_rows(stored, columns), stored_rows(stored.iloc[[1]], columns)):
        expected = encode_table(scored.loc[back.index], columns).matrix
        np.testing.assert_array_equal(encode_table(back, columns).matrix, expected)
    assert stored_rows(stored, columns)["text"].tolist() == HOSTILE


def test_indicators_keep_their_stored_order_and_others_do_not_appear(scored: pd.DataFrame) -> None:
    columns = learn_columns(scored[["text", "number"]])
    stored = pd.DataFrame({"customer_id": ["C1"], "indicators": [json.dumps({"b": 1, "text": "x"})]})
    assert stored_rows(stored, columns).columns.tolist() == ["b", "text"]
