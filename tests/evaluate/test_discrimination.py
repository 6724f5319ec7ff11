import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from churnhealth.errors import SchemaError
from churnhealth.evaluate.counts import Counts, count_rows
from churnhealth.evaluate.discrimination import (
    auc_of_counts,
    average_precision,
    average_precision_of_counts,
    in_top,
    lift_of_counts,
    lift_table,
    roc_auc,
)

levels = st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.50001, 0.9, 1.0])
pairs_of_both_classes = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), levels), min_size=2, max_size=40
).filter(lambda pairs: len({y for y, _ in pairs}) == 2)


# Pairs (churner, stayer): 0.35 > 0.1, 0.35 < 0.4, 0.8 > 0.1, 0.8 > 0.4: 3 of 4.
def test_auc_counts_the_pairs_in_the_right_order():
    assert roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == 0.75


def test_auc_of_a_constant_prediction_is_one_half():
    assert roc_auc([0, 1, 1], [0.3, 0.3, 0.3]) == 0.5


def test_a_perfect_order_has_auc_and_average_precision_1():
    assert roc_auc([0, 0, 1], [0.1, 0.2, 0.3]) == 1.0
    assert average_precision([0, 0, 1], [0.1, 0.2, 0.3]) == 1.0


# Churners are found at ranks 1 and 3: (1 / 1 + 2 / 3) / 2.
def test_average_precision_is_the_mean_precision_at_each_churner():
    assert average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("measure", [roc_auc, average_precision])
@pytest.mark.parametrize("y", [[0, 0], [1, 1]])
def test_one_class_has_no_ranking(measure, y):
    assert np.isnan(measure(y, [0.2, 0.4]))


@pytest.mark.parametrize("measure", [roc_auc, average_precision])
def test_rows_of_weight_0_do_not_count_as_a_class(measure):
    assert np.isnan(measure([0, 1], [0.2, 0.4], sample_weight=[1, 0]))


def test_auc_with_weights_is_auc_with_repetitions():
    weighted = roc_auc([1, 0, 1, 0], [0.9, 0.5, 0.4, 0.4], sample_weight=[1, 3, 2, 1])
    assert weighted == pytest.approx(roc_auc([1, 0, 0, 0, 1, 1, 0], [0.9, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4]))


@settings(max_examples=40)
@given(pairs_of_both_classes)
def test_counts_give_what_scikit_learn_gives(pairs):
    y, p = np.array(pairs).T
    counts = count_rows(y, p)
    assert auc_of_counts(counts) == pytest.approx(metrics.roc_auc_score(y, p))
    assert average_precision_of_counts(counts) == pytest.approx(metrics.average_precision_score(y, p))


def test_empty_cells_do_not_disturb_the_counts():
    counts = Counts(np.array([0.1, 0.5, 0.9]), np.array([1.0, 2.0, 0.0]), np.array([2.0, 1.0, 0.0]))
    fewer = Counts(np.array([0.1, 0.5]), np.array([1.0, 2.0]), np.array([2.0, 1.0]))
    assert average_precision_of_counts(counts) == average_precision_of_counts(fewer)
    assert auc_of_counts(counts) == auc_of_counts(fewer)
    assert lift_of_counts(counts, 0.5) == lift_of_counts(fewer, 0.5)


def test_one_class_in_the_counts_has_no_ranking():
    nobody = Counts(np.array([0.1]), np.zeros(1), np.ones(1))
    assert np.isnan(auc_of_counts(nobody))
    assert np.isnan(average_precision_of_counts(nobody))
    assert np.isnan(lift_of_counts(nobody, 0.1))


