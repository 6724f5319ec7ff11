"""Frames to Arrow and back: kinds stay, what a warehouse would change without a word is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.adapters.arrow_frames import arrow_to_frame, contract_to_arrow, frame_to_arrow
from churnhealth.domain.contracts import Column, TableContract
from churnhealth.errors import WarehouseError


def back(values: object, **named: object) -> pd.Series:
    frame = pd.DataFrame({"a": pd.Series(values, **named)})
    return arrow_to_frame(frame_to_arrow("t", frame))["a"]


def test_whole_numbers_with_gaps_stay_whole() -> None:
    got = back([2**60 + 1, None], dtype="Int64")
    assert got.iloc[0] == 2**60 + 1
    assert got.dtype == "Int64"


def test_columns_without_gaps_keep_numpy_kinds() -> None:
    assert back([1, 2]).dtype == "int64"
    assert back([True, False]).dtype == "bool"
    assert back([1.5, np.nan]).dtype == "float64"


def test_infinite_numbers_are_not_lost() -> None:
    assert back([np.inf, -np.inf]).tolist() == [np.inf, -np.inf]


def test_categories_come_back_as_their_values() -> None:
    assert back(pd.Categorical(["x", None, "y"])).tolist()[::2] == ["x", "y"]
    assert back(pd.Categorical([3, None, 1])).tolist()[::2] == [3, 1]


def test_a_column_without_any_value_is_text() -> None:
    table = frame_to_arrow("t", pd.DataFrame({"a": pd.Series([None, None], dtype=object)}))
    assert table.schema.field("a").type == pa.large_string()


def test_instants_become_utc_and_are_cut_to_microseconds() -> None:
    got = back(pd.to_datetime(["2026-04-01 00:00:00.123456789"]).tz_localize("Asia/Tokyo"))
    assert str(got.dtype) == "datetime64[us, UTC]"
    assert got.iloc[0] == pd.Timestamp("2026-03-31 15:00:00.123456", tz="UTC")


def test_dates_become_midnights_without_a_zone() -> None:
    got = back([dt.date(2026, 4, 1), None], dtype=object)
    assert str(got.dtype) == "datetime64[us]"
    assert got.iloc[0] == pd.Timestamp("2026-04-01")


def test_decimals_become_floats() -> None:
    assert back([Decimal("1.25"), Decimal("2.50")], dtype=object).tolist() == [1.25, 2.5]


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))))
def test_any_text_comes_back_the_same(texts: list[str | None]) -> None:
    got = back(texts, dtype=object)
    assert [None if pd.isna(text) else text for text in got] == texts


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame(), "expected at least one column"),
        (pd.DataFrame({0: [1]}), "expected column names of text, got '0'"),
        (pd.DataFrame({"": [1]}), "expected column names of text, got ''"),
        (pd.DataFrame({"a": [1], "A": [2]}), "differ by more than upper and lower case, got 'a', 'A'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "got 'a', 'a'"),
        (pd.DataFrame({"a": ["x", 1]}, dtype=object), "expected values of one kind, got mixed-integer"),
        (pd.DataFrame({"a": ["\ud800"]}, dtype=object), "column 'a' cannot be written"),
        (pd.DataFrame({"a": [2**70]}, dtype=object), "column 'a' cannot be written"),
        (pd.DataFrame({"a": pd.period_range("2026", periods=1, freq="M")}), "Convert it first"),
        (pd.DataFrame({"a": pd.to_timedelta(["1D"])}), "got duration.*Convert it first"),
        (pd.DataFrame({"a": [[1]]}), "got list.*Convert it first"),
    ],
)
def test_what_cannot_be_written_as_it_is_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(WarehouseError, match=message):
        frame_to_arrow("t", frame)


KINDS = ("string", "timestamp", "double", "integer", "json")
CONTRACT = TableContract(
    "t", tuple(Column(kind, kind, kind != "string", "", "") for kind in KINDS), key=("string",)
)


def test_a_contract_gives_order_and_kinds_whatever_the_frame_has() -> None:
    frame = pd.DataFrame({kind: [None] for kind in reversed(KINDS)}).assign(string="a", integer=7.0)
    table = contract_to_arrow(CONTRACT, frame)
    assert table.column_names == list(KINDS)
    assert [str(kind) for kind in table.schema.types] == [
        "large_string",
        "timestamp[us, tz=UTC]",
        "double",
        "int64",
        "large_string",
    ]
    assert table.column("integer").to_pylist() == [7]


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA, pd.NaT])
def test_an_empty_column_of_any_dtype_becomes_nulls_of_the_right_kind(missing: object) -> None:
    frame = pd.DataFrame({kind: [missing, missing] for kind in KINDS}).assign(string=["a", "b"])
    table = contract_to_arrow(CONTRACT, frame)
    assert [column.null_count for column in table.columns] == [0, 2, 2, 2, 2]
    table.validate(full=True)
