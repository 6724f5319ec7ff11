"""The door for scoring: a bad row is rejected, a bad table is refused, and nothing is lost."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, SchemaError
from churnhealth.features.panel import PanelColumns
from churnhealth.features.panel_scoring import scoring_panel

PROBLEM = ChurnProblem(timezone="Asia/Tokyo")
JANUARY, FEBRUARY = (PROBLEM.cutoff_instant(day) for day in ("2026-01-01", "2026-02-01"))
INDICATORS = ["plan", "logins"]


def test_the_newest_cutoff_is_read_and_the_others_noted(frame, columns):
    before = frame.copy(deep=True)
    panel = scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS)
    assert panel.customer_id.tolist() == ["a", "b", "c"]
    assert panel.cutoff.tolist() == [FEBRUARY] * 3
    assert panel.X.columns.tolist() == INDICATORS
    assert panel.X["logins"].tolist() == [4, 5, 6]
    assert panel.X.index.tolist() == [0, 1, 2]
    assert panel.mrr.tolist() == [100.0, 210.0, 50.0]
    assert (panel.y, panel.rows_read, panel.currency) == (None, 3, "JPY")
    assert panel.notes == [
        "3 rows of other cutoffs were not read; scored is the cutoff 2026-02-01",
        "left out, unknown to the model: 'nps', 'onboarded'",
    ]
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("cutoff", ["2026-01-01", JANUARY])
def test_a_given_cutoff_chooses_its_rows(frame, columns, cutoff):
    panel = scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS, cutoff=cutoff)
    assert panel.cutoff.unique().tolist() == [JANUARY]
    assert panel.rows_read == 3


def test_a_cutoff_without_rows_names_the_newest_ones(frame, columns):
    with pytest.raises(
        SchemaError, match="cutoff of 2026-03-01; the newest cutoffs are: 2026-01-01, 2026-02-01"
    ):
        scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS, cutoff="2026-03-01")


def test_a_table_without_cutoffs_needs_one(frame, columns):
    undated = frame.drop(columns="cutoff").iloc[:3]
    panel = scoring_panel(undated, columns, PROBLEM, indicators=INDICATORS, cutoff="2026-02-01")
    assert panel.cutoff.tolist() == [FEBRUARY] * 3
    with pytest.raises(
        ConfigError, match=r"no cutoff column 'cutoff'.*cutoff_date = 2026-04-01 under \[scoring\]"
    ):
        scoring_panel(undated, columns, PROBLEM, indicators=INDICATORS)


def test_a_label_is_not_needed_and_not_looked_at(frame, columns):
    frame["churned"] = "whatever"
    with_label = scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS)
    without = scoring_panel(frame.drop(columns="churned"), columns, PROBLEM, indicators=INDICATORS)
    assert with_label.notes == without.notes
    pd.testing.assert_frame_equal(with_label.X, without.X)


def test_permuted_and_added_columns_give_the_same_matrix(frame, columns):
    plain = scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS)
    frame["new"] = 1
    permuted = scoring_panel(frame[frame.columns[::-1]], columns, PROBLEM, indicators=INDICATORS)
    pd.testing.assert_frame_equal(permuted.X, plain.X)
    assert "'new'" in permuted.notes[-1]


def test_missing_and_renamed_columns_are_refused_with_what_is_there(frame, columns):
    renamed = frame.rename(columns={"logins": "login"}).drop(columns=["plan", "mrr"])
    with pytest.raises(SchemaError) as error:
        scoring_panel(renamed, columns, PROBLEM, indicators=INDICATORS)
    assert error.value.faults == (
        "mrr column 'mrr' is missing",
        "indicator column 'plan' is missing",
        "indicator column 'logins' is missing (did you mean 'login'?)",
        "the table has 6 columns: 'customer_id', 'cutoff', 'churned', 'login', 'nps', 'onboarded'",
    )


def test_an_empty_table_and_columns_that_stand_twice_are_refused(frame, columns):
    with pytest.raises(SchemaError, match="got an empty table"):
        scoring_panel(frame.iloc[:0], columns, PROBLEM, indicators=INDICATORS)
    twice = pd.concat([frame, frame[["cutoff", "logins"]]], axis=1)
    with pytest.raises(SchemaError, match="twice or more: 'cutoff', 'logins'"):
        scoring_panel(twice, columns, PROBLEM, indicators=INDICATORS)


def test_money_that_is_no_number_is_refused(frame, columns):
    frame["mrr"] = ["¥100"] * 6
    with pytest.raises(SchemaError, match="mrr column 'mrr' holds no numbers in rows 1, 2, 3: '¥100'"):
        scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS)


def faulty_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ["a", None, "b", "b", "c", "d", "e", ""],
            "cutoff": [
                "2026-02-01",
                "2026-02-01",
                "2026-02-01",
                "2026-02-01",
                None,
                "soon",
                "2026-02-01",
                "2026-01-01",
            ],
            "logins": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, np.inf, 8.0],
        }
    )


def test_rows_with_faults_are_rejected_with_their_reasons():
    panel = scoring_panel(
        faulty_rows(),
        PanelColumns("customer_id", "cutoff"),
        PROBLEM,
        indicators=["logins"],
        max_reject_share=0.9,
        source="weekly.csv",
    )
    assert panel.customer_id.tolist() == ["a"]
    assert panel.rejects["reason"].tolist() == [
        "customer_id is missing",
        "several rows have this customer_id and cutoff",
        "several rows have this customer_id and cutoff",
        "cutoff 'cutoff' is missing",
        "cutoff 'cutoff' cannot be read",
        "column 'logins' is infinite",
    ]
    assert set(panel.rejects["source"]) == {"weekly.csv"}
    assert json.loads(panel.rejects["row_json"].iloc[-1]) == {
        "customer_id": "e",
        "cutoff": "2026-02-01",
        "logins": "inf",
    }
    assert panel.rows_read == 7


def test_a_row_with_two_faults_is_rejected_once_with_both():
    table = pd.DataFrame({"id": [None, "b", "c"], "x": [np.inf, 1.0, 2.0]})
    panel = scoring_panel(
        table, PanelColumns("id"), PROBLEM, indicators=["x"], cutoff="2026-02-01", max_reject_share=0.5
    )
    assert panel.rejects["reason"].tolist() == ["customer_id is missing; column 'x' is infinite"]


def test_too_many_rejects_refuse_the_table_with_reasons_and_counts():
    with pytest.raises(
        SchemaError, match=r"6 of 7 rows cannot be scored, more than the allowed share of 0\.1"
    ) as error:
        scoring_panel(
            faulty_rows(), PanelColumns("customer_id", "cutoff"), PROBLEM, indicators=["logins"]
        )
    assert error.value.faults[1] == "2 rows: several rows have this customer_id and cutoff"


def test_exactly_the_allowed_share_passes():
    table = pd.DataFrame({"id": [None, *"abcdefghi"], "x": 1.0})
    panel = scoring_panel(table, PanelColumns("id"), PROBLEM, indicators=["x"], cutoff="2026-02-01")
    assert (len(panel.X), len(panel.rejects)) == (9, 1)


def test_no_cutoff_that_can_be_read_is_refused(frame, columns):
    frame["cutoff"] = "soon"
    with pytest.raises(SchemaError, match="the newest cutoffs are: none that can be read"):
        scoring_panel(frame, columns, PROBLEM, indicators=INDICATORS)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", 7, 7.0, "7", None, " ", float("nan")]),
        st.sampled_from(["2026-01-01", "2026-02-01", 20260201, None, "soon"]),
        st.sampled_from([1.0, -2.5, None, float("inf"), float("-inf")]),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_every_row_that_is_read_is_scored_or_rejected(rows):
    table = pd.DataFrame(rows, columns=["id", "at", "x"]).astype({"id": object, "at": object})
    january = int((table["at"] == "2026-01-01").sum())
    table = pd.concat([table, pd.DataFrame({"id": ["z"], "at": ["2026-02-01"], "x": [0.5]})])
    panel = scoring_panel(
        table, PanelColumns("id", "at"), PROBLEM, indicators=["x"], max_reject_share=1.0
    )
    assert panel.rows_read == len(panel.X) + len(panel.rejects) == len(table) - january
    assert len(panel.X) == len(panel.customer_id) == len(panel.cutoff)
    assert panel.customer_id.is_unique
    assert np.isfinite(panel.X["x"].dropna().astype(float)).all()
    assert panel.rejects["row_hash"].is_unique
    assert (panel.rejects["reason"] != "").all()
    assert "z" in panel.customer_id.tolist()
