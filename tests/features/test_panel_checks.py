"""Checks of a panel, one by one."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.features.panel_checks import (
    infinite,
    key_faults,
    own_table,
    repeated_keys,
    row_numbers,
    structure_faults,
    unusable,
    unusable_faults,
)

INF = float("inf")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        (pd.Series(pd.to_datetime(["2026-01-01", None])), "dates"),
        (pd.Series(pd.to_datetime(["2026-01-01"]).tz_localize("UTC")), "dates"),
        (pd.Series([dt.date(2026, 1, 1), None]), "dates"),
        (pd.Series([dt.date(2026, 1, 1)], dtype="category"), "dates"),
        (pd.Series(["2026-01-01", None, "2026/1/2 10:00"]), "dates"),
        (pd.Series(["2026-01-01"], dtype="category"), "dates"),
        (pd.Series(["16/10/2024", "1.2.2024 09:00", "2026年4月1日"]), "dates"),
        (pd.Series(pd.period_range("2026-01", periods=1, freq="M")), "dates"),
        (pd.Series(pd.to_datetime(["2026-01-01"])).astype("timestamp[us][pyarrow]"), "dates"),
        (pd.Series([pd.Timedelta(days=1)]), "number of days"),
        (pd.Series([dt.time(1)]), "numbers"),
        (pd.Series([[1], None]), "nested"),
        (pd.Series([{"a": 1}]), "nested"),
        (pd.Series([np.array([1])]), "nested"),
        (pd.Series([1 + 2j]), "complex"),
        (pd.Series([b"x"]), "bytes"),
    ],
    ids=lambda value: (
        str(value) if isinstance(value, str) else f"{value.dtype}-{type(value.iloc[0]).__name__}"
    ),
)
def test_a_column_that_cannot_be_an_indicator_says_what_to_do(values, word):
    assert word in str(unusable(values))


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, 2]),
        pd.Series([1.5, None]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["a", None]),
        pd.Series(["2026-01-01", "never"]),
        pd.Series([Decimal("1.5")]),
        pd.Series(["a", 1], dtype=object),
        pd.Series([None, None], dtype=object),
        pd.Series([3, 4], dtype="category"),
        pd.Series(["a"], dtype="string[pyarrow]"),
        pd.Series([1.5], dtype="double[pyarrow]"),
    ],
    ids=lambda values: f"{values.dtype}-{values.iloc[0]}",
)
def test_numbers_booleans_text_and_categories_can_be_indicators(values):
    assert unusable(values) is None
    assert not infinite(values).any()


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1.0, INF, None]),
        pd.Series([1.0, -INF, None], dtype="float32"),
        pd.Series([1.0, INF, None], dtype="Float64"),
        pd.Series([1.0, INF, None], dtype="double[pyarrow]"),
        pd.Series([1.0, INF, None], dtype="category"),
        pd.Series([1, INF, "x"], dtype=object),
        pd.Series([Decimal(1), Decimal("-Infinity"), None], dtype=object),
    ],
    ids=lambda values: f"{values.dtype}-{values.iloc[1]}",
)
def test_infinity_is_found_in_every_type(values):
    assert infinite(values).tolist() == [False, True, False]


def test_rows_are_counted_from_1():
    assert row_numbers([True]) == "row 1"
    assert row_numbers([False] + [True] * 7) == "rows 2, 3, 4, 5, 6 and 2 more"


def test_structure_faults_come_together():
    table = own_table(pd.DataFrame([[1, 2, 3]], columns=["id", "tenure", "tenure"]), "panel")
    faults = structure_faults(table, {"id": "customer_id", "tenur": "indicator", "label": "label"})
    assert faults == [
        "expected every column name once, these stand twice or more: 'tenure'",
        "indicator column 'tenur' is missing (did you mean 'tenure'?)",
        "label column 'label' is missing",
        "the table has 3 columns: 'id', 'tenure', 'tenure'",
    ]


def test_an_empty_table_is_a_fault():
    assert structure_faults(pd.DataFrame({"a": []}), {}) == [
        "expected rows, got an empty table (0 rows, 1 columns)"
    ]


def test_a_table_of_our_own_has_text_as_names_and_leaves_the_callers_alone():
    frame = pd.DataFrame({0: [1], ("a", "b"): [2]}, index=[9])
    own = own_table(frame, "panel")
    own["0"] = 7
    assert own.columns.tolist() == ["0", "('a', 'b')"]
    assert own.index.tolist() == [0]
    assert frame.columns.tolist() == [0, ("a", "b")]
    assert frame[0].tolist() == [1]


def test_only_a_dataframe_is_a_table():
    with pytest.raises(SchemaError, match="expected a pandas DataFrame, got list"):
        own_table([1], "panel")


def test_keys_repeat_only_where_both_parts_are_known():
    ids = pd.Series(["a", "a", "a", None, None, "b"])
    at = pd.to_datetime(pd.Series(["2026-01-01", "2026-01-01", None, "2026-01-01", "2026-01-01", None]))
    assert repeated_keys(ids, at).tolist() == [True, True, False, False, False, False]
    missing, repeated = key_faults(ids, at)
    assert missing == "customer_id is missing in rows 4, 5"
    assert repeated.endswith("several rows have the same: 'a' in rows 1, 2; keep one of them")


def test_no_indicator_at_all_is_a_fault():
    assert unusable_faults(pd.DataFrame({"a": [1]}), []) == [
        "expected at least one indicator column, got none besides key, label and ignored columns"
    ]
