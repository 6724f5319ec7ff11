"""Are the best options that were found better than the defaults, or is it chance?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.stats import norm

from churnhealth.model.ladder import BEYOND_CHANCE
from churnhealth.model.options import TrainingOptions
from churnhealth.search.space import options_of


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    options : TrainingOptions
        The best ones, or the defaults where these are as good.
    found : bool
        Are they others than the defaults?
    reason : str
        One sentence or two.
    trials : DataFrame
        As `run_study` gives them.
    """

    options: TrainingOptions
    found: bool
    reason: str
    trials: pd.DataFrame


def decide(trials: pd.DataFrame, kind: str, folds: int) -> SearchResult:
    """Take the options with the lowest loss when they beat the defaults by more than chance.

    Parameters
    ----------
    trials : DataFrame
        As `run_study` gives them.
    kind : {"time", "customers"}
        How rows were put aside for judging.
    folds : int
        On how many folds.

    Notes
    -----
    As on the ladder of learners, a gain counts when it is more than 3/4 of its standard error, paired
    row by row and by customer. The best of many tries gains by luck alone, so that the standard errors
    that the best of so many equal ones would be ahead by are asked for on top (see `luck_of_the_best`).

    Examples
    --------
    >>> flat = TrainingOptions().to_flat()
    >>> line = {"state": "complete", "log_loss": 0.4, "gain": 0.0, "standard_error": 0.0}
    >>> better = {**line, "log_loss": 0.3, "gain": 0.1, "standard_error": 0.1, "spline_knots": 6}
    >>> decide(pd.DataFrame([{**flat, **line}, {**flat, **better}]), "customers", 5).options.changed()
    {'spline_knots': 6}
    """
    lines = trials.to_dict("records")
    done = [one for one in lines if one["state"] == "complete"]
    others = [one for one in done if _options(one).changed()]
    where = f"on {folds} inner {'windows of later time' if kind == 'time' else 'folds of customers'}"
    if not others:
        reason = f"The search judged no options but the defaults {where}: these are kept."
        return SearchResult(TrainingOptions(), found=False, reason=reason, trials=trials)
    tries = len(others) + sum(one["state"] == "pruned" for one in lines)
    best = min(others, key=lambda one: float(one["log_loss"]))
    gain, error = float(best["gain"]), float(best["standard_error"])
    needed = (BEYOND_CHANCE + luck_of_the_best(tries)) * error
    told = (
        f"The search tried {tries} {'set' if tries == 1 else 'sets'} of options {where}; the best gains "
        f"{gain:.4f} nats per row on the defaults (standard error {error:.4f}, needed {needed:.4f})"
    )
    if gain <= max(needed, 0.0):
        reason = f"{told}, which may be chance: the default options are kept."
        return SearchResult(TrainingOptions(), found=False, reason=reason, trials=trials)
    options = _options(best)
    named = ", ".join(f"{name} {value:.4g}" for name, value in options.changed().items())
    reason = f"{told}, which is more than chance: {named}."
    return SearchResult(options, found=True, reason=reason, trials=trials)


def luck_of_the_best(tries: int) -> float:
    """Return by how many standard errors the best of so many equal tries is expected to be ahead.

    Blom's (1958) approximation of the expected maximum of independent normal numbers; tries that are
    alike are less lucky, so this is on the safe side.

    Examples
    --------
    >>> luck_of_the_best(1), round(luck_of_the_best(2), 2), round(luck_of_the_best(30), 2)
    (0.0, 0.59, 2.04)
    """
    return float(norm.ppf((tries - 0.375) / (tries + 0.25)))


def default_loss(trials: pd.DataFrame) -> float:
    """Return the log loss of the default options, nats per row; NaN before they were judged."""
    done = [one for one in trials.to_dict("records") if one["state"] == "complete"]
    known = [float(one["log_loss"]) for one in done if not _options(one).changed()]
    return known[0] if known else float("nan")


def _options(line: Mapping[Any, Any]) -> TrainingOptions:
    """Return the options of a trial; a column of whole numbers may have become one of floats."""
    values = {
        name: int(line[name]) if isinstance(default, int) else float(line[name])
        for name, default in TrainingOptions().to_flat().items()
    }
    return options_of(values)
