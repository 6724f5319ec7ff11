"""The door to the pictures: what is drawn is kept, what fails is told, and nothing is needed."""

from __future__ import annotations

import pytest

from churnhealth.jobs import pictures
from churnhealth.jobs.judging import Judged
from churnhealth.jobs.pictures import training_pictures
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.wiring import Workplace

PNG = b"\x89PNG\r\n\x1a\n"


def broken(_: Judged) -> bytes:
    raise RuntimeError("no fonts")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "DRAWN", {"broken.png": broken, "good.png": lambda _: PNG})


def test_a_picture_that_fails_is_told_and_the_model_is_kept(newest_only: Workplace, drawn: None) -> None:
    result = retrain(newest_only)
    (record,) = newest_only.registry.records
    assert record.pictures == {"good.png": PNG}
    assert result.notes[-1] == ("the picture broken.png could not be drawn (RuntimeError: no fonts)")
    assert result.version is not None


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("absent", pictures.NEEDED)
def test_without_the_extra_there_are_no_pictures(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda name: None if name == absent else name)
    said: list[str] = []
    assert training_pictures(None, said.append) == {}
    assert said == []


@pytest.mark.slow
def test_a_retraining_draws_reliability_backtest_and_lift(newest_only: Workplace) -> None:
    retrain(newest_only)
    (record,) = newest_only.registry.records
    assert set(record.pictures) == {"reliability.png", "backtest.png", "lift.png"}
    for drawn in record.pictures.values():
        width, height = int.from_bytes(drawn[16:20]), int.from_bytes(drawn[20:24])
        assert drawn.startswith(PNG)
        assert width > 300
        assert height > 300
