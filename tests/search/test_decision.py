"""When are found options better than the defaults, and not only lucky?"""

from __future__ import annotations

import pandas as pd
import pytest

from churnhealth.model.options import TrainingOptions
from churnhealth.search.decision import decide, default_loss, luck_of_the_best

DEFAULT = {
    **TrainingOptions().to_flat(),
    "state": "complete",
    "log_loss": 0.4,
    "gain": 0.0,
    "standard_error": 0.0,
}


def trials(*others: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([DEFAULT, *({**DEFAULT, **one} for one in others)])


def knots(count: int, gain: float, error: float = 0.01, **more: object) -> dict[str, object]:
    found = {"spline_knots": count, "log_loss": 0.4 - gain, "gain": gain, "standard_error": error}
    return {**found, **more}


def test_one_set_of_options_needs_three_quarters_of_a_standard_error() -> None:
    assert not decide(trials(knots(6, 0.0074)), "time", 3).found
    result = decide(trials(knots(6, 0.0076)), "time", 3)
    assert result.found
    assert result.options == TrainingOptions(spline_knots=6)
    assert "on 3 inner windows of later time" in result.reason
    assert "more than chance: spline_knots 6." in result.reason


def test_the_best_of_many_needs_more_also_of_those_given_up() -> None:
    # Blom for five tries: z((5 - 0.375) / 5.25) = z(0.88095) = 1.180; 0.75 + 1.18 = 1.93.
    assert luck_of_the_best(5) == pytest.approx(1.1798, abs=1e-3)
    rest = [knots(at, -0.01) for at in (1, 2)] + [knots(at, 0.0, state="pruned") for at in (7, 8)]
    assert not decide(trials(knots(6, 0.0192), *rest), "customers", 5).found
    result = decide(trials(*rest, knots(6, 0.0194)), "customers", 5)
    assert result.options.spline_knots == 6
    assert "tried 5 sets of options on 5 inner folds of customers" in result.reason


def test_the_lowest_loss_is_taken_not_the_surest_gain() -> None:
    sure, large = knots(5, 0.05, 0.001), knots(6, 0.06, 0.01)
    assert decide(trials(sure, large), "customers", 5).options.spline_knots == 6


@pytest.mark.parametrize(
    "others", [[], [knots(6, 0.1, state="failed")], [knots(6, 0.1, state="pruned")], [{}]]
)
def test_without_a_rival_the_defaults_are_kept_and_that_is_said(others: list[dict]) -> None:
    result = decide(trials(*others), "customers", 5)
    assert (result.options, result.found) == (TrainingOptions(), False)
    assert "judged no options but the defaults" in result.reason


def test_options_that_lose_are_not_taken_even_without_noise() -> None:
    result = decide(trials(knots(6, -0.01, 0.0)), "customers", 5)
    assert not result.found
    assert "may be chance: the default options are kept" in result.reason
    assert not decide(trials(knots(6, 0.0, 0.0)), "customers", 5).found


def test_no_trials_at_all_keep_the_defaults() -> None:
    empty = trials().iloc[:0]
    assert decide(empty, "customers", 5).options == TrainingOptions()
    assert default_loss(empty) != default_loss(empty)  # NaN
    assert default_loss(trials(knots(6, 0.1))) == 0.4
