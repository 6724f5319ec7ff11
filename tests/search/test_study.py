"""Trials: which come first, when they end, what a later call finds, what a killed one leaves."""

from __future__ import annotations

import inspect
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from churnhealth.errors import ConfigError, MissingDependencyError
from churnhealth.model.options import TrainingOptions
from churnhealth.search.space import SPACE
from churnhealth.search.study import run_study

HOUR = 3600.0


def test_the_defaults_are_judged_first_then_those_given(new_judge) -> None:
    judge = new_judge()
    given = TrainingOptions.from_flat({"small_trees.l2": 50.0})
    trials = run_study(judge, seconds=HOUR, given=[given], most_trials=3)
    assert trials["trial"].tolist() == [0, 1, 2]
    assert trials["small_trees.l2"].tolist()[:2] == [10.0, 50.0]
    assert trials.loc[0, ["gain", "standard_error"]].tolist() == [0.0, 0.0]
    # 0.05 * log(10 / 50)^2 = 0.1295, and the noise of 120 rows twice.
    assert trials.loc[1, "gain"] == pytest.approx(0.1295, abs=0.004)
    # sqrt(2) * 0.01 / sqrt(120) = 0.0013
    assert trials.loc[1, "standard_error"] == pytest.approx(0.0013, rel=0.3)
    default = TrainingOptions().to_flat()
    assert trials.loc[0, list(default)].tolist() == list(default.values())


def test_good_options_are_found_and_hopeless_ones_given_up_after_a_fold(new_judge) -> None:
    judge = new_judge()
    trials = run_study(judge, seconds=HOUR, most_trials=25, seed=1)
    best = trials.loc[trials["log_loss"].idxmin(), "small_trees.l2"]
    assert 25.0 < best < 100.0
    pruned = trials[trials["state"] == "pruned"]
    assert set(pruned["folds"]) <= {1, 2}
    assert len(pruned) > 3
    assert pruned["log_loss"].isna().all()
    assert len(judge.asked) == trials["folds"].sum()
    for one in SPACE:
        assert trials[one.path].iloc[1:].between(one.low, one.high).all()


def test_the_same_seed_tries_the_same(new_judge) -> None:
    first, second = (run_study(new_judge(), seconds=HOUR, most_trials=7, seed=3) for _ in range(2))
    columns = [name for name in first if name != "seconds"]
    assert first[columns].equals(second[columns])
    other = run_study(new_judge(), seconds=HOUR, most_trials=7, seed=4)
    assert not first["small_trees.l2"].equals(other["small_trees.l2"])


def test_no_time_tries_nothing_and_a_trial_begun_in_time_is_finished(new_judge) -> None:
    judge = new_judge()
    assert run_study(judge, seconds=0.0).empty
    assert judge.asked == []
    told = []
    # The stopwatch is read at the beginning, before and after each trial, and in it twice.
    ticks = itertools.count(0.0, 1.0)
    trials = run_study(judge, seconds=6.0, clock=lambda: next(ticks), told=told.append)
    assert trials["state"].tolist() == ["complete", "complete"]
    assert trials["seconds"].tolist() == [1.0, 1.0]
    assert [one.trials for one in told] == [1, 2]
    assert told[0].default == trials.loc[0, "log_loss"]
    assert told[1].share == 1.0
    assert told[1].log_loss == trials["log_loss"].min()


def test_a_later_call_goes_on_with_other_options_against_the_same_defaults(
    new_judge, tmp_path: Path
) -> None:
    path = tmp_path / "new folder" / "search 100%.db"
    first = run_study(new_judge(), seconds=HOUR, path=path, most_trials=4)
    judge = new_judge()
    both = run_study(judge, seconds=HOUR, path=path, most_trials=3)
    assert both["trial"].tolist() == list(range(7))
    assert both.iloc[:4].equals(first)
    assert both["small_trees.l2"].nunique() == 7
    assert len({l2 for l2, _ in judge.asked}) == 3
    # The gain is against the losses that were kept, not judged again.
    gain = both.loc[0, "log_loss"] - both.loc[6, "log_loss"]
    assert both.loc[6, "state"] == "pruned" or both.loc[6, "gain"] == pytest.approx(gain)
    other = run_study(new_judge(), seconds=HOUR, path=path, name="other rows", most_trials=1)
    assert other["trial"].tolist() == [0]


class StoppedError(BaseException):
    """What is no ordinary error, like a Ctrl-C."""


def test_a_trial_that_is_broken_off_is_lost_alone(new_judge, tmp_path: Path) -> None:
    judge, path = new_judge(), tmp_path / "search.db"
    whole = judge.losses

    def losses(options, at):
        if len(judge.asked) == 4:  # trial 1, fold 1
            raise StoppedError
        return whole(options, at)

    judge.losses = losses
    with pytest.raises(StoppedError):
        run_study(judge, seconds=HOUR, path=path)
    trials = run_study(new_judge(), seconds=HOUR, path=path, most_trials=1)
    assert trials["state"].tolist() == ["complete", "failed", "complete"]
    assert trials["folds"].tolist() == [3, 1, 3]


KILLED = """
import os, signal, sys
from pathlib import Path
from churnhealth.search.study import run_study
judge = make_judge()
whole = judge.losses
def losses(options, at):
    if len(judge.asked) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(options, at)
judge.losses = losses
run_study(judge, seconds=3600.0, path=Path(sys.argv[1]))
"""


@pytest.mark.parametrize(("asked", "states"), [(2, ["failed"]), (7, ["complete", "complete", "failed"])])
def test_a_search_that_is_killed_goes_on(
    new_judge, tmp_path: Path, asked: int, states: list[str]
) -> None:
    path = tmp_path / "search.db"
    code = inspect.getsource(new_judge) + KILLED
    done = subprocess.run([sys.executable, "-c", code, str(path), str(asked)], check=False)
    assert done.returncode == -9
    trials = run_study(new_judge(), seconds=HOUR, path=path, most_trials=2)
    assert trials["state"].tolist() == [*states, "complete", "complete"]
    complete = trials[trials["state"] == "complete"]
    # Also where the defaults themselves were broken off, they come first.
    assert complete["small_trees.l2"].iloc[0] == 10.0
    assert complete["gain"].iloc[0] == 0.0
    assert np.isfinite(complete["gain"]).all()


def test_a_file_that_is_something_else_is_refused(new_judge, tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    path.write_text("my notes")
    with pytest.raises(ConfigError, match=r"search\.db: the search cannot keep its trials here"):
        run_study(new_judge(), seconds=HOUR, path=path)
    assert path.read_text() == "my notes"


def test_without_optuna_the_extra_is_named(new_judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'churnhealth\[search\]'"):
        run_study(new_judge(), seconds=HOUR)
