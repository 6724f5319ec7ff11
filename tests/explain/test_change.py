from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.explain.change import (
    ADDED,
    BASE,
    BEHAVIOUR,
    CHANGE_COLUMNS,
    DROPPED,
    MODEL,
    PARTS,
    score_change,
)

LN3 = float(np.log(3.0))


def points_of(change, part):
    found = change.parts[change.parts["part"] == part]
    return found.set_index("indicator")["points"].to_dict()


def test_without_a_new_model_all_of_it_is_behaviour(linear, rows_of):
    # log-odds 0 -> ln 3: health 50 -> 25, and logins alone moved.
    model = linear({"logins": -1.0, "nps": 0.5})
    change = score_change(
        model, model, rows_of(logins=[0.0], nps=[0.0]), rows_of(logins=[-LN3], nps=[0.0])
    )
    assert points_of(change, BEHAVIOUR) == pytest.approx({"logins": -25.0})
    assert change.totals.iloc[0].to_dict() == {
        "customer_id": "C1", "score_before": 50.0, "score_after": pytest.approx(25.0),
        "change": pytest.approx(-25.0), MODEL: 0.0, ADDED: 0.0, DROPPED: 0.0,
        BEHAVIOUR: pytest.approx(-25.0),
    }  # fmt: skip


def test_without_a_new_row_all_of_it_is_the_model(linear, rows_of):
    # Base 0 -> ln 3: 50 -> 25. The slope of logins (value 1) 0 -> -ln 3: 25 -> 50 again.
    rows = rows_of(logins=[1.0])
    old, new = linear({"logins": 0.0}), linear({"logins": -LN3}, base=LN3)
    change = score_change(old, new, rows, rows)
    assert points_of(change, MODEL) == pytest.approx({BASE: -25.0, "logins": 25.0})
    assert points_of(change, BEHAVIOUR) == {}
    assert change.totals["change"].tolist() == pytest.approx([0.0])


def test_an_added_indicator_stands_apart_and_counts_as_the_model(linear, rows_of):
    # goals is new: the old row has none, so its later value 1 is held; 50 -> 25 by the model alone.
    old, new = linear({"logins": 1.0}), linear({"logins": 1.0, "goals": LN3})
    change = score_change(old, new, rows_of(logins=[0.0]), rows_of(logins=[0.0], goals=[1.0]))
    assert change.added == ("goals",)
    assert points_of(change, ADDED) == pytest.approx({"goals": -25.0})
    assert change.totals[[MODEL, DROPPED, BEHAVIOUR]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]
    line = change.parts.iloc[0]
    assert (line["indicator_group"], line["value_before"], line["value_after"]) == ("goals", None, 1.0)


def test_an_added_indicator_that_was_stored_takes_its_earlier_value(linear, rows_of):
    old, new = linear({"logins": 1.0}), linear({"logins": 1.0, "goals": LN3})
    before, after = rows_of(logins=[0.0], goals=[0.0]), rows_of(logins=[0.0], goals=[1.0])
    change = score_change(old, new, before, after)
    assert points_of(change, ADDED) == {}
    assert points_of(change, BEHAVIOUR) == pytest.approx({"goals": -25.0})


def test_a_dropped_indicator_takes_its_points_along(linear, rows_of):
    # The old model took 25 points for it; the new one does not know it.
    old, new = linear({"logins": 1.0, "calls": LN3}), linear({"logins": 1.0})
    change = score_change(old, new, rows_of(logins=[0.0], calls=[1.0]), rows_of(logins=[0.0]))
    assert change.dropped == ("calls",)
    assert points_of(change, DROPPED) == pytest.approx({"calls": 25.0})
    assert change.parts.iloc[0]["indicator_group"] == "calls"


def test_an_answer_that_is_no_longer_there_moves_both_of_its_columns(linear, rows_of):
    model = linear({"nps": -0.5}, missing=0.25)
    change = score_change(model, model, rows_of(nps=[1.0]), rows_of(nps=[None]))
    told = change.parts.set_index("indicator")
    assert told.loc["nps", "points"] < 0.0
    assert told.loc["nps:missing", "points"] < 0.0
    assert told["value_before"].tolist() == [1.0, 1.0]
    assert told["value_after"].tolist() == [None, None]


VALUES = arrays(np.float64, (3, 3), elements=st.floats(-3, 3, allow_subnormal=False))
SLOPES = arrays(np.float64, (2, 3), elements=st.floats(-2, 2, allow_subnormal=False))


@settings(max_examples=25)
@given(VALUES, VALUES, SLOPES, st.floats(-2, 2), st.floats(-2, 2))
def test_the_parts_add_up_to_the_difference_of_the_scores(linear, before, after, slopes, base, other):
    old = linear(dict(zip(["a", "b", "c"], slopes[0], strict=True)), base)
    new = linear(dict(zip(["b", "c", "d"], slopes[1], strict=True)), other)
    labels = ["X", "Y", "Z"]
    first = pd.DataFrame(before, columns=["a", "b", "c"], index=labels)
    last = pd.DataFrame(after, columns=["d", "c", "b"], index=labels)
    change = score_change(old, new, first, last)
    expected = new.health_score(last[["b", "c", "d"]]) - old.health_score(first)
    by_customer = change.parts.groupby("customer_id")["points"].sum().reindex(labels, fill_value=0.0)
    assert np.abs(by_customer.to_numpy() - expected).max() < 1e-9
    assert np.abs(change.totals[list(PARTS)].sum(axis=1) - expected).max() < 1e-9
    # The first three are the new model on the old row less the old model on the old row.
    held = first[["b", "c"]].assign(d=last["d"])
    by_model = new.health_score(held) - old.health_score(first)
    assert np.abs(change.totals[[MODEL, ADDED, DROPPED]].sum(axis=1) - by_model).max() < 1e-9


