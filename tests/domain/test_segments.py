"""Touch model, lifecycle stage, tenure band: pandas and SQL say the same."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from churnhealth.domain.cohort import CohortFilter
from churnhealth.domain.segments import LifecycleStages, TouchModel, band_names, tenure_band
from churnhealth.errors import ConfigError
from churnhealth.labels.cohort_sql import (
    cohort_condition,
    lifecycle_expression,
    tenure_band_expression,
    touch_expression,
)

MODEL = TouchModel(high_from=5000, low_from=500, plans={"Trial": "tech_touch", "VIP": "high_touch"})
FRAME = pd.DataFrame(
    {
        "mrr": [5000.0, 4999.0, 500.0, 499.0, 0.0, None, 9000.0, 1.0],
        "plan": ["Pro", "Pro", "Pro", "Pro", None, "Pro", "Trial", "VIP"],
        "tenure": [0.0, 89.0, 90.0, 364.0, 365.0, None, 729.0, 730.0],
        "renewal": [10.0, 10.0, 90.0, 91.0, None, 5.0, 0.0, -1.0],
    }
)


def in_sql(expression: str) -> list[object]:
    frame = FRAME.reset_index()
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        rows = connection.sql(f'SELECT {expression} FROM frame ORDER BY "index"').fetchall()
    return [row[0] for row in rows]


def plain(values: pd.Series) -> list[object]:
    return [None if pd.isna(one) else one for one in values]


def test_touch_comes_from_the_plan_where_named_else_from_mrr() -> None:
    expected = ["high_touch", "low_touch", "low_touch", "tech_touch", "tech_touch", None]
    expected += ["tech_touch", "high_touch"]
    assert plain(MODEL.of(FRAME["mrr"], FRAME["plan"])) == expected
    assert in_sql(touch_expression(MODEL, "mrr", "plan")) == expected


def test_touch_may_come_from_the_plan_alone() -> None:
    found = plain(MODEL.of(plan=FRAME["plan"]))
    assert found == in_sql(touch_expression(MODEL, plan="plan"))
    assert found == [None] * 6 + ["tech_touch", "high_touch"]
    assert in_sql(touch_expression(TouchModel(plans={"a": "low_touch"}), mrr="mrr")) == [None] * 8


def test_the_lifecycle_goes_by_tenure_and_renewal() -> None:
    expected = ["onboarding", "onboarding", "renewal", "adoption", "established", None]
    expected += ["renewal", "established"]
    stages = LifecycleStages()
    assert plain(stages.of(FRAME["tenure"], FRAME["renewal"])) == expected
    assert in_sql(lifecycle_expression(stages, "tenure", "renewal")) == expected


def test_without_renewals_the_lifecycle_goes_by_tenure_alone() -> None:
    stages = LifecycleStages(renewal_days=0)
    found = plain(stages.of(FRAME["tenure"], FRAME["renewal"]))
    assert found == plain(stages.of(FRAME["tenure"])) == in_sql(lifecycle_expression(stages, "tenure"))
    assert "renewal" not in found


def test_a_tenure_band_begins_with_its_first_day() -> None:
    expected = ["0-89 days", "0-89 days", "90-364 days", "90-364 days", "365-729 days", None]
    expected += ["365-729 days", "730+ days"]
    assert plain(tenure_band(FRAME["tenure"])) == expected
    assert in_sql(tenure_band_expression("tenure")) == expected
    assert plain(tenure_band(pd.Series([-1.0, 0.0]))) == [None, "0-89 days"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TouchModel(), "expected high_from and low_from"),
        (lambda: TouchModel(high_from=5.0), "together, got one"),
        (lambda: TouchModel(high_from=5.0, low_from=5.0), "low_from < high_from"),
        (lambda: TouchModel(plans={"a": "no touch"}), "plan 'a': expected one of 'high_touch'"),
        (lambda: MODEL.of(), "expected mrr or plan, got neither"),
        (lambda: LifecycleStages(onboarding_days=400), "onboarding_days < adoption_days"),
        (lambda: band_names((90, 30)), "expected rising days above 0"),
        (lambda: band_names(()), "expected rising days above 0"),
    ],
)
def test_segments_that_cannot_be_are_refused(make, message) -> None:
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("mrr >= 500", [0, 1, 2, 6]),
        ("mrr < 500 and mrr > 0", [3, 7]),
        ("plan = 'Pro' and mrr >= 500", [0, 1, 2]),
        ("plan != 'Pro'", [6, 7]),
        ("plan in ('VIP', 'Trial')", [6, 7]),
        ("plan not in ('Pro')", [6, 7]),
        ("", list(range(8))),
    ],
)
def test_pandas_and_sql_find_the_same_cohort(text, rows) -> None:
    cohort = CohortFilter.parse(text)
    assert [int(row) for row in FRAME.index[cohort.mask(FRAME)]] == rows
    found = in_sql(f"CASE WHEN {cohort_condition(cohort, 'frame')} THEN 1 ELSE 0 END")
    assert [row for row, inside in enumerate(found) if inside] == rows
