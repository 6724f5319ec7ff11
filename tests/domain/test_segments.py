"""Segments: where each begins, kept as plain values, refused where it cannot be."""

from __future__ import annotations

import json

import pytest

from churnhealth.domain.catalogue import BUILT_IN
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.segments import Segments
from churnhealth.errors import ConfigError

WHOLE = Segments(
    high_touch_mrr=5000.0,
    low_touch_mrr=500.0,
    high_touch_plans=("VIP",),
    low_touch_plans=("Pro", "Team"),
    tenure_days=(30, 60),
)


def test_segments_survive_their_plain_values() -> None:
    values = json.loads(json.dumps(WHOLE.to_dict()))
    assert values["onboarding_days"] == 90
    assert Segments.from_dict(values) == WHOLE


def test_a_problem_keeps_its_cohort_and_segments() -> None:
    problem = ChurnProblem(cohort="mrr>=500", segments=WHOLE)
    values = json.loads(json.dumps(problem.to_dict()))
    assert values["cohort"] == "mrr >= 500"
    assert ChurnProblem.from_dict(values) == problem
    assert not {"cohort", "segments"} & set(ChurnProblem().to_dict())


def test_a_cohort_that_cannot_be_read_is_no_problem_at_all() -> None:
    with pytest.raises(ConfigError, match="cohort: expected a value at the end"):
        ChurnProblem(cohort="mrr >=")


def test_a_plan_that_is_named_has_its_touch() -> None:
    assert WHOLE.plans == {"VIP": "high_touch", "Pro": "low_touch", "Team": "low_touch"}


def test_there_is_no_touch_model_before_something_is_said() -> None:
    assert [one.name for one in Segments().declared] == ["lifecycle_stage", "tenure_band"]
    assert WHOLE.declared[0].needs == ("plan", "mrr")
    assert Segments(high_touch_plans=("VIP",)).declared[0].needs == ("plan",)


def test_a_segment_is_an_indicator_with_words_in_two_languages() -> None:
    known = {one.name for one in BUILT_IN}
    for one in WHOLE.declared:
        assert one.indicator.group == "contract"
        assert one.indicator.label("en") != one.indicator.label("ja")
        assert {*one.needs, *one.uses} <= known
        assert one.name not in known


def test_bands_have_the_names_of_their_days() -> None:
    assert WHOLE.bands == ("0-29 days", "30-59 days", "60+ days")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"high_touch_mrr": 5.0}, "together, got one"),
        ({"high_touch_mrr": 5.0, "low_touch_mrr": 5.0}, "0 <= low_touch_mrr < high_touch_mrr"),
        ({"high_touch_plans": ("a",), "low_touch_plans": ("a",)}, "got 'a' under two"),
        ({"onboarding_days": 400}, "onboarding_days < adoption_days, got 400 and 365"),
        ({"renewal_days": -1}, "renewal_days of 0 or more, got -1"),
        ({"tenure_days": (90, 30)}, r"above 0 that rise, got \[90, 30\]"),
        ({"tenure_days": ()}, r"above 0 that rise, got \[\]"),
    ],
)
def test_segments_that_cannot_be_are_refused(values, message) -> None:
    with pytest.raises(ConfigError, match=message):
        Segments(**values)


def test_all_faults_come_in_one_error() -> None:
    with pytest.raises(ConfigError) as caught:
        Segments(renewal_days=-1, tenure_days=())
    assert len(str(caught.value).splitlines()) == 2
