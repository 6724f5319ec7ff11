"""Touch model, lifecycle stage and tenure band by SQL, against values worked out by hand."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from churnhealth.domain.segments import Segments
from churnhealth.features.segments_sql import segment_expression

SEGMENTS = Segments(
    high_touch_mrr=5000, low_touch_mrr=500, high_touch_plans=("VIP",), low_touch_plans=("Trial",)
)
FRAME = pd.DataFrame(
    {
        "mrr": [5000.0, 4999.0, 500.0, 499.0, 0.0, None, 9000.0, 1.0],
        "plan": ["Pro", "Pro", "Pro", "Pro", None, "Pro", "Trial", "VIP"],
        "tenure_days": [0.0, 89.0, 90.0, 364.0, 365.0, None, 729.0, 730.0],
        "days_to_renewal": [10.0, 10.0, 90.0, 91.0, None, 5.0, 0.0, -1.0],
    }
)


def in_sql(name: str, segments: Segments = SEGMENTS, *without: str) -> list[object]:
    has = [column for column in FRAME.columns if column not in without]
    expression = segment_expression(name, segments, has, "frame")
    with duckdb.connect() as connection:
        connection.register("frame", FRAME.reset_index())
        rows = connection.sql(f'SELECT {expression} FROM frame ORDER BY "index"').fetchall()
    return [row[0] for row in rows]


def test_touch_comes_from_the_plan_where_named_else_from_mrr() -> None:
    expected = ["high_touch", "low_touch", "low_touch", "tech_touch", "tech_touch", None]
    assert in_sql("touch_model") == [*expected, "low_touch", "high_touch"]


def test_touch_may_come_from_the_plan_alone() -> None:
    segments = Segments(high_touch_plans=("VIP",))
    expected = ["tech_touch"] * 4 + [None, "tech_touch", "tech_touch", "high_touch"]
    assert in_sql("touch_model", segments, "mrr") == expected


def test_touch_may_come_from_mrr_alone() -> None:
    segments = Segments(high_touch_mrr=5000, low_touch_mrr=500)
    assert in_sql("touch_model", segments, "plan")[-3:] == [None, "high_touch", "tech_touch"]


def test_the_lifecycle_goes_by_tenure_and_renewal() -> None:
    expected = ["onboarding", "onboarding", "renewal", "adoption", "established", None]
    assert in_sql("lifecycle_stage") == [*expected, "renewal", "established"]


@pytest.mark.parametrize("renewal_days", [0, 90])
def test_without_renewals_the_lifecycle_goes_by_tenure_alone(renewal_days) -> None:
    found = in_sql("lifecycle_stage", Segments(renewal_days=renewal_days), "days_to_renewal")
    expected = ["onboarding", "onboarding", "adoption", "adoption", "established", None]
    assert found == [*expected, "established", "established"]


def test_a_tenure_band_begins_with_its_first_day() -> None:
    expected = ["0-89 days", "0-89 days", "90-364 days", "90-364 days", "365-729 days", None]
    assert in_sql("tenure_band") == [*expected, "365-729 days", "730+ days"]
