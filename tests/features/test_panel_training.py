"""The door for training: strict, and all faults at once."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError, SchemaError
from churnhealth.features.panel import PanelColumns, training_panel

PROBLEM = ChurnProblem(timezone="Asia/Tokyo")


def test_a_good_table_passes_whole(frame, columns):
    before = frame.copy(deep=True)
    panel = training_panel(frame, columns, PROBLEM)
    assert panel.customer_id.tolist() == ["a", "b", "c", "a", "b", "c"]
    assert panel.cutoff.iloc[0] == pd.Timestamp("2025-12-31 15:00", tz="UTC")
    assert panel.X.columns.tolist() == ["logins", "nps", "plan", "onboarded", "mrr"]
    assert panel.X.dtypes.astype(str).tolist() == ["int64", "Int64", "category", "bool", "float64"]
    np.testing.assert_array_equal(panel.y, [0, 1, 0, np.nan, 0, 1])
    np.testing.assert_array_equal(panel.mrr, [100.0, 200.5, np.nan, 100.0, 210.0, 50.0])
    assert (panel.currency, panel.rows_read, len(panel.rejects)) == ("JPY", 6, 0)
    assert panel.notes == ["1 of 6 rows have no label: they are censored, never 0"]
    pd.testing.assert_frame_equal(frame, before)


def test_the_matrix_is_a_copy_and_rows_are_numbered_from_0(frame, columns):
    frame.index = [5] * 6
    panel = training_panel(frame, columns, PROBLEM)
    panel.X.loc[0, "logins"] = 99
    assert (
        panel.X.index.tolist()
        == panel.customer_id.index.tolist()
        == panel.cutoff.index.tolist()
        == [*range(6)]
    )
    assert frame["logins"].tolist() == [1, 2, 3, 4, 5, 6]


def test_the_label_and_ignored_columns_are_never_indicators(frame, columns):
    ignoring = PanelColumns(
        "customer_id", "cutoff", "churned", mrr="mrr", currency="JPY", ignore=("mrr", "nps")
    )
    panel = training_panel(frame, ignoring, PROBLEM)
    assert panel.X.columns.tolist() == ["logins", "plan", "onboarded"]
    assert panel.mrr is not None


def test_named_indicators_are_taken_in_their_order_and_the_rest_is_noted(frame):
    named = PanelColumns("customer_id", "cutoff", "churned", indicators=("plan", "logins"))
    panel = training_panel(frame, named, PROBLEM)
    assert panel.X.columns.tolist() == ["plan", "logins"]
    assert panel.notes[0] == "left out, not named as indicators: 'nps', 'onboarded', 'mrr'"


@pytest.mark.parametrize(
    "cutoff", ["2026-04-01", dt.date(2026, 4, 1), pd.Timestamp("2026-03-31 15:00", tz="UTC")]
)
def test_a_table_without_cutoffs_gets_one(frame, cutoff):
    undated = frame.drop(columns="cutoff").iloc[:3]
    panel = training_panel(undated, PanelColumns("customer_id", label="churned"), PROBLEM, cutoff=cutoff)
    assert panel.cutoff.unique().tolist() == [pd.Timestamp("2026-03-31 15:00", tz="UTC")]


def test_a_cutoff_is_needed_once_and_must_be_a_date(frame, columns):
    undated = PanelColumns("customer_id", label="churned")
    with pytest.raises(ConfigError, match=r"panel.cutoff_date \(such as 2026-04-01\)"):
        training_panel(frame, undated, PROBLEM)
    with pytest.raises(ConfigError, match="column 'cutoff' and cutoff '2026-04-01'"):
        training_panel(frame, columns, PROBLEM, cutoff="2026-04-01")
    with pytest.raises(ConfigError, match="expected a date such as 2026-04-01, got '4/1'"):
        training_panel(frame, undated, PROBLEM, cutoff="4/1")


def test_training_needs_a_label(frame):
    with pytest.raises(ConfigError, match="name the label's column"):
        training_panel(frame, PanelColumns("customer_id", "cutoff"), PROBLEM)


def test_all_faults_of_a_table_come_in_one_error():
    bad = pd.DataFrame(
        {
            "id": ["a", None, "c", "c", " "],
            "at": ["2026-01-01", "2026-01-01", "2026-01-01", "2026-01-01", "01/02/2026"],
            "left": ["x", "y", "x", "y", None],
            "since": pd.to_datetime(["2025-01-01"] * 5),
            "tags": [[1], [], None, [], []],
            "ratio": [1.0, np.inf, 2.0, -np.inf, 0.0],
            "mrr": ["10", "ten", "12", None, "1"],
        }
    )
    columns = PanelColumns("id", "at", "left", mrr="mrr", currency="USD", ignore=("notes",))
    with pytest.raises(SchemaError) as error:
        training_panel(bad, columns, PROBLEM)
    assert [fault.split(":")[0] for fault in error.value.faults] == [
        "ignored column 'notes' is missing",
        "the table has 7 columns",
        "cutoff column 'at'",
        "customer_id is missing in rows 2, 5",
        "expected one row for each customer_id and cutoff, but several rows have the same",
        "column 'since' holds dates",
        "column 'tags' holds lists or other nested values",
        "column 'ratio' is infinite in rows 2, 4; leave a measure that does not exist empty",
        "mrr column 'mrr' holds no numbers in row 2",
        "label column 'left'",
    ]
    assert "got '01/02/2026' in row 5" in error.value.faults[2]
    assert "'c' in rows 3, 4" in error.value.faults[4]
    assert 'positive_label = "x"' in error.value.faults[-1]
    assert str(error.value).startswith("training panel (rows counted from 1): 10 faults")


def test_missing_columns_name_their_neighbours_and_hide_no_other_fault(frame):
    frame = frame.rename(columns={"customer_id": "customerid", "churned": "churn", "cutoff": "date"})
    frame["logins"] = [1.0, np.inf, 3, 4, 5, 6]
    with pytest.raises(SchemaError) as error:
        training_panel(frame, PanelColumns("customer_id", "cutoff", "churned"), PROBLEM)
    text = str(error.value)
    assert "customer_id column 'customer_id' is missing (did you mean 'customerid'?)" in text
    assert "label column 'churned' is missing (did you mean 'churn'?)" in text
    assert "cutoff column 'cutoff' is missing" in text
    assert "column 'logins' is infinite in row 2" in text


def test_columns_that_stand_twice_are_refused(frame, columns):
    twice = pd.concat([frame, frame[["logins", "customer_id"]]], axis=1)
    with pytest.raises(SchemaError, match="twice or more: 'logins', 'customer_id'"):
        training_panel(twice, columns, PROBLEM)


def test_an_empty_table_is_refused_with_its_missing_columns(columns):
    with pytest.raises(SchemaError, match="expected rows, got an empty table") as error:
        training_panel(pd.DataFrame({"customer_id": []}), columns, PROBLEM)
    assert "label column 'churned' is missing" in str(error.value)


def test_a_table_without_indicators_is_refused(frame):
    with pytest.raises(SchemaError, match="expected at least one indicator column, got none"):
        training_panel(
            frame[["customer_id", "cutoff", "churned"]],
            PanelColumns("customer_id", "cutoff", "churned"),
            PROBLEM,
        )


def test_a_cutoff_that_is_missing_is_told(frame, columns):
    frame.loc[[1, 3], "cutoff"] = None
    with pytest.raises(SchemaError, match="cutoff column 'cutoff' is missing in rows 2, 4"):
        training_panel(frame, columns, PROBLEM)


def test_infinite_money_that_is_no_indicator_is_told(frame):
    frame["mrr"] = np.inf
    columns = PanelColumns(
        "customer_id", "cutoff", "churned", mrr="mrr", currency="JPY", ignore=("mrr",)
    )
    with pytest.raises(SchemaError, match="column 'mrr' is infinite in rows 1, 2, 3, 4, 5 and 1 more"):
        training_panel(frame, columns, PROBLEM)


def test_columns_must_have_one_meaning():
    with pytest.raises(ConfigError, match="three different columns"):
        PanelColumns("id", label="id")
    with pytest.raises(LeakageError, match="'churned' cannot be an indicator"):
        PanelColumns("id", label="churned", indicators=("churned", "a"))
    with pytest.raises(ConfigError, match="expected a list of columns, got the text 'abc'"):
        PanelColumns("id", ignore="abc")


def test_money_needs_its_currency():
    with pytest.raises(ConfigError, match="mrr 'fee' is money, name its currency"):
        PanelColumns("id", mrr="fee")
    with pytest.raises(ConfigError, match="three capital letters such as 'JPY', got 'yen'"):
        PanelColumns("id", mrr="fee", currency="yen")


def test_names_that_are_no_text_become_text():
    table = pd.DataFrame({0: ["a", "b"], 1: [1, 0], 2: [3.0, 4.0]})
    panel = training_panel(table, PanelColumns("0", label="1"), PROBLEM, cutoff="2026-01-01")
    assert panel.X.columns.tolist() == ["2"]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=5), min_size=4, max_size=6, unique=True))
def test_column_names_may_be_any_text(names):
    customer, cutoff, label, *rest = names
    values = {customer: ["a", "b"], cutoff: ["2026-01-01"] * 2, label: [0, 1]} | {
        name: [1, 2] for name in rest
    }
    panel = training_panel(pd.DataFrame(values), PanelColumns(customer, cutoff, label), PROBLEM)
    assert panel.X.columns.tolist() == rest
    assert panel.y.tolist() == [0.0, 1.0]
