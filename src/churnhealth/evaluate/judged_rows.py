"""What is told of judged rows: metrics of every model, differences between models, segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.checks import IntArray
from churnhealth.evaluate.compare import mean_by_customer
from churnhealth.evaluate.lift import lift_with_intervals
from churnhealth.evaluate.loss import row_losses
from churnhealth.evaluate.metric_table import metric_table
from churnhealth.evaluate.segment_losses import losses_by_segment

ALL_WINDOWS = "all windows"
OWN_BASE_RATE = "own base rate"
COMPARED = 1000
CAPTURED = {
    "lift": "lift_at_capacity",
    "captured_churners": "captured_churners",
    "captured_mrr": "captured_mrr",
}
METRIC_COLUMNS = ("window", "model", "metric", "value", "low", "high", "note")
DIFFERENCE_COLUMNS = (
    "window",
    "model",
    "than",
    "difference",
    "low",
    "high",
    "standard_error",
    "customers",
)


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """The judged rows of one window, or of all of them.

    Parameters
    ----------
    name : str
        The window, or "all windows".
    y : FloatArray of shape (n,)
        Truth, 1 = churned, checked.
    customer : IntArray of shape (n,)
        Number of each row's customer.
    p : mapping of str to FloatArray of shape (n,)
        Churn probabilities (0-1) by model, the recipe first.
    own_base_rate : FloatArray of shape (n,)
        Share of churned rows in the row's window (0-1).
    mrr : FloatArray of shape (n,), optional
    segments : DataFrame of n rows, optional
    """

    name: str
    y: FloatArray
    customer: IntArray
    p: Mapping[str, FloatArray]
    own_base_rate: FloatArray
    mrr: FloatArray | None = None
    segments: pd.DataFrame | None = None


@dataclass(frozen=True)
class Draws:
    """How many resamples and simulated worlds, differences at which level (0-1), from which seed."""

    n_boot: int
    n_sim: int
    level: float
    seed: int


def together(judged: Sequence[JudgedRows]) -> JudgedRows:
    """Return the rows of all windows as one; without MRR and segments, which belong to a window."""
    return JudgedRows(
        ALL_WINDOWS,
        np.concatenate([one.y for one in judged]),
        np.concatenate([one.customer for one in judged]),
        {name: np.concatenate([one.p[name] for one in judged]) for name in judged[0].p},
        np.concatenate([one.own_base_rate for one in judged]),
    )


def _numbered(one: JudgedRows) -> IntArray:
    return np.unique(one.customer, return_inverse=True)[1]


def metric_lines(one: JudgedRows, contacts: int | None, draws: Draws) -> Iterator[tuple[object, ...]]:
    """Yield lines with `METRIC_COLUMNS`; those at capacity where it is known how many are contacted."""
    customer = _numbered(one)
    for model, p in one.p.items():
        table = metric_table(
            one.y, p, customer, n_boot=draws.n_boot, n_sim=draws.n_sim, random_state=draws.seed
        )
        for line in table.to_dict("records"):
            yield one.name, model, line["metric"], line["value"], line["low"], line["high"], line["note"]
        if contacts is not None:
            yield from _at_capacity(one, model, contacts, draws)


def _at_capacity(
    one: JudgedRows, model: str, contacts: int, draws: Draws
) -> Iterator[tuple[object, ...]]:
    (line,) = lift_with_intervals(
        one.y,
        one.p[model],
        [contacts / one.y.size],
        mrr=one.mrr,
        customer_id=one.customer,
        n=draws.n_boot,
        random_state=draws.seed,
    ).to_dict("records")
    note = f"among the {contacts} riskiest"
    for column, metric in CAPTURED.items():
        bounds = line[f"{column}_low"], line[f"{column}_high"]
        yield one.name, model, metric, line[column], *bounds, note


def difference_lines(one: JudgedRows, draws: Draws) -> Iterator[tuple[object, ...]]:
    """Yield lines with `DIFFERENCE_COLUMNS`: the first model against all, all against the base rate."""
    customer, (first, *others) = _numbered(one), one.p
    losses = {name: row_losses(one.y, p) for name, p in one.p.items()}
    losses[OWN_BASE_RATE] = row_losses(one.y, one.own_base_rate)
    pairs = [(first, name) for name in others] + [(name, OWN_BASE_RATE) for name in one.p]
    for model, than in pairs:
        gap = losses[model] - losses[than]
        yield one.name, model, than, *mean_by_customer(gap, customer, COMPARED, draws.level, draws.seed)


def segment_tables(one: JudgedRows, draws: Draws) -> Iterator[pd.DataFrame]:
    """Yield one table per model: `window`, `model`, and the columns of `losses_by_segment`."""
    if one.segments is None or not one.segments.shape[1]:
        return
    for model, p in one.p.items():
        table = losses_by_segment(one.y, p, one.segments, one.customer, draws.n_boot, draws.seed)
        table.insert(0, "model", model)
        table.insert(0, "window", one.name)
        yield table
