from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.model.columns import POOLED_LEVEL, ColumnSpec, encode_table, learn_columns


def column(values: object, dtype: object = None) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(values, dtype=dtype)})


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([1, 2, 3], "int64", "number"),
        ([1.5, None, 3], "float64", "number"),
        ([1, None, 3], "Int64", "number"),
        ([1, None, 3], "Float32", "number"),
        ([Decimal("1.5"), None], object, "number"),
        ([True, False, True], "bool", "boolean"),
        ([True, None, False], "boolean", "boolean"),
        ([True, None, False], object, "boolean"),
        (["a", None, "b"], "str", "category"),
        (["a", None, "b"], "string", "category"),
        (["a", None, "b"], "string[pyarrow]", "category"),
        (["a", None, "b"], object, "category"),
        (["a", None, "b"], "category", "category"),
        ([1, 2, 1], "category", "category"),
        ([None, None, None], object, "number"),
    ],
)
def test_every_kind_of_column_is_recognised(values: list[object], dtype: object, kind: str) -> None:
    (spec,) = learn_columns(column(values, dtype))
    assert spec.kind == kind
    assert spec.has_missing == any(value is None for value in values)


def test_typical_value_is_the_median_of_known_numbers_and_the_most_frequent_level() -> None:
    frame = pd.DataFrame({"n": [1.0, 2.0, 9.0, None], "c": ["b", "b", "a", None]})
    number, category = learn_columns(frame)
    assert number.typical == 2.0  # the median of 1, 2, 9
    assert (number.low, number.high) == (1.0, 9.0)
    assert category.typical == "b"


def test_frequent_levels_have_codes_in_order_of_names_and_rare_ones_share_one() -> None:
    frame = column(["b"] * 6 + ["a"] * 5 + ["rare", "scarce"])
    (spec,) = learn_columns(frame)
    assert spec.levels == ("a", "b", POOLED_LEVEL)
    encoded = encode_table(frame, [spec])
    assert encoded.matrix[:, 0].tolist() == [1.0] * 6 + [0.0] * 5 + [2.0, 2.0]


def test_the_share_of_a_level_counts_all_rows_and_rare_levels_together() -> None:
    # 12 + 6 + 1 + 1 of 25 rows, 5 of them missing.
    spec = learn_columns(column(["a"] * 12 + ["b"] * 6 + ["c", "d"] + [None] * 5))[0]
    assert spec.levels == ("a", "b", POOLED_LEVEL)
    assert spec.level_shares == pytest.approx({"a": 0.48, "b": 0.24, POOLED_LEVEL: 0.08})
    assert learn_columns(column([1.0, 2.0]))[0].level_shares == {}
    older = {name: value for name, value in spec.to_dict().items() if name != "shares"}
    assert ColumnSpec.from_dict(older).level_shares == {}


def test_a_level_never_seen_is_missing_where_nothing_was_rare_and_is_counted() -> None:
    (spec,) = learn_columns(column(["a"] * 5 + ["b"] * 5))
    encoded = encode_table(column(["a", "new", None]), [spec])
    assert encoded.matrix[0, 0] == 0.0
    assert np.isnan(encoded.matrix[1:, 0]).all()
    assert encoded.unseen == {"x": 1}


def test_a_level_never_seen_is_one_more_rare_one_where_rare_ones_were_pooled() -> None:
    (spec,) = learn_columns(column(["a"] * 5 + ["rare"]))
    encoded = encode_table(column(["new", "rare", None]), [spec])
    assert encoded.matrix[:2, 0].tolist() == [1.0, 1.0]
    assert np.isnan(encoded.matrix[2, 0])
    assert encoded.unseen == {"x": 1}  # "rare" was seen, only "new" is new


def test_blank_text_is_missing() -> None:
    (spec,) = learn_columns(column(["a"] * 5 + ["  ", ""]))
    assert spec.levels == ("a",)
    assert spec.has_missing


def test_columns_are_put_in_order_by_name() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    specs = learn_columns(frame)
    turned = encode_table(frame[["b", "a"]], specs).matrix
    assert np.array_equal(turned, encode_table(frame, specs).matrix)


def test_missing_unexpected_and_renamed_columns_are_told_in_one_error() -> None:
    specs = learn_columns(pd.DataFrame({"tenure": [1.0], "plan": ["a"]}))
    with pytest.raises(SchemaError) as caught:
        encode_table(pd.DataFrame({"tenur": [1.0], "extra": [2.0]}), specs)
    text = str(caught.value)
    assert "missing column 'tenure' (did you mean 'tenur'?)" in text
    assert "missing column 'plan'" in text
    assert "unexpected column 'extra'" in text


@pytest.mark.parametrize(
    ("fit", "score", "words"),
    [
        ([1.0, 2.0], ["a", "b"], "expected a number as at fit, got text such as 'a', 'b'"),
        (["a", "b"], [1.0, 2.0], "expected text or categories as at fit, got float64"),
        ([True, False], [0.0, 2.0], "expected a boolean (0/1) as at fit, got other numbers"),
    ],
)
def test_another_type_than_at_fit_is_an_error(
    fit: list[object], score: list[object], words: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        encode_table(column(score), learn_columns(column(fit)))
    assert words in str(caught.value)


def test_booleans_may_come_back_as_numbers_and_empty_columns_as_anything() -> None:
    (spec,) = learn_columns(column([True, False, True]))
    assert encode_table(column([0, 1]), [spec]).matrix[:, 0].tolist() == [0.0, 1.0]
    (text,) = learn_columns(column(["a"] * 5))
    assert np.isnan(encode_table(column([None, None], "float64"), [text]).matrix).all()


def test_all_faults_of_a_table_come_in_one_error() -> None:
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "much": [1.0, np.inf],
            "nested": [[1], [2]],
            "day": [dt.date(2026, 1, 1), None],
        }
    )
    with pytest.raises(SchemaError) as caught:
        learn_columns(frame)
    text = str(caught.value)
    assert "'when'" in text
    assert "days before the cutoff" in text
    assert "'much'" in text
    assert "positions 1" in text
    assert "'nested'" in text
    assert "list" in text
    assert "'day'" in text
    assert "date" in text


def test_names_that_stand_twice_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(SchemaError, match="unique"):
        learn_columns(frame)


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), min_size=1, max_size=40))
def test_training_rows_never_count_as_unseen(values: list[str | None]) -> None:
    frame = column(values, object)
    specs = learn_columns(frame)
    assert encode_table(frame, specs).unseen == {}


def test_a_column_survives_json() -> None:
    spec = ColumnSpec("x", "category", ("a", "b"), has_missing=True, typical="a")
    assert ColumnSpec.from_dict(spec.to_dict()) == spec
