from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.errors import ConfigError
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.wiring import Workplace

INDICATORS = pd.DataFrame(
    {
        "region": ["east", "west"] * 20,
        "plan": ["A", None] * 20,
        "industry": np.arange(40).astype(str),
        "logins": np.arange(40),
    }
)


def test_the_usual_segments_are_taken_where_they_have_few_levels(workplace: Workplace) -> None:
    assert segment_columns(workplace.settings, INDICATORS) == ["plan", "region"]
    assert segment_columns(workplace.settings, INDICATORS[["logins"]]) == []


def test_declared_segments_are_taken_as_they_are(workplace: Workplace, reopened: Callable) -> None:
    declared = 'label = "churned"\nsegments = ["industry"]'
    changed = reopened(workplace, 'label = "churned"', declared)
    assert segment_columns(changed.settings, INDICATORS) == ["industry"]


def test_a_segment_that_is_no_indicator_is_refused(workplace: Workplace, reopened: Callable) -> None:
    changed = reopened(workplace, 'label = "churned"', 'label = "churned"\nsegments = ["regio"]')
    with pytest.raises(ConfigError, match=r"panel.segments: .* got 'regio' \(did you mean 'region'"):
        segment_columns(changed.settings, INDICATORS)
