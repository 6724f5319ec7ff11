from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from churnhealth.domain.indicators import Indicator
from churnhealth.explain.alike import written_alike
from churnhealth.explain.phrases import Fact, phrase, segment_phrase

UNITS = ("", "days", "logins", "points", "days ago", "share", "change", "ratio", "yes/no", "JPY/month")
UNITS += ("USD", "events/user", "logins/day/day", "flag", "currency")


@given(
    value=st.one_of(
        st.floats(-1e6, 1e6), st.floats(-1.2, 1.2), st.floats(9, 11), st.decimals(0, 120, places=3)
    ).map(float),
    unit=st.sampled_from(UNITS),
    low=st.sampled_from([0.0, 0.12, 12.3, 99.96]),
)
@example(value=99.96, unit="days", low=0.0)
@example(value=0.0995, unit="share", low=0.0)
@example(value=0.9999, unit="share", low=0.0)
@example(value=12.25, unit="points", low=0.0)
@example(value=12.3499, unit="points", low=12.32)
@example(value=1e-5, unit="share", low=0.0)
def test_a_number_and_the_one_written_alike_read_the_same(value: float, unit: str, low: float) -> None:
    span = (low, 100.0)
    alike = float(written_alike(np.array([value]), unit, span)[0])
    indicator = Indicator("x", unit=unit)
    for typical in (None, 12.3, 0.5):
        for language in ("en", "ja"):
            ends = [
                phrase(Fact(indicator, one, typical, range=span), language) for one in (value, alike)
            ]
            assert ends[0] == ends[1]
    assert segment_phrase(Fact(indicator, value), "en") == segment_phrase(Fact(indicator, alike), "en")


@pytest.mark.parametrize(
    ("unit", "low", "high", "most"),
    # Tenths from 20.0 to 80.0, whole percent from 20 to 90, whole numbers from 100 to 500.
    [("points", 20, 80, 601), ("share", 0.2, 0.9, 71), ("logins", 100, 500, 401)],
)
def test_few_numbers_are_left_of_many(unit: str, low: float, high: float, most: int) -> None:
    many = np.random.default_rng(0).uniform(low, high, 100_000)
    assert len(np.unique(written_alike(many, unit))) == most


def test_missing_values_stay_missing() -> None:
    assert np.isnan(written_alike(np.array([np.nan]), "days", (0.0, 1.0))).all()
    assert np.isnan(written_alike(np.array([np.nan]), "share")).all()
