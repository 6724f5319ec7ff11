"""Rejected rows: JSON that any reader can read, and a key that is unique."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.features.rejects import REJECT_COLUMNS, reject_rows, row_json


def test_a_row_is_written_with_its_values_as_they_were():
    row = {
        "customer_id": "顧客🙂",
        "seats": np.int64(3),
        "mrr": 12.5,
        "missing": [None, float("nan"), pd.NA, pd.NaT],
        "active": np.array([True])[0],
        "at": pd.Timestamp("2026-04-01", tz="UTC"),
        "day": dt.date(2026, 4, 1),
        "numpy_day": np.datetime64("2026-04-01"),
        "endless": -np.inf,
        "nested": {"b": np.array([1.0, np.nan]), 2: {"y", "x"}},
        "other": b"x",
    }
    assert json.loads(row_json(row)) == {
        "customer_id": "顧客🙂",
        "seats": 3,
        "mrr": 12.5,
        "missing": [None, None, None, None],
        "active": True,
        "at": "2026-04-01T00:00:00+00:00",
        "day": "2026-04-01",
        "numpy_day": "2026-04-01T00:00:00",
        "endless": "-inf",
        "nested": {"b": [1.0, None], "2": ["x", "y"]},
        "other": "b'x'",
    }


def test_text_that_no_file_can_hold_is_replaced():
    assert json.loads(row_json({"a": "x\ud800"})) == {"a": "x?"}


def test_rejects_have_their_columns_even_when_there_are_none():
    empty = reject_rows(pd.DataFrame({"a": [1]}).iloc[:0], [], "panel")
    assert tuple(empty.columns) == REJECT_COLUMNS
    assert empty.empty


def test_equal_rows_have_keys_of_their_own_and_the_same_keys_again():
    frame = pd.DataFrame({"a": [1, 1, 2]}, index=[5, 5, 5])
    rejects = reject_rows(frame, ["x", "x", "y"], "panel")
    assert rejects["row_hash"].nunique() == 3
    assert rejects["row_json"].tolist() == ['{"a": 1}', '{"a": 1}', '{"a": 2}']
    assert rejects["reason"].tolist() == ["x", "x", "y"]
    backwards = reject_rows(frame.iloc[::-1], ["y", "x", "x"], "panel")
    assert set(backwards["row_hash"]) == set(rejects["row_hash"])


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"a": st.one_of(st.none(), st.floats(), st.text(), st.integers(), st.booleans())}
        ),
        min_size=1,
    )
)
def test_any_row_becomes_json_and_keys_are_unique(rows):
    frame = pd.DataFrame(rows, dtype=object)
    rejects = reject_rows(frame, ["reason"] * len(rows), "panel")
    assert rejects["row_hash"].is_unique
    for text in rejects["row_json"]:
        json.loads(text, parse_constant=lambda constant: {}[constant])
