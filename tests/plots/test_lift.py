from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import SchemaError
from churnhealth.evaluate.lift import LIFT_WITH_INTERVALS
from churnhealth.evaluate.profit import PROFIT_COLUMNS
from churnhealth.plots import lift
from churnhealth.plots.lift import lift_by_capacity, profit_by_capacity

TABLE = pd.DataFrame(
    {
        "share": [0.1, 0.2],
        "customers": [10, 20],
        "lift": [4.0, 2.5],
        "lift_low": [3.0, 2.0],
        "lift_high": [5.0, 3.0],
        "captured_churners": [0.4, 0.5],
        "captured_churners_low": [0.3, 0.4],
        "captured_churners_high": [0.5, 0.6],
        "captured_mrr": [0.2, 0.6],
        "captured_mrr_low": [0.1, 0.5],
        "captured_mrr_high": [0.3, 0.7],
    }
)


def test_the_columns_are_those_of_the_tables() -> None:
    assert {column.name for column in lift._NEEDED} <= set(LIFT_WITH_INTERVALS)
    assert {column.name for column in lift._PROFIT} <= set(PROFIT_COLUMNS)


def test_captured_shares_and_lift_stand_side_by_side(rows_of: Any) -> None:
    rows = [row for row in rows_of(lift_by_capacity(TABLE)) if "low" in row]
    by_what = {of: [row["value"] for row in rows if row.get("of") == of] for of in ("churners", None)}
    assert by_what == {"churners": [0.4, 0.5], None: [4.0, 2.5]}
    assert [row["value"] for row in rows if row.get("of") == "churned MRR"] == [0.2, 0.6]


def test_intervals_of_both_can_be_seen_at_one_share(marks: Any) -> None:
    captured = marks(lift_by_capacity(TABLE), "symbol")[:4]
    churners, mrr = captured[:2], captured[2:]
    assert [mark["x"] - other["x"] for mark, other in zip(mrr, churners, strict=True)] == [6, 6]


def test_profit_is_a_line_over_the_customers_contacted(rows_of: Any, marks: Any) -> None:
    table = pd.DataFrame(
        {
            "capacity": [0, 10],
            "contacted": [0, 10],
            "churners": [0.0, 3.0],
            "profit": [0.0, 500.0],
            "low": [np.nan, np.nan],
            "high": [np.nan, np.nan],
        }
    )
    chart = profit_by_capacity(table, "JPY", language="ja")
    assert "利益（JPY）" in str(chart.to_dict())
    assert {row["low"] for row in rows_of(chart) if "low" in row} == {None}
    assert len(marks(chart, "symbol")) == 2


def test_all_faults_are_told_at_once() -> None:
    wrong = TABLE.drop(columns="lift").assign(share=[10.0, 20.0], customers=["a", "b"])
    with pytest.raises(SchemaError) as caught:
        lift_by_capacity(wrong.rename(columns={"captured_mrr": "captured_mmr"}))
    told = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 4
    for part in ("'lift'", "did you mean 'captured_mmr'?", "share: expected 0 to 1", "whole numbers"):
        assert part in told
