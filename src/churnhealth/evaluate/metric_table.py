"""The metrics of a report in one table: value, interval, and how to read it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.calibration import Floor
from churnhealth.evaluate.checks import IntArray
from churnhealth.evaluate.clusters import clustered_worlds, row_dependence
from churnhealth.evaluate.counts import (
    Counts,
    coarsen,
    count_rows,
    resampled_counts,
    simulated_counts,
)
from churnhealth.evaluate.discrimination import average_precision, roc_auc
from churnhealth.evaluate.intervals import FEW, FORMULAS, Findings, Sizes
from churnhealth.evaluate.loss import brier_score, log_loss
from churnhealth.evaluate.metrics import calibration_floors, metrics_of_counts, metrics_of_resamples

METRIC_COLUMNS = ("metric", "value", "low", "high", "note")
NOTES = {
    "log_loss": "lower is better",
    "log_loss_base_rate": "the base rate for everybody",
    "log_loss_skill": "share of the base rate's loss that is saved",
    "brier": "lower is better",
    "brier_skill": "share of the base rate's loss that is saved",
    "roc_auc": "0.5 = chance",
    "average_precision": "chance = base rate",
    "lift_at_10pct": "riskiest tenth against the base rate; 1 = chance",
    "calibration_slope": "1 = right, below 1 = too extreme",
    "calibration_intercept": "0 = right, together with the slope",
    "calibration_in_the_large": "log-odds to add to every prediction; 0 = right",
    "observed_minus_expected": "above 0 = more churned than predicted",
    "ece": "read against its floor",
    "ece_floor_95": "",
    "ici": "read against its floor",
    "ici_floor_95": "",
    "rows": "",
    "customers": "distinct",
    "churners": "distinct customers with a churned row",
    "base_rate": "share of churned rows",
    "row_dependence": "of a customer's rows; 0 = independent, 1 = one draw; raises the floors",
}
COUNTED = ("rows", "customers", "churners")
_NOTHING = (float("nan"), float("nan"))


def metric_table(
    y: FloatArray, p: FloatArray, customer: IntArray, *, n_boot: int, n_sim: int, random_state: int
) -> pd.DataFrame:
    """Compute every metric, its interval, and the floors; the order of the rows changes nothing.

    Parameters
    ----------
    y, p : FloatArray of shape (n,)
        Truth (0/1) and churn probabilities (0-1), checked.
    customer : IntArray of shape (n,)
        Number of each row's customer, 0 to customers - 1.
    n_boot, n_sim : int
        Resamples for the intervals (90 %), simulated worlds for the floors (95 %).
    random_state : int
        Seed.

    Returns
    -------
    pandas.DataFrame
        `metric`, `value`, `low`, `high` (NaN where there is no interval), `note`; the metrics are
        the keys of `NOTES`.
    """
    y, p, customer = _in_order(y, p, customer)
    seeds = np.random.SeedSequence(random_state).spawn(2)
    draws, worlds = (np.random.default_rng(seed) for seed in seeds)
    counts, sizes = count_rows(y, p), Sizes.of(y, customer)
    values = metrics_of_counts(counts) | _by_scikit_learn(y, p)
    dependence = row_dependence(y, p, customer)
    floors = calibration_floors(counts, _worlds(counts, p, customer, dependence, n_sim, worlds))
    resamples = _moved(
        metrics_of_resamples(resampled_counts(y, p, customer, n_boot, draws), coarsen(counts)),
        values,
        metrics_of_counts(coarsen(counts)),
    )
    found = Findings(counts, sizes, values, {name: floor.quantile for name, floor in floors.items()})
    bounds = {name: found.interval(name, drawn) for name, drawn in resamples.items()}
    notes = {name: _note(name, value, counts, sizes) for name, value in values.items()}
    lines = {name: (value, *bounds.get(name, _NOTHING), notes[name]) for name, value in values.items()}
    for name, floor in floors.items():
        lines[f"{name}_floor_95"] = (floor.quantile, *_NOTHING, _floor_note(floor))
    lines["row_dependence"] = (dependence, *_NOTHING, NOTES["row_dependence"])
    for name in COUNTED:
        lines[name] = (float(getattr(sizes, name)), *_NOTHING, NOTES[name])
    return pd.DataFrame([(name, *lines[name]) for name in NOTES], columns=list(METRIC_COLUMNS))


def _worlds(
    counts: Counts,
    p: FloatArray,
    customer: IntArray,
    dependence: float,
    n: int,
    rng: np.random.Generator,
) -> Iterator[Counts]:
    if dependence == 0.0:
        return simulated_counts(coarsen(counts), n, rng)
    return clustered_worlds(p, customer, dependence, n, rng)


def _in_order(
    y: FloatArray, p: FloatArray, customer: IntArray
) -> tuple[FloatArray, FloatArray, IntArray]:
    order = np.lexsort((customer, y, p))
    # When every row is its own customer, rows that are equal can stand for each other.
    single = int(customer.max()) + 1 == y.size
    return y[order], p[order], np.arange(y.size) if single else customer[order]


def _moved(
    resamples: dict[str, list[float]], exact: dict[str, float], joined: dict[str, float]
) -> dict[str, list[float]]:
    # Resamples work on joined probabilities; what the joining changed is given back.
    return {
        name: [value + exact[name] - joined[name] for value in drawn]
        for name, drawn in resamples.items()
    }


def _by_scikit_learn(y: FloatArray, p: FloatArray) -> dict[str, float]:
    return {
        "log_loss": log_loss(y, p),
        "brier": brier_score(y, p),
        "roc_auc": roc_auc(y, p),
        "average_precision": average_precision(y, p),
    }


def _note(name: str, value: float, counts: Counts, sizes: Sizes) -> str:
    if not np.isfinite(value):
        why = "one class only" if counts.one_class else "no finite line fits best"
        return f"not defined: {why}"
    if name in FORMULAS or not sizes.few:
        return NOTES[name]
    return f"{NOTES[name]}; fewer than {FEW} of a class: interval too narrow"


def _floor_note(floor: Floor) -> str:
    return f"95 % of perfect models show less; their mean is {floor.mean:.4f}"
