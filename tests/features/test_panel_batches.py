"""A table that comes in batches goes through the door as the whole table does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import SchemaError
from churnhealth.features.panel import Panel, PanelColumns
from churnhealth.features.panel_scoring import scoring_batches, scoring_panel
from churnhealth.features.table_batches import FrameBatches

COLUMNS = PanelColumns("customer_id", cutoff="cutoff", mrr="mrr", currency="JPY")
PROBLEM = ChurnProblem(timezone="Asia/Tokyo")


def table() -> pd.DataFrame:
    """Ten rows: c1 twice, one without id, one infinite, one of an older cutoff, one undated."""
    return pd.DataFrame(
        {
            "customer_id": ["c0", "c1", "c2", "c3", "c4", None, "c6", "c7", "c8", "c1"],
            "cutoff": ["2026-04-01"] * 7 + ["2026-01-01", None, "2026-04-01"],
            "logins": [1.0, 2, 3, np.inf, 5, 6, 7, 8, 9, 10],
            "mrr": [100.0] * 10,
        }
    )


def read(source: object, share: float = 1.0) -> list[Panel]:
    return list(scoring_batches(source, COLUMNS, PROBLEM, indicators=["logins"], max_reject_share=share))


@given(rows=st.integers(1, 12))
def test_batches_are_the_whole_panel_however_it_is_cut(rows: int) -> None:
    whole = scoring_panel(table(), COLUMNS, PROBLEM, indicators=["logins"], max_reject_share=1.0)
    parts = read(FrameBatches(table(), rows))
    X = pd.concat([one.X for one in parts], ignore_index=True)
    pd.testing.assert_frame_equal(X, whole.X)
    ids = [customer for one in parts for customer in one.customer_id]
    assert ids == whole.customer_id.tolist() == ["c0", "c2", "c4", "c6"]
    rejects = pd.concat([one.rejects for one in parts], ignore_index=True)
    pd.testing.assert_frame_equal(rejects, whole.rejects)
    # 10 rows less the one of January
    assert sum(one.rows_read for one in parts) == whole.rows_read == 9
    assert all(one.notes == whole.notes for one in parts)


def test_equal_rejected_rows_of_two_batches_have_hashes_of_their_own() -> None:
    frame = pd.concat([table().iloc[[0]], table().iloc[[3]], table().iloc[[3]]])
    parts = read(FrameBatches(frame.assign(customer_id=["c0", None, None]), 1))
    hashes = [one for part in parts for one in part.rejects["row_hash"]]
    assert len(set(hashes)) == 2


def test_too_many_rejects_are_told_after_the_last_batch() -> None:
    with pytest.raises(SchemaError, match="5 of 9 rows cannot be scored"):
        read(FrameBatches(table(), 2), share=0.5)


def test_money_that_is_no_number_is_found_by_its_row_in_the_whole_table() -> None:
    frame = table().astype({"mrr": object})
    frame.loc[6, "mrr"] = "much"
    with pytest.raises(SchemaError, match="row 7: 'much'"):
        read(FrameBatches(frame, 2))


class Growing(FrameBatches):
    """A table to which somebody adds a row between the two readings."""

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        yield from super().batches(columns)
        if columns is None:
            yield table().head(1).assign(customer_id="new")


def test_a_table_that_changes_while_it_is_read_is_refused() -> None:
    with pytest.raises(SchemaError, match="changed while it was read: 9 rows at first, then 10"):
        read(Growing(table(), 4))
