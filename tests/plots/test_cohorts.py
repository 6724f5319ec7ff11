from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from churnhealth.plots.cohorts import retention_cohorts

TABLE = pd.DataFrame(
    {
        "cohort": [dt.date(2026, 2, 1), dt.date(2026, 1, 1), dt.date(2026, 1, 1)],
        "period": [0, 1, 0],
        "customers": [5, 4, 4],
        "retained": [5, 3, 4],
        "retention": [1.0, 0.75, 1.0],
    }
)


def test_cohorts_go_down_by_month_and_periods_to_the_right(marks: Any) -> None:
    cells = {one["text"]: one for one in marks(retention_cohorts(TABLE.iloc[1:]), "text")}
    assert cells["100"]["x"] < cells["75"]["x"]
    assert cells["100"]["y"] == cells["75"]["y"]
    both = marks(retention_cohorts(TABLE), "rect")
    assert len(both) == 3
    assert len({one["y"] for one in both}) == 2


def test_cohorts_are_called_by_month_and_size(rows_of: Any) -> None:
    for language, told in (
        ("en", ["Jan 2026 (4)", "Feb 2026 (5)"]),
        ("ja", ["2026/01 (4)", "2026/02 (5)"]),
    ):
        rows = rows_of(retention_cohorts(TABLE, language=language))
        assert list(dict.fromkeys(row["start"] for row in rows)) == told


def test_two_years_and_more_keep_the_numbers_for_the_tooltips(marks: Any) -> None:
    wide = pd.DataFrame(
        {"cohort": "2024-01-01", "period": range(30), "customers": 9, "retained": 9, "retention": 1.0}
    )
    chart = retention_cohorts(wide)
    assert not marks(chart, "text")
    assert len(marks(chart, "rect")) == 30
