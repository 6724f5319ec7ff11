"""From predictions to scores: pure functions of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from benchmarks.quality.cache import Result

from churnhealth.evaluate.calibration import slope_of_counts
from churnhealth.evaluate.compare import PairedDifference, paired_difference
from churnhealth.evaluate.counts import coarsen, count_rows, simulated_counts
from churnhealth.evaluate.discrimination import roc_auc
from churnhealth.evaluate.loss import brier_score, log_loss
from churnhealth.evaluate.metrics import calibration_floors
from churnhealth.evaluate.smooth import CalibrationCurve, ici_of_counts

WORLDS = 200


def score(results: Sequence[Result]) -> dict[str, float]:
    """Score the judged rows of all folds together; AUC, which only orders, is the mean over folds."""
    y, p = _joined(results, "y"), _joined(results, "p")
    counts = count_rows(y.astype(np.float64), p)
    constant = all(np.ptp(result.p) == 0 for result in results)
    worlds = simulated_counts(coarsen(counts), WORLDS, np.random.default_rng(0))
    floor = calibration_floors(counts, worlds)["ici"]
    return {
        "log loss": log_loss(y, p),
        "AUC": float(np.mean([_auc(result) for result in results])),
        "Brier": brier_score(y, p),
        "slope": float("nan") if constant else slope_of_counts(counts).slope,
        "ICI": ici_of_counts(counts, CalibrationCurve.over(counts)),
        "ICI floor": floor.quantile,
        "fit s": float(np.mean([result.facts.fit_seconds for result in results])),
        "predict s": float(np.mean([result.facts.predict_seconds for result in results])),
    }


def difference(new: Sequence[Result], old: Sequence[Result]) -> PairedDifference | None:
    """Compare log losses row by row on the folds that both have; None when there is none."""
    pairs = _pairs(new, old)
    if not pairs:
        return None
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    y, customer = _joined(ours, "y"), _joined(ours, "customer")
    return paired_difference(y, _joined(ours, "p"), _joined(theirs, "p"), customer_id=customer, n=0)


def draw_difference(new: Sequence[Result], old: Sequence[Result]) -> tuple[float, float]:
    """Mean and standard error, over the draws that both have, of the difference of log losses."""
    gaps = [log_loss(one.y, one.p) - log_loss(other.y, other.p) for one, other in _pairs(new, old)]
    return mean_and_error(gaps)


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error; NaN where there are too few values.

    >>> mean_and_error([1.0, 3.0])
    (2.0, 1.0)
    >>> mean_and_error([1.0])
    (1.0, nan)
    """
    if not values:
        return float("nan"), float("nan")
    many = len(values) > 1
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if many else float("nan")
    return float(np.mean(values)), error


def ranks(values: Mapping[str, float]) -> dict[str, float]:
    """Rank names by value, 1 = smallest; equal values share the mean of their ranks.

    >>> ranks({"a": 0.3, "b": 0.1, "c": 0.3})
    {'a': 2.5, 'b': 1.0, 'c': 2.5}
    """
    ranked = pd.Series(dict(values), dtype=float).rank()
    return {str(name): float(rank) for name, rank in ranked.items()}


def average_ranks(by_set: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Average the ranks of each name over the sets that have it, best first.

    >>> average_ranks([{"a": 1.0, "b": 2.0}, {"b": 1.0}])
    {'a': 1.0, 'b': 1.5}
    """
    names = {name: None for ranked in by_set for name in ranked}
    found = {name: [ranked[name] for ranked in by_set if name in ranked] for name in names}
    means = {name: sum(one) / len(one) for name, one in found.items()}
    return dict(sorted(means.items(), key=lambda pair: pair[1]))


def verdict(gap: float, error: float) -> str:
    """Say in words what a difference (below 0 = better) amounts to, by its standard error.

    >>> [verdict(gap, 0.01) for gap in (-0.02, -0.005, 0.005, 0.02)]
    ['better', 'within one standard error', 'within one standard error', 'worse']
    """
    if abs(gap) <= error:
        return "within one standard error"
    return "better" if gap < 0 else "worse"


def _pairs(new: Sequence[Result], old: Sequence[Result]) -> list[tuple[Result, Result]]:
    known = {result.facts.fold: result for result in old}
    pairs = [(one, known[one.facts.fold]) for one in new if one.facts.fold in known]
    if not all(np.array_equal(one.rows, other.rows) for one, other in pairs):
        raise SystemExit("results of different folds are in the cache: measure again with --fresh")
    return pairs


def _joined(results: Sequence[Result], name: str) -> np.ndarray:
    return np.concatenate([getattr(result, name) for result in results])


def _auc(result: Result) -> float:
    return roc_auc(result.y, result.p)
