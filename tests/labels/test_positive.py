"""Which value means churned: known pairs, refused pairs, and every way to store a label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.labels.positive import ClassPair, encode_label, resolve_positive

PLAIN_PAIRS = [
    ("解約", "継続"),
    ("退会", "利用中"),
    ("はい", "いいえ"),
    ("あり", "なし"),
    (1, 0),
    (1, -1),
    (1.0, 0.0),
    (True, False),
    ("Yes", "No"),
    ("yes", "no"),
    ("Y", "N"),
    ("1", "0"),
    ("true", "false"),
    ("True", "False"),
    ("churned", "retained"),
    ("Churned", "active"),
    ("churned", "not churned"),
    ("churned", "stayed"),
    (" CHURNED ", "Retained"),
]


@pytest.mark.parametrize(("positive", "negative"), PLAIN_PAIRS)
@pytest.mark.parametrize("flipped", [False, True])
def test_a_plain_pair_is_understood_whatever_comes_first(positive, negative, flipped):
    values = [negative, positive] if flipped else [positive, negative]
    pair = resolve_positive(values)
    assert (pair.positive, pair.negative) == (positive, negative)
    assert type(pair.positive) is type(positive)


def test_churned_sorts_before_retained_and_is_still_the_positive_class():
    assert encode_label(["churned", "retained"]).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "pair", [(1, 2), (0, 2), ("a", "b"), ("left", "stayed"), (0, -1), ("yes", "retained")]
)
def test_any_other_pair_is_refused_with_both_values_and_the_line_to_write(pair):
    with pytest.raises(SchemaError, match="which value means churned") as error:
        resolve_positive(list(pair))
    for value in pair:
        written = f'"{value}"' if isinstance(value, str) else str(value)
        assert f"positive_label = {written}" in str(error.value)


@pytest.mark.parametrize("pair", [(1, 2), ("a", "b"), ("left", "stayed"), ("churned", "retained")])
def test_a_named_positive_label_decides(pair):
    assert resolve_positive(list(pair), pair[1]) == ClassPair(pair[1], pair[0])
    assert encode_label(list(pair), pair[1]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([1, 2], 2.0),
        ([1, 2], "2"),
        (["1", "2"], 2),
        ([True, False], "true"),
        (["Left", "here"], "left "),
    ],
)
def test_a_named_positive_label_is_found_however_it_is_written(values, named):
    assert encode_label(values, named).sum() == 1.0


def test_a_boolean_is_shown_as_toml_writes_it():
    with pytest.raises(SchemaError, match=r'positive_label = true or positive_label = "maybe"'):
        resolve_positive([True, "maybe"])


def test_a_named_positive_label_that_is_absent_names_its_nearest_neighbour():
    with pytest.raises(SchemaError, match=r'positive_label is "lefft".*did you mean \'left\''):
        resolve_positive(["left", "stayed"], "lefft")


def test_more_than_two_values_are_counted():
    with pytest.raises(SchemaError, match=r'expected two values, got 3: "a" \(2 rows\), "b" \(1 rows\)'):
        encode_label(["a", "b", "a", "c"])


def test_a_label_of_many_values_names_a_few():
    with pytest.raises(SchemaError, match=r"got 1000: .* and 994 more"):
        encode_label(np.arange(1000))


def test_one_class_is_refused_with_its_count():
    with pytest.raises(SchemaError, match=r"expected two classes, got one: 0 \(3 rows\)"):
        encode_label([0, 0, 0])


@pytest.mark.parametrize(
    ("values", "named", "expected"),
    [
        ([0, 0], None, ClassPair(None, 0)),
        (["yes"], None, ClassPair("yes", None)),
        (["active"], None, ClassPair(None, "active")),
        (["b"], "a", ClassPair("a", "b")),
        (["a"], "a", ClassPair("a", None)),
    ],
)
def test_one_class_may_be_allowed(values, named, expected):
    assert resolve_positive(values, named, allow_one_class=True) == expected
    assert set(encode_label(values, named, allow_one_class=True)) == {float(expected.negative is None)}


def test_one_class_that_nobody_understands_is_refused_even_when_one_is_allowed():
    with pytest.raises(SchemaError, match="which value means churned"):
        resolve_positive(["left"], allow_one_class=True)


@pytest.mark.parametrize("values", [[], [None, None], ["", "  "], pd.Series([pd.NA], dtype="Int64")])
def test_no_label_at_all_is_refused(values):
    with pytest.raises(SchemaError, match=r"expected two values, got none: \d rows"):
        encode_label(values)


@pytest.mark.parametrize("values", [np.eye(2), pd.DataFrame({"a": [1]})])
def test_a_table_is_no_label(values):
    with pytest.raises(SchemaError, match="expected one column"):
        encode_label(values)


def test_nested_values_are_no_label():
    with pytest.raises(SchemaError, match="expected plain values"):
        encode_label(pd.Series([[1], [0]]))


YES_NO = ["Yes", "No", None, "Yes"]
ONE_ZERO = [1, 0, None, 1]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(YES_NO),
        pd.Series(YES_NO, dtype=object),
        pd.Series(YES_NO, dtype="category"),
        pd.Series(YES_NO, dtype="string"),
        pd.Series(YES_NO, dtype="string[pyarrow]"),
        pd.Series(["Yes", "no ", "", "YES"]),
        pd.Series(ONE_ZERO),
        pd.Series(ONE_ZERO, dtype="Int8"),
        pd.Series(ONE_ZERO, dtype="int64[pyarrow]"),
        pd.Series(ONE_ZERO, dtype="boolean"),
        pd.Series(ONE_ZERO, dtype="category"),
        pd.Series([True, False, None, True], dtype=object),
        pd.Series([1, False, None, True], dtype=object),
        pd.Series(["1.0", "0.0", None, "1"]),
        pd.Series([1, -1, None, 1], index=[7, 7, 7, 7]),
    ],
    ids=lambda series: f"{series.dtype}-{series.iloc[1]}",
)
def test_every_way_to_store_a_label_gives_the_same_numbers(series):
    np.testing.assert_array_equal(encode_label(series), [1.0, 0.0, np.nan, 1.0])


def test_arrays_of_numpy_text_and_bools_are_labels():
    assert encode_label(np.array(["churned", "retained"])).tolist() == [1.0, 0.0]
    assert encode_label(np.array([False, True])).tolist() == [0.0, 1.0]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Yes", "yes ", "No", "NO", None, ""]), min_size=1))
def test_each_row_is_coded_by_its_own_value_alone(values):
    both = [*values, "Yes", "No"]
    expected = [{"yes": 1.0, "no": 0.0}.get((value or "").strip().lower(), np.nan) for value in both]
    np.testing.assert_array_equal(encode_label(both), expected)
