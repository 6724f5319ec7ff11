"""The fingerprint follows the content, not the order and not the storage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from churnhealth.features.fingerprint import frame_fingerprint

VALUES = st.one_of(
    st.none(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text(), st.booleans()
)
TABLES = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=8)


def table(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["a", "b", "c"], dtype=object)


@settings(deadline=None, max_examples=50)
@given(TABLES, st.permutations(["a", "b", "c"]), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_does_not_count(rows, names, random):
    shuffled = rows.copy()
    random.shuffle(shuffled)
    other = table(shuffled)[names].set_index(pd.Index([7] * len(rows)))
    assert frame_fingerprint(other) == frame_fingerprint(table(rows))


@settings(deadline=None, max_examples=50)
@given(TABLES, st.integers(0, 2), VALUES)
def test_another_value_is_another_fingerprint(rows, column, value):
    before = rows[0][column]
    assume(not (value is None and before is None))
    assume(not (_is_number(value) and _is_number(before) and float(value) == float(before)))
    assume(not (type(value) is type(before) and value == before))
    changed = [list(row) for row in rows]
    changed[0][column] = value
    assert frame_fingerprint(table(changed)) != frame_fingerprint(table(rows))


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@settings(deadline=None, max_examples=50)
@given(TABLES)
def test_a_row_that_stands_twice_counts_twice(rows):
    assert frame_fingerprint(table([*rows, rows[0]])) != frame_fingerprint(table(rows))


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "Int64", "Float64", "int64[pyarrow]", object, "category"]
)
def test_one_and_1_0_are_the_same_number_however_they_are_stored(dtype):
    numbers = pd.DataFrame({"a": [1, None, 3]}).astype(dtype)
    assert frame_fingerprint(numbers) == frame_fingerprint(pd.DataFrame({"a": [1.0, np.nan, 3.0]}))


def test_numbers_among_text_are_the_same_numbers():
    tables = [
        pd.DataFrame({"a": ["x", one]}, dtype=object) for one in (1, 1.0, np.int64(1), np.float32(1))
    ]
    assert len({frame_fingerprint(one) for one in tables}) == 1


@pytest.mark.parametrize("dtype", [object, "category", "string", "string[pyarrow]"])
def test_text_is_the_same_however_it_is_stored(dtype):
    words = pd.DataFrame({"a": ["x", None, "日本"]})
    assert frame_fingerprint(words.astype(dtype)) == frame_fingerprint(words)


def test_numbers_text_and_booleans_stay_apart():
    kinds = [
        [1],
        ["1"],
        [True],
        ["True"],
        [None],
        ["nan"],
        ["None"],
        [""],
        [0],
        [pd.Timestamp("2026-01-01")],
    ]
    assert len({frame_fingerprint(pd.DataFrame({"a": values})) for values in kinds}) == len(kinds)


def test_missing_is_missing_in_every_type():
    missing = [[None], [np.nan], pd.array([None], dtype="Int64"), pd.to_datetime([None])]
    assert len({frame_fingerprint(pd.DataFrame({"a": values})) for values in missing}) == 1


def test_whole_numbers_beyond_doubles_are_told_apart():
    large = [frame_fingerprint(pd.DataFrame({"a": [value]})) for value in (2**60, 2**60 + 1, -(2**63))]
    assert len(set(large)) == 3


def test_zero_has_no_sign():
    assert frame_fingerprint(pd.DataFrame({"a": [-0.0]})) == frame_fingerprint(
        pd.DataFrame({"a": [0.0]})
    )


def test_times_do_not_depend_on_their_unit():
    times = pd.DataFrame({"a": pd.to_datetime(["2026-01-01 12:00", None])})
    assert frame_fingerprint(times.astype("datetime64[ns]")) == frame_fingerprint(times)


def test_names_extra_and_size_count():
    one = pd.DataFrame({"a": [1], "b": [2]})
    others = [
        frame_fingerprint(one.rename(columns={"a": "z"})),
        frame_fingerprint(one.rename(columns={"a": "b", "b": "a"})),
        frame_fingerprint(one, extra=["2026-01-01"]),
        frame_fingerprint(one, extra=["2026-01-01", "model"]),
        frame_fingerprint(one, extra=["model", "2026-01-01"]),
        frame_fingerprint(one.iloc[:0]),
        frame_fingerprint(one[["a"]]),
    ]
    assert len({frame_fingerprint(one), *others}) == 8


def test_values_cannot_move_between_rows_unseen():
    assert frame_fingerprint(pd.DataFrame({"a": [1, 2], "b": [3, 4]})) != frame_fingerprint(
        pd.DataFrame({"a": [1, 2], "b": [4, 3]})
    )


def test_the_fingerprint_is_the_same_on_every_machine():
    known = pd.DataFrame({"customer_id": ["a", "b"], "tenure": [1, None]})
    assert frame_fingerprint(known) == (
        "438049f57fe58abb50a971a674d396b843204e24db05321376e92ee230a30c78"
    )
