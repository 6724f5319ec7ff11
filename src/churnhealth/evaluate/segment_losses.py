"""How good are the probabilities within each plan, touch model or tenure? Losses and rank by level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.bootstrap import newcombe_interval
from churnhealth.evaluate.checks import IntArray, check_rows
from churnhealth.evaluate.compare import mean_by_customer
from churnhealth.evaluate.counts import count_rows
from churnhealth.evaluate.discrimination import auc_of_counts
from churnhealth.evaluate.intervals import LEVEL, Sizes
from churnhealth.evaluate.loss import row_losses
from churnhealth.evaluate.metrics import losses_of_counts
from churnhealth.evaluate.segments import calibration_by_segment, levels_of

LOSS_COLUMNS = (
    "log_loss",
    "log_loss_low",
    "log_loss_high",
    "log_loss_base_rate",
    "brier",
    "brier_skill",
    "roc_auc",
    "roc_auc_low",
    "roc_auc_high",
)


def losses_by_segment(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    segments: pd.DataFrame,
    customer_id: npt.ArrayLike | None = None,
    n: int = 200,
    random_state: int = 0,
) -> pd.DataFrame:
    """Judge the probabilities within every level of every segment.

    Parameters
    ----------
    y, p, segments, customer_id
        As in `calibration_by_segment`.
    n : int
        Resamples of customers for the interval of the log loss, 0 or more; 0 gives NaN.
    random_state : int
        Seed.

    Returns
    -------
    pandas.DataFrame
        The columns of `calibration_by_segment`, then `log_loss` with its 90 % interval
        (`log_loss_low`, `log_loss_high`), `log_loss_base_rate` (giving every row the level's own base
        rate), `brier`, `brier_skill`, and `roc_auc` with its 90 % interval; NaN where a level has one
        class only.

    Raises
    ------
    SchemaError
        As in `calibration_by_segment`.

    Examples
    --------
    >>> plan = pd.DataFrame({"plan": ["A", "A", "B", "B"]})
    >>> table = losses_by_segment([1, 0, 1, 0], [0.5] * 4, plan, n=0)
    >>> table[["level", "brier", "roc_auc"]].to_dict("split")["data"]
    [['A', 0.25, 0.5], ['B', 0.25, 0.5]]
    """
    table = calibration_by_segment(y, p, segments, customer_id)
    rows = check_rows(y, {"p": p}, customer_id=customer_id)
    lines = [
        _line(rows.y[here], rows.p["p"][here], rows.customer[here], n, random_state)
        for place in range(segments.shape[1])
        for _, here in levels_of(segments.iloc[:, place])
    ]
    return pd.concat([table, pd.DataFrame(lines, columns=list(LOSS_COLUMNS))], axis=1)


def _line(
    y: FloatArray, p: FloatArray, customer: IntArray, n: int, random_state: int
) -> tuple[float, ...]:
    counts, own = count_rows(y, p), np.unique(customer, return_inverse=True)[1]
    losses = losses_of_counts(counts)
    loss = mean_by_customer(row_losses(y, p), own, n, LEVEL, random_state)
    if counts.one_class:
        auc, auc_low, auc_high = float("nan"), float("nan"), float("nan")
    else:
        auc, sizes = auc_of_counts(counts), Sizes.of(y, own)
        auc_low, auc_high = newcombe_interval(auc, sizes.churners, sizes.stayers, LEVEL)
    return (
        loss.difference,
        loss.low,
        loss.high,
        losses["log_loss_base_rate"],
        losses["brier"],
        losses["brier_skill"],
        auc,
        auc_low,
        auc_high,
    )
