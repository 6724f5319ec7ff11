"""Who has a value, per indicator and cutoff, against counts made by hand."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.domain.segments import Segments
from churnhealth.domain.sources import History, Source
from churnhealth.features.coverage import COVERAGE_COLUMNS, indicator_coverage
from churnhealth.features.source_sql import described

FEB, MAR = dt.date(2026, 2, 1), dt.date(2026, 3, 1)
NAMES = ("usage_events_28d", "usage_recency_days", "plan")
INDICATORS = [one for one in BUILT_IN if one.name in NAMES]
ROWS = """('a', TIMESTAMP '2026-02-01'), ('b', TIMESTAMP '2026-02-01'), ('a', TIMESTAMP '2026-03-01')"""
AT_RISK = [("at_risk", f"SELECT * FROM (VALUES {ROWS}) AS given(customer_id, cutoff)")]


@pytest.fixture
def coverage(open_runner) -> pd.DataFrame:
    # a was active in January only; the plan of b is not known.
    events = pd.DataFrame({"customer_id": ["a"], "occurred_at": [pd.Timestamp("2026-01-20")]})
    contracts = pd.DataFrame(
        {
            "subscription_id": ["a1", "b1"],
            "customer_id": ["a", "b"],
            "start_date": [dt.date(2026, 1, 1)] * 2,
            "end_date": pd.Series([None, None], dtype="datetime64[us]"),
            "plan": ["Pro", None],
            "valid_from": [pd.Timestamp("2026-01-01")] * 2,
        }
    )
    tables = {"usage_events": events, "subscriptions": contracts}
    sources = {
        name: Source(name, name, {column: column for column in frame.columns}, "UTC")
        for name, frame in tables.items()
    }
    runner = open_runner(tables)
    history = History(sources, "UTC")
    return indicator_coverage(
        runner, described(history, runner), INDICATORS, AT_RISK, [FEB, MAR], Segments()
    )


def test_a_value_that_is_0_is_a_value_and_told_apart(coverage) -> None:
    rows = coverage[coverage["indicator"] == "usage_events_28d"].set_index("cutoff")
    # On 1 February a has one event and b none; on 1 March a's is 40 days old.
    assert rows["customers"].to_dict() == {FEB: 2, MAR: 1}
    assert rows["with_value"].to_dict() == {FEB: 2, MAR: 1}
    assert rows["not_zero"].to_dict() == {FEB: 1, MAR: 0}


def test_what_is_missing_has_no_value(coverage) -> None:
    shares = coverage.set_index(["indicator", "cutoff"])["share"]
    assert shares["usage_recency_days", FEB] == 0.5
    assert shares["plan", FEB] == 0.5
    assert shares["plan", MAR] == 1.0


def test_segments_are_covered_too_and_the_worst_comes_first(coverage) -> None:
    assert tuple(coverage.columns) == COVERAGE_COLUMNS
    order = list(dict.fromkeys(coverage["indicator"]))
    # Mean of 0.5 and 1 for what one of two customers has, else 1; then by name.
    assert order[:2] == ["plan", "usage_recency_days"]
    assert set(order[2:]) == {"lifecycle_stage", "tenure_band", "usage_events_28d"}
