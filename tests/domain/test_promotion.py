from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.promotion import decide_promotion

loss = st.floats(0.001, 1.0)


def test_the_first_model_must_beat_the_base_rate() -> None:
    assert decide_promotion(0.40, base_rate=0.50).decision == "promoted"
    assert decide_promotion(0.50, base_rate=0.50).decision == "kept"
    assert decide_promotion(math.nan, base_rate=0.50).decision == "kept"


def test_a_challenger_replaces_a_champion_only_when_it_is_not_worse() -> None:
    assert decide_promotion(0.40, base_rate=0.50, champion=0.41).decision == "promoted"
    assert decide_promotion(0.40, base_rate=0.50, champion=0.40).decision == "promoted"
    assert decide_promotion(0.41, base_rate=0.50, champion=0.40).decision == "kept"


def test_a_champion_that_cannot_be_judged_is_kept_with_the_reason() -> None:
    verdict = decide_promotion(0.40, base_rate=0.50, champion_fault="no indicator 'nps'.")
    assert verdict.decision == "kept"
    assert verdict.reasons[-1].endswith("no indicator 'nps'.")


@given(loss, loss, st.one_of(st.none(), loss))
def test_nothing_worse_than_the_base_rate_is_ever_promoted(
    challenger: float, base_rate: float, champion: float | None
) -> None:
    verdict = decide_promotion(challenger, base_rate, champion)
    assert verdict.reasons
    if verdict.decision == "promoted":
        assert challenger < base_rate
        assert champion is None or challenger <= champion
