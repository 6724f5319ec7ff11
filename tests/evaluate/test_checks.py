import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.checks import (
    check_money,
    check_rows,
    check_settings,
    check_truth_and_probability,
)


@pytest.mark.parametrize(
    "y",
    [
        [1, 0, 1],
        [True, False, True],
        np.array([1.0, 0.0, 1.0]),
        pd.Series([1, 0, 1], dtype="Int64"),
        pd.Series([True, False, True], dtype="boolean", index=[7, 8, 9]),
        pd.Series([1, 0, 1]).astype("category"),
        (1, 0, 1),
    ],
)
def test_truth_is_understood_in_many_types(y):
    truth, p = check_truth_and_probability(y, [0.1, 0.5, 1.0])
    assert truth.dtype == np.float64
    assert truth.tolist() == [1.0, 0.0, 1.0]
    assert p.tolist() == [0.1, 0.5, 1.0]


def test_all_faults_come_in_one_error():
    with pytest.raises(SchemaError) as caught:
        check_truth_and_probability([0, 2, None], [0.5, 1.5, np.nan, 0.1])
    assert caught.value.faults == (
        "y: expected no missing values, got them in 1 row, first in row 2",
        "y: expected 0 or 1 (1 = churned), got '2.0' in 1 row, first in row 1; name the label of churn",
        "p: expected no missing values, got them in 1 row, first in row 2",
        "p: expected probabilities between 0 and 1, got '1.5' in 1 row, first in row 1",
        "expected columns of equal length, got y: 3, p: 4",
    )


def test_text_is_named_as_text():
    with pytest.raises(SchemaError, match="y: expected numbers, got 'Yes', 'No'"):
        check_truth_and_probability(["Yes", "No", "Yes"], [0.1, 0.2, 0.3])


def test_nullable_missing_values_are_found():
    with pytest.raises(SchemaError, match="y: expected no missing values, got them in 2 rows"):
        check_truth_and_probability(pd.array([pd.NA, 1, pd.NA], dtype="Int64"), [0.1, 0.2, 0.3])


def test_predictions_of_both_classes_are_refused_with_their_shape():
    with pytest.raises(SchemaError, match=r"p: expected one value per row, got shape \(2, 2\)"):
        check_truth_and_probability([0, 1], [[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize("p", [[-0.01], [1.01], [np.inf], [-np.inf]])
def test_probabilities_outside_0_to_1_are_refused(p):
    with pytest.raises(SchemaError, match="p: expected probabilities between 0 and 1"):
        check_truth_and_probability([1], p)


def test_no_rows_are_refused():
    with pytest.raises(SchemaError, match="expected at least one row, got none"):
        check_truth_and_probability([], [])


def test_a_scalar_is_refused():
    with pytest.raises(SchemaError, match=r"p: expected one value per row, got shape \(\)"):
        check_truth_and_probability([1], 0.5)


def test_customers_are_numbered_in_sorted_order():
    rows = check_rows([0, 1, 0], {"p": [0.1, 0.2, 0.3]}, customer_id=["b", "a", "b"])
    assert rows.customer.tolist() == [1, 0, 1]
    assert rows.customers == 2


def test_without_identifiers_every_row_is_its_own_customer():
    assert check_rows([0, 1], {"p": [0.1, 0.2]}).customer.tolist() == [0, 1]


def test_number_identifiers_are_kept_apart():
    assert check_rows([0, 1], {"p": [0.1, 0.2]}, customer_id=[10, 9]).customer.tolist() == [1, 0]


def test_missing_identifiers_are_a_fault():
    with pytest.raises(SchemaError, match="customer_id: expected no missing values, got them in 1 row"):
        check_rows([0, 1], {"p": [0.1, 0.2]}, customer_id=["a", None])


def test_a_table_of_identifiers_is_a_fault():
    with pytest.raises(SchemaError, match=r"customer_id: expected one value per row, got shape"):
        check_rows([0, 1], {"p": [0.1, 0.2]}, customer_id=[["a", "b"]])


@pytest.mark.parametrize(
    ("weight", "fault"),
    [
        ([1.0, -1.0], "sample_weight: expected finite weights of 0 or more, got '-1.0'"),
        ([1.0, np.inf], "sample_weight: expected finite weights of 0 or more, got 'inf'"),
        ([0.0, 0.0], "sample_weight: expected some weight above 0, got none"),
        ([1.0], "expected columns of equal length, got y: 2, p: 2, sample_weight: 1"),
    ],
)
def test_bad_weights_are_faults(weight, fault):
    with pytest.raises(SchemaError, match=fault):
        check_rows([0, 1], {"p": [0.1, 0.2]}, sample_weight=weight)


def test_money_may_be_missing_but_not_negative():
    assert np.isnan(check_money("mrr", [1.0, None])).tolist() == [False, True]
    with pytest.raises(SchemaError, match=r"mrr: expected finite amounts of 0 or more, got '-5\.0'"):
        check_money("mrr", [-5.0, np.inf])


def test_settings_name_their_range():
    with pytest.raises(SchemaError, match="bins: expected between 1 and inf, got 0"):
        check_settings(bins=(0, 1, np.inf), level=(0.5, 0, 1))


def test_the_callers_data_are_not_changed():
    y, p = np.array([0, 1]), np.array([0.2, 0.3])
    truth, predicted = check_truth_and_probability(y, p)
    truth += 1
    assert y.tolist() == [0, 1]
    assert predicted.tolist() == p.tolist()
