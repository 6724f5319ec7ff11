import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnhealth.errors import SchemaError
from churnhealth.evaluate.discrimination import roc_auc
from churnhealth.evaluate.lift import lift_with_intervals
from churnhealth.evaluate.loss import log_loss
from churnhealth.evaluate.reliability import reliability_table
from churnhealth.evaluate.report import evaluate_model
from churnhealth.evaluate.segments import calibration_by_segment


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
    whose = {"customer_id": given["customer_id"]}
    assert report.reliability.equals(reliability_table(y, p, **whose))
    lift = lift_with_intervals(y, p, mrr=given["mrr"], n=50, **whose)
    assert report.lift.equals(lift)
    assert report.by_segment.equals(calibration_by_segment(y, p, given["segments"], **whose))
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
    for part in ("300 customers in 600 rows", "roc_auc", "band_low", "captured_mrr", "verdict"):
        assert part in text
    assert re.search(r"\nrows +600 ", text)
    assert max(map(len, text.splitlines())) < 125


def test_tables_without_rows_are_not_shown(calibrated):
    report = evaluate_model(*calibrated[:2], n_boot=0, n_sim=0)
    assert report.by_segment.empty
    assert report.groups.empty
    for title in ("Calibration by segment", "indicator group"):
        assert title not in str(report)
        assert title not in report._repr_html_()


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


def test_with_indicators_and_a_score_function_the_report_says_what_groups_add(world):
    y, p, _ = world(800, seed=2)
    X = pd.DataFrame({"logins": p, "nps": np.arange(800.0)})
    report = evaluate_model(
        y, p, indicators=X, score=lambda table: table["logins"].to_numpy(), n_boot=30, n_sim=5
    )
    verdicts = report.groups.set_index("indicator_group")["verdict"].to_dict()
    assert verdicts == {"usage": "helps", "satisfaction": "not shown"}
    assert "indicator_group" in str(report)
    assert report.sentences()[-1] == "No contribution that these data could show: satisfaction."


def test_a_score_function_needs_its_indicators():
    with pytest.raises(SchemaError, match="indicators: expected those that `score` is to be asked with"):
        evaluate_model([0, 1], [0.5, 0.5], score=lambda table: table["x"].to_numpy())


def test_indicators_of_another_length_are_refused():
    with pytest.raises(SchemaError, match="equal length, got y: 2, p: 2, indicators: 1"):
        evaluate_model([0, 1], [0.5, 0.5], indicators=pd.DataFrame({"x": [1]}))


def test_the_floors_rise_where_rows_of_a_customer_are_one_draw(world):
    y, p, _ = world(150, seed=3)
    y, p, whose = np.tile(y, 6), np.tile(p, 6), np.tile(np.arange(150), 6)
    alone = evaluate_model(y, p, n_boot=0)
    together = evaluate_model(y, p, customer_id=whose, n_boot=0)
    # Six copies of a row are no more than one row: its floor is about sqrt(6) = 2.4 times as high.
    single = evaluate_model(y[:150], p[:150], n_boot=0)
    assert together.metric("row_dependence") == pytest.approx(1.0)
    for name in ("ece_floor_95", "ici_floor_95"):
        assert together.metric(name) > 1.6 * alone.metric(name)
        assert together.metric(name) == pytest.approx(single.metric(name), rel=0.35)
    assert "widened" in together.sentences()[1]


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
