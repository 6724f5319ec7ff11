"""Trials of options, one after the other, kept in a file; the one place that knows optuna."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import ConfigError, MissingDependencyError
from churnhealth.model.columns import IntArray
from churnhealth.model.noise import standard_error
from churnhealth.model.options import TrainingOptions
from churnhealth.search.judge import Judge, Told
from churnhealth.search.space import SPACE, options_of, searched_values

OPTIONS, LOSSES, GAIN, ERROR, SECONDS = "options", "losses", "gain", "standard_error", "seconds"
TRIAL_COLUMNS = ("trial", "state", "log_loss", GAIN, ERROR, "folds", SECONDS)
# Trials that are judged on every fold before any is given up early.
NEVER_PRUNED = 5
LOCK_SECONDS = 30


def run_study(
    judge: Judge,
    *,
    seconds: float,
    path: Path | None = None,
    name: str = "options",
    seed: int = 0,
    given: Sequence[TrainingOptions] = (),
    most_trials: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    told: Callable[[Told], object] = lambda _: None,
) -> pd.DataFrame:
    """Try options until the time is over: first the defaults, then those given, then searched ones.

    Options are suggested by the tree-structured Parzen estimator, and given up after a fold on which
    they are worse than the median of the others. The trial that runs when the time is over is finished.

    Parameters
    ----------
    judge : Judge
        The same for all calls with one `name`.
    seconds : float
        Time for this call, 0 or more.
    path : Path, optional
        An sqlite file, made when missing, in which trials are kept as they finish: a later call goes on
        from there. None: nothing is kept.
    name : str
        Of the study in the file.
    seed : int
    given : sequence of TrainingOptions
        Tried before any is searched.
    most_trials : int, optional
        At most so many in this call.
    clock : callable
        A stopwatch, in seconds.
    told : callable
        Told after each trial.

    Returns
    -------
    DataFrame
        One row per trial, of all calls: `trial` (number), `state` ("complete", "pruned", "failed": it
        was broken off), `log_loss` (nats per row over all folds), `gain` (what the default loses more),
        `standard_error` (of the gain, by customer), `folds` (judged), `seconds`, and every option by
        its path. Trial rows of the default options have a gain of 0.

    Raises
    ------
    MissingDependencyError
        optuna is not installed.
    ConfigError
        The file cannot be written, or is none of a search.
    """
    optuna = _import_optuna()
    with _quiet(optuna), _opened(optuna, path, name, seed) as study:
        trials = _Trials(optuna, study, judge)
        trials.begin(given)
        begun, done = clock(), 0
        while clock() - begun < seconds and (most_trials is None or done < most_trials):
            trials.next(clock)
            done += 1
            told(trials.told(min(1.0, (clock() - begun) / seconds)))
        return trials.table()


class _Trials:
    """Trials of one study, and what the default options lose."""

    def __init__(self, optuna: ModuleType, study: Any, judge: Judge) -> None:
        self._optuna, self._study, self._judge = optuna, study, judge
        self._default: list[FloatArray] | None = None

    def begin(self, given: Sequence[TrainingOptions]) -> None:
        """Close what a killed call left running; put defaults and given options in front."""
        states = self._optuna.trial.TrialState
        for left in self._study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            self._study.tell(left.number, state=states.FAIL)
        known = {
            tuple(one.user_attrs[OPTIONS].items())
            for one in self._study.get_trials(deepcopy=False)
            if OPTIONS in one.user_attrs and one.state is not states.FAIL
        }
        for options in (TrainingOptions(), *given):
            flat = options.to_flat()
            if tuple(flat.items()) not in known:
                known.add(tuple(flat.items()))
                values = searched_values(options)
                self._study.enqueue_trial(values, user_attrs={OPTIONS: flat})
        done = self._study.get_trials(deepcopy=False, states=(states.COMPLETE,))
        kept = [one.user_attrs[LOSSES] for one in done if LOSSES in one.user_attrs]
        if kept:
            self._default = [np.asarray(one, dtype=np.float64) for one in kept[0]]

    def next(self, clock: Callable[[], float]) -> None:
        """Try the next options on fold after fold."""
        begun, trial = clock(), self._study.ask()
        state = self._optuna.trial.TrialState.FAIL
        value = None
        try:
            losses = self._judged(trial, self._options(trial))
            if losses is None:
                state = self._optuna.trial.TrialState.PRUNED
            else:
                self._keep(trial, losses)
                state, value = self._optuna.trial.TrialState.COMPLETE, self._mean(losses)
            trial.set_user_attr(SECONDS, clock() - begun)
        finally:
            self._study.tell(trial, value, state=state)

    def told(self, share: float) -> Told:
        """Say how far the search is."""
        states = self._optuna.trial.TrialState
        done = self._study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
        values = [one.value for one in done if one.state is states.COMPLETE]
        default = np.nan if self._default is None else self._mean(self._default)
        return Told(len(done), share, min(values, default=np.nan), default)

    def table(self) -> pd.DataFrame:
        """Return all trials that were begun."""
        waiting = self._optuna.trial.TrialState.WAITING
        trials = self._study.get_trials(deepcopy=False)
        lines = [_line(one) for one in trials if one.state is not waiting]
        return pd.DataFrame(lines, columns=[*TRIAL_COLUMNS, *TrainingOptions().to_flat()])

    def _options(self, trial: Any) -> TrainingOptions:
        values = {one.path: _suggested(trial, one) for one in SPACE}
        given = trial.user_attrs.get(OPTIONS)
        options = options_of(values if given is None else given)
        if given is None:
            trial.set_user_attr(OPTIONS, options.to_flat())
        return options

    def _judged(self, trial: Any, options: TrainingOptions) -> list[FloatArray] | None:
        """Return the losses of each fold; None when the options were given up."""
        losses: list[FloatArray] = []
        for at in range(len(self._judge.folds)):
            losses.append(self._judge.losses(options, at))
            trial.report(self._mean(losses), at)
            if self._is_hopeless(trial, options, at):
                return None
        return losses

    def _is_hopeless(self, trial: Any, options: TrainingOptions, at: int) -> bool:
        last = at == len(self._judge.folds) - 1
        return not last and options.changed() != {} and bool(trial.should_prune())

    def _keep(self, trial: Any, losses: list[FloatArray]) -> None:
        if self._default is None:
            self._default = losses
            trial.set_user_attr(LOSSES, [one.tolist() for one in losses])
        gain = np.concatenate(self._default) - np.concatenate(losses)
        weight, customers = self._rows(len(losses))
        trial.set_user_attr(GAIN, float(np.average(gain, weights=weight)))
        trial.set_user_attr(ERROR, standard_error(gain, weight, customers))

    def _mean(self, losses: Sequence[FloatArray]) -> float:
        return float(np.average(np.concatenate(losses), weights=self._rows(len(losses))[0]))

    def _rows(self, folds: int) -> tuple[FloatArray, IntArray]:
        weight = np.concatenate([self._judge.weight(at) for at in range(folds)])
        return weight, np.concatenate([self._judge.customers(at) for at in range(folds)])


def _suggested(trial: Any, choice: Any) -> float:
    if choice.whole:
        return int(trial.suggest_int(choice.path, int(choice.low), int(choice.high), log=choice.log))
    return float(trial.suggest_float(choice.path, choice.low, choice.high, log=choice.log))


def _line(trial: Any) -> dict[str, object]:
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    kept = trial.user_attrs
    return {
        "trial": trial.number,
        "state": states.get(trial.state.name, "failed"),
        "log_loss": trial.value if trial.state.name == "COMPLETE" else np.nan,
        GAIN: kept.get(GAIN, np.nan),
        ERROR: kept.get(ERROR, np.nan),
        "folds": len(trial.intermediate_values),
        SECONDS: kept.get(SECONDS, np.nan),
        **kept.get(OPTIONS, {}),
    }


def _import_optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        raise MissingDependencyError(
            "the search for options needs the package optuna; pip install 'churnhealth[search]'"
        ) from error
    module: ModuleType = optuna
    return module


@contextmanager
def _quiet(optuna: ModuleType) -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def _opened(optuna: ModuleType, path: Path | None, name: str, seed: int) -> Iterator[Any]:
    storage = None if path is None else _storage(optuna, path)
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=NEVER_PRUNED),
        )
        # A sampler that began anew with the same seed would suggest the first options again.
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.get_trials(deepcopy=False)))
        yield study
    finally:
        if storage is not None:
            storage.remove_session()
            storage.engine.dispose()


def _storage(optuna: ModuleType, path: Path) -> Any:
    from sqlalchemy.engine import URL
    from sqlalchemy.exc import SQLAlchemyError

    url = URL.create("sqlite", database=str(path)).render_as_string()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": LOCK_SECONDS}})
    except (OSError, RuntimeError, SQLAlchemyError) as error:
        raise ConfigError(
            f"{path}: the search cannot keep its trials here ({type(error).__name__}: {error}); "
            "choose a folder that can be written to, or move the file away"
        ) from error
