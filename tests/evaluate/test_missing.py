from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.evaluate.missing import (
    MISSING_COLUMNS,
    coverage_line,
    coverage_warnings,
    missing_by_group,
)

THEN = {"logins": 0.0, "nps": 0.8, "csat": 0.6}
CATALOGUE = Catalogue()
SHARE = st.floats(0, 1)


def test_the_share_of_missing_is_told_by_group() -> None:
    now = {"logins": 0.0, "nps": 1.0, "csat": 0.6}
    table = missing_by_group(now, THEN, CATALOGUE, (1000, 10))
    assert tuple(table.columns) == MISSING_COLUMNS
    groups = table.set_index("indicator_group")
    # NPS 0.8 then and 1 now, CSAT 0.6 both times.
    assert groups.loc["satisfaction", "indicators"] == 2
    assert groups.loc["satisfaction", "missing_reference"] == pytest.approx(0.7)
    assert groups.loc["satisfaction", "missing_now"] == pytest.approx(0.8)
    assert groups.loc["usage", "missing_now"] == 0.0
    assert set(groups.index) == {"usage", "satisfaction"}


@pytest.mark.parametrize(
    ("now", "customers", "verdict"),
    [
        (0.75, 400, "warn"),
        (0.65, 400, "ok"),  # 0.05 more
        (0.2, 400, "ok"),  # less is missing
        # 1.96 sqrt(0.6 x 0.4 / 20) = 0.21 and more is chance among twenty
        (0.75, 20, "ok"),
    ],
)
def test_a_group_warns_where_more_is_missing_than_the_threshold_and_chance(
    now: float, customers: int, verdict: str
) -> None:
    table = missing_by_group({"nps": now}, {"nps": 0.6}, CATALOGUE, (10_000, customers))
    assert table["verdict"].tolist() == [verdict]
    assert len(coverage_warnings(table)) == (verdict == "warn")


def test_an_indicator_that_was_not_there_then_is_not_compared() -> None:
    table = missing_by_group({"nps": 0.6, "csat": 1.0}, {"nps": 0.6}, CATALOGUE, (500, 500))
    assert table["verdict"].tolist() == ["ok"]
    assert table["missing_now"].tolist() == pytest.approx([0.8])
    new = missing_by_group({"nps": 0.6}, {}, CATALOGUE)
    assert new["verdict"].tolist() == ["unknown"]
    assert np.isnan(new["missing_reference"].iloc[0])


def test_the_line_tells_the_least_known_group_first_and_warnings_name_both_times() -> None:
    table = missing_by_group({"logins": 0.0, "nps": 0.85}, THEN | {"nps": 0.5}, CATALOGUE, (500, 500))
    assert coverage_line(table) == "known values by group: satisfaction 15%, usage 100%"
    (said,) = coverage_warnings(table)
    assert said.en == "satisfaction: 85% of the values are missing, 50% in the training data"
    assert said.ja == "satisfaction：値の85%が欠損（学習時は50%）"
    nothing = missing_by_group({}, {}, CATALOGUE)
    assert (len(nothing), coverage_line(nothing), coverage_warnings(nothing)) == (0, "", ())


@given(SHARE, SHARE, st.floats(0.01, 1))
def test_a_smaller_threshold_never_warns_less(now: float, then: float, threshold: float) -> None:
    def warns(at: float) -> bool:
        table = missing_by_group({"nps": now}, {"nps": then}, CATALOGUE, (300, 300), warn_missing=at)
        return table["verdict"].tolist() == ["warn"]

    assert warns(threshold / 2) >= warns(threshold)
    assert not (warns(threshold) and now <= then)


@pytest.mark.parametrize("threshold", [0.0, 1.5, float("nan")])
def test_a_threshold_that_is_no_share_is_refused(threshold: float) -> None:
    with pytest.raises(SchemaError, match="warn_missing"):
        missing_by_group({"nps": 0.5}, {}, CATALOGUE, warn_missing=threshold)
