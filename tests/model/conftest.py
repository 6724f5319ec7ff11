from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.model.columns import encode_table, learn_columns
from churnhealth.model.folds import customer_groups
from churnhealth.model.training import TrainingRows


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., TrainingRows]:
    """Training rows of a table, in groups of customers."""

    def build(
        frame: pd.DataFrame,
        y: np.ndarray,
        *,
        customers: np.ndarray | None = None,
        monotone: tuple[int, ...] = (),
    ) -> TrainingRows:
        columns = learn_columns(frame)
        matrix = encode_table(frame, columns).matrix
        groups = customer_groups(y, customers, seed=0)
        assert groups is not None
        return TrainingRows(matrix, y, np.ones(len(y)), columns, groups, customers, monotone)

    return build
