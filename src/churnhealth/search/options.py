"""Better options for a model and its training rows, within a time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError
from churnhealth.estimator import HealthModel
from churnhealth.features.fingerprint import frame_fingerprint
from churnhealth.model.options import TrainingOptions
from churnhealth.search.decision import SearchResult, decide
from churnhealth.search.judge import Told
from churnhealth.search.space import SPACE
from churnhealth.search.study import run_study


def search_options(
    model: HealthModel,
    table: pd.DataFrame,
    label: Any,
    *,
    seconds: float,
    cutoff: Any = None,
    customer_id: Any = None,
    study: Path | None = None,
    given: Sequence[TrainingOptions] = (),
    most_trials: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    told: Callable[[Told], object] = lambda _: None,
) -> SearchResult:
    """Look for options that predict better than the defaults on inner folds of some training rows.

    The rows are put aside by later time where there are two closed windows or more, else by customer;
    nothing else is looked at, so that a model with the options found can be judged on other rows. The
    default options are kept unless the best ones beat them by more than chance (see `decide`).

    Parameters
    ----------
    model : HealthModel
        Everything but the options; it is not fitted, and not changed.
    table : DataFrame, shape (n_rows, n_indicators)
        Indicators of the training rows.
    label, cutoff, customer_id
        As for `HealthModel.fit`.
    seconds : float
        Time, 0 or more; the trial that runs when it is over is finished.
    study : Path, optional
        An sqlite file that keeps the trials: the same search, on the same rows, goes on from there.
    given : sequence of TrainingOptions
        Tried right after the defaults.
    most_trials : int, optional
        At most so many trials in this call.
    clock : callable
        A stopwatch, in seconds.
    told : callable
        Told after each trial how far the search is.

    Raises
    ------
    MissingDependencyError
        optuna is not installed.
    SchemaError
        Faults of the rows, as in `HealthModel.fit`.
    ConfigError
        `seconds` is negative; the file cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> rows = pd.DataFrame({"logins": np.random.default_rng(0).poisson(8, 300)})
    >>> churned = (rows["logins"] < 5).to_numpy()
    >>> search_options(HealthModel(), rows, churned, seconds=0).options == TrainingOptions()
    True
    """
    if not seconds >= 0:
        raise ConfigError(f"seconds: expected 0 or more, got {seconds!r}")
    judge = model.option_judge(table, label, cutoff=cutoff, customer_id=customer_id)
    name = _name(model, table, label, cutoff, customer_id) if study is not None else "options"
    trials = run_study(
        judge,
        seconds=seconds if len(judge.folds) else 0.0,
        path=study,
        name=name,
        seed=model.random_state,
        given=given,
        most_trials=most_trials,
        clock=clock,
        told=told,
    )
    return decide(trials, judge.folds.kind, len(judge.folds))


def _name(model: HealthModel, table: pd.DataFrame, label: Any, cutoff: Any, customer_id: Any) -> str:
    """Return what tells one search from another: rows, recipe, and what is searched."""
    parts = {"label": label, "cutoff": cutoff, "customer_id": customer_id}
    keys = pd.DataFrame(
        {(0, name): pd.Series(value).to_numpy() for name, value in parts.items() if value is not None},
        index=table.index,
    )
    recipe = {
        "rows": frame_fingerprint(pd.concat([table, keys], axis=1)),
        "problem": (model.problem or ChurnProblem()).to_dict(),
        "segments": list(model.segments),
        "monotone": dict(model.monotone or {}),
        "points": None if model.points is None else model.points.to_dict(),
        "leaf_budget": model.leaf_budget,
        "random_state": model.random_state,
        "space": [vars(one) for one in SPACE],
        "defaults": TrainingOptions().to_flat(),
    }
    text = json.dumps(recipe, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
