from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.model.folds import Moments, customer_groups, group_folds, later_folds


@given(st.integers(0, 1000), st.integers(12, 80), st.integers(2, 20))
def test_every_row_is_tested_once_and_no_customer_is_on_both_sides(
    seed: int, rows: int, customers: int
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, customers, rows)
    y = (rng.random(rows) < 0.4).astype(float)
    if len(np.unique(y)) < 2:
        y[:2] = [0.0, 1.0]
    folds = group_folds(customer_groups(y, codes, seed=seed))
    if not folds:
        return
    assert np.sum([fold.test for fold in folds], axis=0).tolist() == [1] * rows
    for fold in folds:
        assert not set(codes[fold.test]) & set(codes[fold.train])
        assert len(np.unique(y[fold.train])) == 2


@pytest.mark.parametrize(("churners", "folds"), [(1, 0), (2, 2), (3, 3), (50, 5)])
def test_there_are_as_many_folds_as_churners_and_at_most_five(churners: int, folds: int) -> None:
    y = np.zeros(200)
    y[:churners] = 1.0
    assert len(group_folds(customer_groups(y, None, seed=0))) == folds


def panel(cutoffs: int, customers: int, label_days: int) -> tuple[np.ndarray, np.ndarray, Moments]:
    """Each customer at each cutoff, 30 days apart; every fourth churns."""
    codes = np.tile(np.arange(customers), cutoffs)
    cutoff = np.repeat(np.arange(cutoffs) * 30, customers)
    return (codes % 4 == 0).astype(float), codes, Moments(cutoff, cutoff + label_days)


def test_later_rows_are_predicted_from_labels_that_were_known_before_and_other_customers() -> None:
    y, codes, moments = panel(8, 100, 60)
    folds = later_folds(y, customer_groups(y, codes, seed=0), moments)
    # Cutoffs 0, 30, ..., 210: quarters 120-150 and 180-210, five groups of customers each.
    assert len(folds) == 10
    for fold in folds:
        assert moments.known_at[fold.train].max() <= moments.cutoff[fold.test].min()
        assert not set(codes[fold.test]) & set(codes[fold.train])
    tested = np.sum([fold.test for fold in folds], axis=0)
    assert tested.tolist() == (moments.cutoff >= 120).astype(int).tolist()
    # Labels of 60 days are known at 120 for the cutoffs 0, 30, 60 and at 180 for those up to 120.
    assert sorted({int(moments.cutoff[fold.train].max()) for fold in folds}) == [60, 120]


@pytest.mark.parametrize(
    ("cutoffs", "customers", "label_days"),
    [(2, 100, 10), (8, 100, 10_000), (8, 12, 60)],
    ids=["two cutoffs", "no label is known before", "three churners"],
)
def test_without_enough_later_rows_there_are_no_later_folds(
    cutoffs: int, customers: int, label_days: int
) -> None:
    y, codes, moments = panel(cutoffs, customers, label_days)
    assert later_folds(y, customer_groups(y, codes, seed=0), moments) == ()


def test_a_quarter_without_churners_is_left_out() -> None:
    y, codes, moments = panel(8, 100, 60)
    y[moments.cutoff >= 180] = 0.0
    folds = later_folds(y, customer_groups(y, codes, seed=0), moments)
    assert {int(moments.cutoff[fold.test].min()) for fold in folds} == {120}
