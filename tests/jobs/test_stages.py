"""What the log holds of a job: one line of JSON per stage, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.errors import SchemaError, TrackingError
from churnhealth.jobs.json_log import JsonLog, hidden
from churnhealth.jobs.retrain import retrain
from churnhealth.jobs.score import score
from churnhealth.jobs.stages import LOG, Stages
from churnhealth.jobs.wiring import Workplace


class Lines(io.StringIO):
    """A stream whose lines are read as JSON."""

    @property
    def told(self) -> list[dict]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_a_scoring_run_is_one_line_per_stage_with_counts(trained: Workplace, lines: Lines) -> None:
    with JsonLog(lines, "score"):
        result = score(trained)
    assert [one["stage"] for one in lines.told] == [
        "reading the champion",
        "reading the customers",
        "scoring and explaining",
        "publishing",
    ]
    for one in lines.told:
        assert (one["job"], one["run_id"], one["status"]) == ("score", result.run_id, "done")
        assert datetime.fromisoformat(one["ts"]).utcoffset() == timedelta(0)
        assert one["seconds"] >= 1.0  # the clock of the tests goes on by a second whenever it is read
        assert one["model_version"] == result.model_version
    last = lines.told[-1]
    assert (last["rows_read"], last["rows_scored"], last["rows_rejected"]) == (60, 60, 0)
    assert (last["cutoff"], last["result"]) == ("2026-03-31T15:00:00+00:00", "completed")
    assert "rows_read" not in lines.told[0]


def test_an_error_is_told_once_with_its_class_and_its_stage(trained: Workplace, lines: Lines) -> None:
    table = trained.warehouse.read_table("to_score").drop(columns="plan")
    trained.warehouse.write_table("to_score", table)
    with JsonLog(lines, "score") as log, pytest.raises(SchemaError):
        score(trained)
    assert [one["status"] for one in lines.told] == ["done", "failed"]
    failed = lines.told[-1]
    assert failed["stage"] == "reading the customers"
    assert failed["error"]["type"] == "SchemaError"
    assert "'plan'" in failed["error"]["message"]
    assert failed["run_id"] is not None
    log.error("SchemaError", "the same again")
    assert len(lines.told) == 2


def test_a_retrain_without_anything_to_learn_from_tells_the_stage(
    workplace: Workplace, lines: Lines
) -> None:
    few = workplace.warehouse.read_table("panel").head(30)
    workplace.warehouse.write_table("panel", few)
    with JsonLog(lines, "retrain"), pytest.raises(ValueError, match="30"):
        retrain(workplace, dry_run=True)
    (failed,) = lines.told
    assert (failed["stage"], failed["run_id"]) == ("reading the panel", None)
    assert failed["error"]["type"] == "NotEnoughDataError"


class Back:
    """A clock that is set back by an hour whenever it is read."""

    now = datetime(2026, 4, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now -= timedelta(hours=1)
        return self.now


def test_a_clock_that_is_set_back_gives_no_negative_time(workplace: Workplace, lines: Lines) -> None:
    stages = Stages(Workplace(**{**vars(workplace), "clock": Back()}), "score")
    with JsonLog(lines, "score"), stages.stage("reading"):
        stages.tell(rows_read=3, model_version=None)
    (one,) = lines.told
    assert (one["seconds"], one["rows_read"]) == (0.0, 3)
    assert "model_version" not in one


def test_nothing_is_written_where_nobody_asked(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TrackingError):
        score(workplace)
    assert capsys.readouterr() == ("", "")
    assert LOG.level == logging.NOTSET


def test_passwords_never_reach_the_log(workplace: Workplace, lines: Lines) -> None:
    stages = Stages(workplace, "score")
    told = "postgresql://ann:s3cret@db/crm refused; password=s3cret"
    with JsonLog(lines, "score"):
        stages.tell(place=told, more=["://u:s3cret@h"], cutoff=datetime(2026, 4, 1, tzinfo=UTC))
        stages.failed(ValueError(told))
    assert "s3cret" not in lines.getvalue()
    (one,) = lines.told
    assert one["error"]["message"] == "postgresql://ann:***@db/crm refused; password=***"


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1))
def test_no_password_of_an_address_stays(password: str) -> None:
    assert hidden(f"see postgresql://ann:{password}@db/crm") == "see postgresql://ann:***@db/crm"


def test_a_message_of_many_lines_and_languages_stays_one_line(
    lines: Lines, workplace: Workplace
) -> None:
    with JsonLog(lines, "score"):
        LOG.warning("plain %s", "words")
        Stages(workplace, "score").failed(ValueError('顧客\n"quoted"\n😀'))
    assert len(lines.getvalue().splitlines()) == 2
    plain, failed = lines.told
    assert plain == {"level": "warning", "message": "plain words"}
    assert failed["error"]["message"] == '顧客\n"quoted"\n😀'
