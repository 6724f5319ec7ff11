"""Past cutoffs scored one after the other: what stands there, what fails, and what stays current."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError, TrackingError
from churnhealth.jobs.backfill import backfill, local_text
from churnhealth.jobs.score import score
from churnhealth.jobs.settings import load_settings
from churnhealth.jobs.sources import newest_scoring_cutoff, scoring_cutoffs
from churnhealth.jobs.wiring import Workplace

# The champion of `trained` learned from labels known on 2026-05-01 in Tokyo.
DAYS = ("2026-04-06", "2026-04-13", "2026-05-04")
SINCE = dt.date(2026, 4, 1)


@pytest.fixture
def weekly(trained: Workplace, reopened: Callable[..., Workplace]) -> Workplace:
    """Twenty customers at each of three Mondays."""
    workplace = reopened(trained, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    some = trained.warehouse.read_table("to_score").head(20)
    write(workplace, {day: some.assign(logins=some["logins"] + place) for place, day in enumerate(DAYS)})
    return workplace


def write(workplace: Workplace, frames: dict[str, pd.DataFrame]) -> None:
    dated = [frame.assign(cutoff=day) for day, frame in frames.items()]
    workplace.warehouse.write_table("to_score", pd.concat(dated, ignore_index=True))


def ledger(workplace: Workplace) -> pd.DataFrame:
    runs = workplace.warehouse.read_table("health_runs").sort_values("started_at")
    return runs[runs["job"] == "score"].reset_index(drop=True)


def break_day(workplace: Workplace, day: str) -> None:
    """Make a day's numbers infinite, so that too many rows are rejected."""
    table = workplace.warehouse.read_table("to_score")
    table.loc[table["cutoff"] == day, "logins"] = np.inf
    workplace.warehouse.write_table("to_score", table)


def test_every_cutoff_is_a_run_of_its_own_the_oldest_first(weekly: Workplace) -> None:
    stages: list[str] = []
    told = Workplace(**{**vars(weekly), "progress": stages.append})
    result = backfill(told, SINCE)
    assert result.done == DAYS
    assert [run.status for run in result.runs] == ["completed"] * 3
    runs = ledger(weekly)
    assert runs["run_id"].tolist() == [run.run_id for run in result.runs]
    assert runs["rows_scored"].tolist() == [20, 20, 20]
    assert stages[0] == "2026-04-06 (1 of 3): reading the champion"
    assert (result.failure, result.message, result.left) == (None, "", ())