# 10 rows, churners at ranks 1, 2 and 6; base rate 0.3; MRR of the churners 50, 30, 20.
def test_lift_table_by_hand():
    p = np.linspace(1.0, 0.1, 10)
    y = [1, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    mrr = [50, 30, 5, 5, 5, 20, 5, 5, 5, 5]
    table = lift_table(y, p, shares=[0.1, 0.5, 1.0], mrr=mrr)
    assert table["customers"].tolist() == [1, 5, 10]
    assert table["churners"].tolist() == [1, 2, 3]
    assert table["churn_rate"].tolist() == [1.0, 0.4, 0.3]
    assert table["lift"].tolist() == pytest.approx([1 / 0.3, 0.4 / 0.3, 1.0])
    assert table["captured_churners"].tolist() == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert table["captured_mrr"].tolist() == pytest.approx([0.5, 0.8, 1.0])


# One row at 0.9, then four tied at 0.5, two of which churned: taking three rows takes the first and
# two of the four, in expectation one churner.
def test_ties_give_the_expected_value():
    table = lift_table([0, 1, 0, 1, 0], [0.9, 0.5, 0.5, 0.5, 0.5], shares=[0.6])
    assert table["churners"].tolist() == [1.0]


def test_ties_give_the_mean_over_all_orders():
    y, taken = [1, 0, 0, 1, 0], 2
    orders = list(itertools.permutations(y))
    mean = np.mean([sum(order[:taken]) for order in orders])
    assert lift_table(y, [0.5] * 5, shares=[0.4])["churners"].iloc[0] == pytest.approx(mean)


@settings(max_examples=30)
@given(pairs_of_both_classes, st.integers(0, 10))
def test_the_lift_table_does_not_depend_on_the_order_of_rows(pairs, seed):
    y, p = np.array(pairs).T
    order = np.random.default_rng(seed).permutation(y.size)
    mrr = np.arange(y.size) + 1.0
    ours, theirs = lift_table(y, p, mrr=mrr), lift_table(y[order], p[order], mrr=mrr[order])
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy())


@given(pairs_of_both_classes, st.floats(0, 1), st.floats(0, 1))
def test_more_rows_never_hold_fewer_churners(pairs, one, other):
    counts = count_rows(*np.array(pairs).T)
    fewer, more = sorted([one, other])
    assert (
        in_top(counts, counts.churned, fewer * counts.rows)
        <= in_top(counts, counts.churned, more * counts.rows) + 1e-9
    )


def test_shares_are_rounded_half_up_and_take_at_least_one_row():
    table = lift_table([1, 0, 0, 0, 0], [0.9, 0.4, 0.3, 0.2, 0.1], shares=[0.0, 0.1, 0.3, 0.49])
    # 0 -> 1, 0.5 -> 1, 1.5 -> 2, 2.45 -> 2
    assert table["customers"].tolist() == [1, 1, 2, 2]


def test_without_churners_lift_is_not_defined():
    table = lift_table([0, 0], [0.2, 0.1], mrr=[1.0, 1.0])
    assert table["churn_rate"].tolist() == [0.0] * 3
    assert table[["lift", "captured_churners", "captured_mrr"]].isna().all(axis=None)


def test_without_mrr_no_mrr_is_captured():
    assert lift_table([1, 0], [0.2, 0.1])["captured_mrr"].isna().all()


# Known churned MRR: 10 and 30; the riskiest holds 10 of 40.
def test_unknown_mrr_is_left_out():
    table = lift_table([1, 1, 1, 0], [0.9, 0.8, 0.7, 0.1], shares=[0.25], mrr=[10, None, 30, 5])
    assert table["captured_mrr"].iloc[0] == 0.25
    assert table["churners"].iloc[0] == 1


@pytest.mark.parametrize(
    ("keywords", "fault"),
    [
        ({"shares": [0.1, 1.5]}, r"shares\[1\]: expected between 0 and 1, got 1.5"),
        ({"mrr": [1.0]}, "expected columns of equal length, got y: 2, p: 2, mrr: 1"),
        ({"mrr": [1.0, -1.0]}, "mrr: expected finite amounts of 0 or more"),
    ],
)
def test_bad_input_is_refused(keywords, fault):
    with pytest.raises(SchemaError, match=fault):
        lift_table([1, 0], [0.2, 0.1], **keywords)