@settings(max_examples=15)
@given(VALUES, VALUES, SLOPES)
def test_an_indicator_that_no_model_uses_is_never_named(linear, before, after, slopes):
    old = linear({"a": slopes[0, 0], "b": slopes[0, 1], "dummy": 0.0})
    new = linear({"a": slopes[1, 0], "b": slopes[1, 1], "dummy": 0.0}, base=0.5)
    columns, labels = ["a", "b", "dummy"], ["X", "Y", "Z"]
    first = pd.DataFrame(before, columns=columns, index=labels)
    change = score_change(old, new, first, pd.DataFrame(after, columns=columns, index=labels))
    assert "dummy" not in set(change.parts["indicator"])


@settings(max_examples=15)
@given(VALUES, SLOPES)
def test_from_a_row_at_the_base_points_have_the_sign_of_less_log_odds(linear, after, slopes):
    # Of the old row nothing contributes, so what is told of the new one is all behaviour.
    columns, labels = ["a", "b", "c"], ["X", "Y", "Z"]
    model = linear(dict(zip(columns, slopes[0], strict=True)), base=-1.0)
    rows = pd.DataFrame(after, columns=columns, index=labels)
    told = score_change(model, model, rows * 0.0, rows).parts
    log_odds = model.log_odds(rows)
    for line in told.itertuples():
        assert np.sign(line.points) == -np.sign(log_odds.loc[line.customer_id, line.indicator])


def test_real_models_add_up_as_well(fitted, customers, make_customers):
    frame = customers[0].set_axis([f"C{at}" for at in range(len(customers[0]))])
    other, y, _ = make_customers(300, seed=9)
    seen = Catalogue((Indicator("goals", "outcome"),))
    new = HealthModel(random_state=1, catalogue=seen).fit(
        other.drop(columns="seats").assign(goals=other["logins"] % 3), y
    )
    after = frame.iloc[50:].assign(logins=frame["logins"].iloc[50:] / 2, goals=1.0)
    change = score_change(fitted, new, frame, after)
    before = fitted.health_score(frame.iloc[50:])
    now = new.health_score(after.drop(columns="seats"))
    assert np.abs(change.totals[list(PARTS)].sum(axis=1) - (now - before)).max() < 1e-9
    assert (change.added, change.dropped) == (("goals",), ("seats",))
    assert change.only_before.tolist() == [f"C{at}" for at in range(50)]
    assert change.only_after.empty
    assert change.parts.columns.tolist() == list(CHANGE_COLUMNS)


def test_customers_are_matched_by_label_and_told_in_the_later_order(linear, rows_of):
    model = linear({"logins": -1.0})
    before = rows_of(logins=[0.0, 1.0, 2.0])
    after = before.iloc[[2, 0]].rename(index={"C1": "C9"})
    change = score_change(model, model, before, after)
    assert change.totals["customer_id"].tolist() == ["C3"]
    assert change.totals["change"].tolist() == [0.0]
    assert change.parts.empty
    assert (change.only_before.tolist(), change.only_after.tolist()) == (["C1", "C2"], ["C9"])


def test_the_order_of_parts_is_customer_then_part_then_column(linear, rows_of):
    old, new = linear({"a": 1.0, "b": 1.0}), linear({"a": 2.0, "b": 2.0}, base=1.0)
    rows = rows_of(a=[1.0, 1.0], b=[1.0, 1.0])
    told = score_change(old, new, rows, rows + 1.0).parts
    assert told["customer_id"].tolist() == ["C1"] * 5 + ["C2"] * 5
    assert told["indicator"].tolist() == ["a", "b", BASE, "a", "b"] * 2
    # Equal slopes and equal values: a and b tie, and keep the order of the columns.
    points = told["points"].to_numpy().reshape(2, 5)
    assert (points[:, 0] == points[:, 1]).all()
    assert (points[:, 3] == points[:, 4]).all()


def test_nobody_in_both_is_refused(linear, rows_of):
    model = linear({"logins": -1.0})
    rows = rows_of(logins=[0.0])
    with pytest.raises(SchemaError, match="expected customers with a row in both"):
        score_change(model, model, rows, rows.rename(index={"C1": "C2"}))


def test_several_rows_of_a_customer_are_refused(linear, rows_of):
    model = linear({"logins": -1.0})
    rows = rows_of(logins=[0.0, 1.0])
    with pytest.raises(SchemaError, match=r"rows before: 1 fault\n.*several for 'C1'"):
        score_change(model, model, rows.set_axis(["C1", "C1"]), rows)


def test_a_row_without_the_old_models_indicator_is_refused(linear, rows_of):
    model = linear({"logins": -1.0, "nps": 1.0})
    rows = rows_of(logins=[0.0])
    with pytest.raises(SchemaError, match="missing column 'nps'"):
        score_change(model, model, rows, rows)
