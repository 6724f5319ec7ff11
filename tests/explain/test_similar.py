from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.explain.similar import positions_of, same_segment, segment_numbers


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"plan": ["Pro", None, "Pro", None], "region": ["JP", "JP", "US", "JP"]},
        index=["C10", "C11", "C12", "C13"],
    )


def test_an_unknown_customer_is_told_with_the_nearest_id(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaError) as raised:
        positions_of(rows, ["C10", "C110", "Z"])
    assert raised.value.faults == (
        "no row for customer 'C110' (did you mean 'C11'?); 4 have one",
        "no row for customer 'Z'; 4 have one",
    )


def test_positions_come_in_the_order_asked(rows: pd.DataFrame) -> None:
    assert positions_of(rows, ["C13", "C10"]).tolist() == [3, 0]
    assert positions_of(rows, []).tolist() == []
    assert positions_of(rows.set_axis([7, 8, 9, 10]), [9]).tolist() == [2]


def test_a_customer_with_two_rows_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match="several for 'C10'"):
        positions_of(rows.rename(index={"C12": "C10"}), ["C11"])


def test_a_segment_is_every_combination_of_values(rows: pd.DataFrame) -> None:
    assert segment_numbers(rows).tolist() == [0, 1, 2, 1]
    assert segment_numbers(rows[[]]).tolist() == [0, 0, 0, 0]


def test_missing_values_are_alike_and_a_customer_is_not_like_itself(rows: pd.DataFrame) -> None:
    assert same_segment(rows, "C11", ["plan", "region"]).tolist() == [False, False, False, True]
    assert same_segment(rows, "C10", ["plan", "region"]).sum() == 0
    assert same_segment(rows, "C10", []).tolist() == [False, True, True, True]


def test_an_unknown_column_is_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match=r"no column 'plans' \(did you mean 'plan'\?\)"):
        same_segment(rows, "C10", ["plans"])
