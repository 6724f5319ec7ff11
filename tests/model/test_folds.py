from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.model.folds import customer_groups, group_folds


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


@pytest.mark.parametrize(
    ("churners", "folds"), [(1, 0), (2, 2), (3, 3), (50, 10), (1999, 10), (2000, 5)]
)
def test_there_are_as_many_folds_as_churners_ten_at_most_and_five_for_thousands(
    churners: int, folds: int
) -> None:
    y = np.zeros(max(200, 3 * churners))
    y[:churners] = 1.0
    assert len(group_folds(customer_groups(y, None, seed=0))) == folds
