from __future__ import annotations

import numpy as np
import pytest

from churnhealth.jobs.score_tables import _ranks, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (np.float64(2.5), "2.5"),
        (np.bool_(True), "true"),  # noqa: FBT003
        ("  as it is ", "  as it is "),
        (None, None),
    ],
)
def test_values_are_written_in_the_shortest_form_that_reads_back(
    value: object, text: str | None
) -> None:
    assert value_text(value) == text


def test_ranks_are_unique_and_ties_go_by_customer_id() -> None:
    import pandas as pd

    ranks = _ranks(np.array([0.2, 0.9, 0.2]), pd.Series(["b", "c", "a"]))
    assert ranks.tolist() == [3, 1, 2]
