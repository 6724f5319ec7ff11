from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.folds import Moments, customer_groups, group_folds, later_folds
from churnhealth.model.training import TrainingRows


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., TrainingRows]:
    """Training rows of a table, in folds of customers, or of later windows when moments are given."""

    def build(
        frame: pd.DataFrame,
        y: np.ndarray,
        *,
        customers: np.ndarray | None = None,
        moments: Moments | None = None,
        monotone: tuple[int, ...] = (),
    ) -> TrainingRows:
        columns = learn_columns(frame)
        matrix = encode_table(frame, columns).matrix
        groups = customer_groups(y, customers, seed=0)
        folds = later_folds(y, groups, moments) if moments else group_folds(groups)
        assert groups is not None
        return TrainingRows(matrix, y, np.ones(len(y)), columns, groups, folds, customers, monotone)

    return build
