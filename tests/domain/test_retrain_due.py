from __future__ import annotations

from dataclasses import replace

import pytest

from churnhealth.domain.monitor_words import CHECK_WORDS, STATUS_WORDS
from churnhealth.domain.retrain_due import ScoreEvidence, decide_retrain, is_due

FINE = ScoreEvidence(
    customers=1000,
    churners=52,
    predicted=50.0,
    low=33.0,
    high=69.0,
    ici=0.004,
    ici_floor=0.01,
    log_loss=0.18,
    log_loss_base_rate=0.2,
    level=0.99,
)


def statuses(
    scores: ScoreEvidence | None = FINE, drift: str = "ok", age: float | None = 30.0
) -> dict[str, str]:
    return {check.name: check.status for check in decide_retrain(scores, drift, (), age)}


def test_scores_that_came_true_call_for_nothing() -> None:
    checks = decide_retrain(FINE, "ok", (), 30.0)
    assert {check.status for check in checks} == {"ok"}
    assert not is_due(checks)
    assert "within what chance allows, 33 to 69 (99%)" in checks[0].reason_en
    assert "偶然の範囲（33〜69件、99%）の内です" in checks[0].reason("ja")


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"churners": 70}, "calibration_level"),
        ({"churners": 32}, "calibration_level"),
        ({"ici": 0.02}, "calibration_shape"),
        ({"log_loss": 0.2}, "log_loss"),
    ],
)
def test_each_fault_of_the_scores_is_a_reason_of_its_own(changed: dict, check: str) -> None:
    found = statuses(replace(FINE, **changed))
    assert [name for name, status in found.items() if status == "due"] == [check]


def test_the_ends_of_the_range_are_within_it() -> None:
    for churners in (33, 69):
        assert statuses(replace(FINE, churners=churners))["calibration_level"] == "ok"


def test_drift_is_a_reason_when_it_is_too_much_and_told_when_it_is_some() -> None:
    assert statuses(drift="stop")["drift"] == "due"
    assert statuses(drift="unknown")["drift"] == "unknown"
    some = decide_retrain(FINE, "warn", ("drifting: logins",), 30.0)[3]
    assert (some.status, some.reason()) == ("ok", "Some drift: drifting: logins.")


def test_more_than_a_quarter_is_old() -> None:
    assert statuses(age=92.0)["age"] == "ok"
    assert statuses(age=92.1)["age"] == "due"
    assert statuses(age=None)["age"] == "unknown"


def test_without_closed_windows_or_with_few_churners_past_scores_tell_nothing() -> None:
    names = ("calibration_level", "calibration_shape", "log_loss")
    few = replace(FINE, churners=0, predicted=9.9, low=3.0)
    for scores in (None, few):
        found = statuses(scores)
        assert {found[name] for name in names} == {"unknown"}
    # Nobody left of so many predicted: that tells much.
    assert statuses(replace(FINE, churners=0))["calibration_level"] == "due"


def test_a_curve_that_could_not_be_drawn_is_not_known() -> None:
    assert statuses(replace(FINE, ici_floor=float("nan")))["calibration_shape"] == "unknown"


@pytest.mark.parametrize("scores", [FINE, replace(FINE, churners=70, log_loss=0.3), None])
@pytest.mark.parametrize("drift", ["ok", "warn", "stop", "unknown"])
@pytest.mark.parametrize("age", [None, 30.0, 100.0])
def test_every_check_speaks_both_languages(scores, drift: str, age: float | None) -> None:
    checks = decide_retrain(scores, drift, ("drifting: logins",), age, drifted_ja=("変化あり：logins",))
    assert {check.name for check in checks} == set(CHECK_WORDS)
    for check in checks:
        assert check.reason("en").isascii()
        assert check.reason("ja").endswith("。")
        assert not check.reason("ja").isascii()
        assert check.status in STATUS_WORDS