def test_what_stands_there_already_is_unchanged(weekly: Workplace) -> None:
    backfill(weekly, SINCE, dt.date(2026, 4, 13))
    before = weekly.warehouse.read_table("health_scores")
    again = backfill(weekly, SINCE)
    assert [run.status for run in again.runs] == ["unchanged", "unchanged", "completed"]
    after = weekly.warehouse.read_table("health_scores")
    kept = after[after["cutoff"].isin(before["cutoff"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)


def test_a_backfill_never_becomes_current(weekly: Workplace) -> None:
    newest = score(weekly).cutoff
    before = weekly.warehouse.current_scores()
    backfill(weekly, SINCE, dt.date(2026, 4, 20))
    after = weekly.warehouse.current_scores()
    assert set(after["cutoff"]) == {pd.Timestamp(newest)}
    assert not after["is_stale"].any()
    same = ["customer_id", "cutoff", "health_score", "run_id"]
    pd.testing.assert_frame_equal(after[same], before[same])
    # What it changes is what is known of the time before.
    assert set(after["previous_cutoff"]) == {pd.Timestamp("2026-04-12 15:00", tz="UTC")}


def test_cutoffs_before_the_labels_were_known_are_in_sample_and_the_ledger_says_so(
    weekly: Workplace,
) -> None:
    result = backfill(weekly, SINCE)
    told = "in-sample: the model learned from labels that became known up to 2026-05-01"
    assert [any(note.startswith(told) for note in run.notes) for run in result.runs] == [
        True,
        True,
        False,
    ]
    messages = ledger(weekly)["message"].tolist()
    assert [told in message for message in messages] == [True, True, False]
    assert all("known values by group:" in message for message in messages)


def test_a_cutoff_that_fails_leaves_those_before_it_and_is_named(weekly: Workplace) -> None:
    break_day(weekly, DAYS[1])
    result = backfill(weekly, SINCE)
    assert (result.done, result.left) == (DAYS[:1], DAYS[2:])
    assert result.failure is not None
    assert result.failure.cutoff == DAYS[1]
    assert "the cutoff 2026-04-13 failed" in result.message
    assert "Scored before it, and kept: 2026-04-06. Not tried: 2026-05-04." in result.message
    assert ledger(weekly)["status"].tolist() == ["completed", "failed"]
    assert len(weekly.warehouse.read_table("health_scores")) == 20
    told = json.loads(json.dumps(result.to_dict(), default=str))
    assert [run["rows_scored"] for run in told["runs"]] == [20]
    assert told["failed"]["type"] == "SchemaError"


def test_what_nobody_foresaw_is_raised_with_what_was_done(
    weekly: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(workplace: Workplace, *, cutoff: dt.date, champion: object) -> object:
        if cutoff > weekly.settings.problem.cutoff_instant(DAYS[0]):
            raise RuntimeError("the machine is on fire")
        return None

    monkeypatch.setattr("churnhealth.jobs.backfill.score", broken)
    with pytest.raises(RuntimeError) as told:
        backfill(weekly, SINCE)
    assert told.value.__notes__ == ["Scored before it, and kept: 2026-04-06."]


def test_one_champion_scores_all_of_it(weekly: Workplace) -> None:
    asked = 0
    champion = weekly.registry.champion

    def counted():
        nonlocal asked
        asked += 1
        return champion()

    weekly.registry.champion = counted
    result = backfill(weekly, SINCE)
    assert (asked, len({run.model_version for run in result.runs})) == (1, 1)


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (dt.date(2026, 6, 1), None, "found none; it has 2026-04-05 to 2026-05-03 UTC"),
        (dt.date(2026, 6, 1), dt.date(2026, 5, 1), "--since not after --cutoff"),
    ],
)
def test_days_without_a_cutoff_are_wrong_usage(
    weekly: Workplace, since: dt.date, until: dt.date | None, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        backfill(weekly, since, until)


def test_a_table_of_one_cutoff_has_no_past(trained: Workplace) -> None:
    with pytest.raises(ConfigError, match="no cutoff column"):
        backfill(trained, SINCE)


def test_without_a_champion_nothing_begins(
    workplace: Workplace, reopened: Callable[..., Workplace]
) -> None:
    dated = reopened(workplace, "cutoff_date = 2026-04-01", 'cutoff = "cutoff"')
    write(dated, {DAYS[0]: workplace.warehouse.read_table("to_score")})
    with pytest.raises(TrackingError, match="churnhealth retrain"):
        backfill(dated, SINCE)


HISTORY = """
[project]
name = "h"
[sources.customers]
table = "customers"
[sources.subscriptions]
table = "subscriptions"
[problem]
rule = "contract_end"
horizon_days = 30
lookback_days = 90
"""
END = dt.date(2026, 4, 22)


@pytest.mark.parametrize(
    ("more", "since", "until", "days"),
    [
        ("", (2026, 2, 1), None, ["2026-02-01", "2026-03-01", "2026-04-01"]),
        ('[scoring]\nevery = "week"', (2026, 4, 6), None, ["2026-04-06", "2026-04-13", "2026-04-20"]),
        # The last day that is asked for is scored, on the calendar or not.
        ('[scoring]\nevery = "week"', (2026, 4, 8), (2026, 4, 15), ["2026-04-13", "2026-04-15"]),
        ("", (2026, 4, 8), (2026, 4, 15), ["2026-04-15"]),
        ('[cutoffs]\nevery = "quarter"', (2026, 1, 1), None, ["2026-01-01", "2026-04-01"]),
    ],
)
def test_the_calendar_of_a_history_gives_its_cutoffs(tmp_path, more, since, until, days) -> None:
    (tmp_path / "c.toml").write_text(HISTORY + more)
    settings = load_settings(tmp_path / "c.toml")
    last = None if until is None else dt.date(*until)
    found = scoring_cutoffs(settings, END, dt.date(*since), last)
    assert [day.isoformat() for day in found] == days


def test_a_history_is_scored_at_the_newest_day_of_its_scoring_calendar(tmp_path) -> None:
    (tmp_path / "c.toml").write_text(HISTORY)
    assert newest_scoring_cutoff(load_settings(tmp_path / "c.toml"), END) == dt.date(2026, 4, 1)
    (tmp_path / "c.toml").write_text(HISTORY + '[scoring]\nevery = "week"')
    settings = load_settings(tmp_path / "c.toml")
    assert newest_scoring_cutoff(settings, END) == dt.date(2026, 4, 20)
    with pytest.raises(LeakageError, match="after the end of the data"):
        scoring_cutoffs(settings, END, SINCE, dt.date(2026, 5, 1))


def test_a_cutoff_that_is_no_midnight_is_told_with_its_time() -> None:
    noon = dt.datetime(2026, 4, 1, 3, tzinfo=dt.UTC)
    assert local_text(noon, ChurnProblem(timezone="Asia/Tokyo")) == "2026-04-01 12:00"
