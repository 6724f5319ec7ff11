import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.evaluate.calibration import reliability_table
from churnhealth.evaluate.discrimination import lift_table, roc_auc
from churnhealth.evaluate.loss import log_loss
from churnhealth.evaluate.report import evaluate_model
from churnhealth.evaluate.segments import metrics_by_segment


@pytest.fixture(scope="module")
def full(world):
    """A report with everything in it, and what went in."""
    y, p, _ = world(600, seed=1)
    given = {
        "mrr": np.arange(600.0),
        "segments": pd.DataFrame({"plan": np.array(["<b>Basic</b>", "Pro"])[np.arange(600) % 2]}),
        "customer_id": [f"c{place // 2}" for place in range(600)],
    }
    return y, p, given, evaluate_model(y, p, n_boot=50, n_sim=20, **given)


def test_the_tables_are_those_of_their_own_functions(full):
    y, p, given, report = full
    assert report.reliability.equals(reliability_table(y, p))
    assert report.lift.equals(lift_table(y, p, mrr=given["mrr"]))
    assert report.by_segment.equals(metrics_by_segment(y, p, given["segments"]))
    assert report.metric("log_loss") == pytest.approx(log_loss(y, p), abs=1e-12)
    assert report.metric("roc_auc") == pytest.approx(roc_auc(y, p), abs=1e-12)
    assert report.metric("customers") == 300


def test_an_unknown_metric_is_refused_with_a_hint(full):
    with pytest.raises(SchemaError, match=r"got 'roc_acu' \(did you mean 'roc_auc'\?\)"):
        full[3].metric("roc_acu")


def test_the_dictionary_is_flat_and_finite(full):
    flat = full[3].to_dict()
    assert flat["roc_auc_low"] < flat["roc_auc"] < flat["roc_auc_high"]
    assert flat["ici_floor_95"] > 0
    assert "ici_floor_95_low" not in flat
    assert all(type(value) is float and np.isfinite(value) for value in flat.values())


def test_the_dictionary_leaves_out_what_is_not_defined():
    assert "roc_auc" not in evaluate_model([0, 0], [0.1, 0.2], n_boot=5, n_sim=5).to_dict()


def test_the_text_holds_sentences_and_every_table(full):
    text = str(full[3])
    for part in ("300 customers in 600 rows", "roc_auc", "band_low", "captured_mrr", "standard_error"):
        assert part in text
    assert re.search(r"\nrows +600 ", text)
    assert max(map(len, text.splitlines())) < 120


def test_tables_without_rows_are_not_shown(calibrated):
    report = evaluate_model(*calibrated[:2], n_boot=0, n_sim=0)
    assert report.by_segment.empty
    assert "Segments" not in str(report)
    assert "Segments" not in report._repr_html_()


def test_html_is_escaped(full):
    text = full[3]._repr_html_()
    assert "<b>" not in text
    assert "&lt;b&gt;Basic&lt;/b&gt;" in text
    assert text.count("<table>") == 4


def test_a_report_cannot_be_changed(full):
    with pytest.raises(AttributeError):
        full[3].metrics = pd.DataFrame()


def test_the_same_input_and_seed_give_the_same_report(world):
    y, p, _ = world(200)
    one, same = (evaluate_model(y, p, n_boot=20, n_sim=10, random_state=3) for _ in range(2))
    assert str(one) == str(same)


def test_the_order_of_rows_changes_nothing(full):
    y, p, given, report = full
    order = np.random.default_rng(0).permutation(600)
    moved = evaluate_model(
        y[order],
        p[order],
        customer_id=np.array(given["customer_id"])[order],
        mrr=given["mrr"][order],
        segments=given["segments"].iloc[order],
        n_boot=50,
        n_sim=20,
    )
    assert moved.metrics.equals(report.metrics)
    assert str(moved) == str(report)


def test_what_was_given_is_not_changed(world):
    y, p, _ = world(50)
    before = y.copy(), p.copy()
    evaluate_model(y, p, n_boot=5, n_sim=5)
    assert (y == before[0]).all()
    assert (p == before[1]).all()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1]), st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1))),
        min_size=1,
        max_size=12,
    )
)
def test_any_valid_input_gives_a_report(pairs):
    y, p = np.array(pairs, dtype=float).T
    report = evaluate_model(y, p, n_boot=4, n_sim=3, segments=pd.DataFrame({"s": y}), mrr=y)
    assert report.sentences()
    assert str(report)
    assert report._repr_html_()
    assert 0.0 <= report.metric("ece") <= 1.0


@pytest.mark.parametrize(
    ("y", "p"),
    [
        ([0], [0.3]),
        ([1], [1.0]),
        ([0] * 30, [0.0] * 30),
        ([1] * 30, [0.0] * 30),
        ([0, 1] * 15, [0.5] * 30),
        ([0, 1] * 15, [0.0, 1.0] * 15),
        ([0, 1] * 15, [1.0, 0.0] * 15),
        ([0, 0, 1], [1e-300, 0.5, 1.0]),
    ],
    ids=["one row", "one churner", "certain", "wrong", "constant", "perfect", "reversed", "tiny"],
)
def test_degenerate_input_gives_a_report(y, p):
    report = evaluate_model(y, p, n_boot=20, n_sim=10)
    assert report.metric("rows") == len(y)
    assert str(report)


def test_all_faults_of_all_columns_come_in_one_error():
    with pytest.raises(SchemaError) as caught:
        evaluate_model(
            [0, 2], [0.5, 1.5], customer_id=["a", None], mrr=[1.0], segments=pd.DataFrame({"s": [1]})
        )
    faults = "\n".join(caught.value.faults)
    for part in ("y: expected 0 or 1", "p: expected prob", "customer_id", "mrr: 1, segments: 1"):
        assert part in faults


def test_a_single_number_for_a_column_is_refused():
    with pytest.raises(SchemaError, match="mrr: expected one entry per row, got float"):
        evaluate_model([0, 1], [0.5, 0.5], mrr=5.0)


@pytest.mark.parametrize("settings", [{"n_boot": -1}, {"n_sim": -1}])
def test_negative_settings_are_refused(settings):
    with pytest.raises(SchemaError, match="expected between 0 and inf, got -1"):
        evaluate_model([0, 1], [0.5, 0.5], **settings)


@pytest.mark.slow
def test_a_million_rows_stay_within_memory_and_patience(world):
    y, p, _ = world(1_000_000, seed=1)
    report = evaluate_model(y, p, n_boot=20, n_sim=10)
    assert report.metric("rows") == 1_000_000
    assert report.metric("calibration_slope") == pytest.approx(1.0, abs=0.01)
    low, high = (report.metrics.set_index("metric").loc["roc_auc", end] for end in ("low", "high"))
    assert low < report.metric("roc_auc") < high
