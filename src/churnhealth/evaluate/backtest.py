"""Would the recipe have held? Train on what was known at a past cutoff, judge on what came after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import NotEnoughDataError, SchemaError, listed, nearest
from churnhealth.evaluate.checks import TABLE, IntArray, check_rows
from churnhealth.evaluate.judged_rows import (
    ALL_WINDOWS,
    DIFFERENCE_COLUMNS,
    METRIC_COLUMNS,
    Draws,
    JudgedRows,
    difference_lines,
    metric_lines,
    segment_tables,
    together,
)
from churnhealth.labels.rolling_windows import RollingWindow

# A window in; churn probabilities of the rows that it judges out, by model.
Predict = Callable[[RollingWindow], Mapping[str, FloatArray]]

USUAL_SHARE = 0.1
WINDOW_COLUMNS = (
    "window",
    "train_rows",
    "train_customers",
    "train_churners",
    "test_rows",
    "test_churners",
    "base_rate",
    "capacity",
)


@dataclass(frozen=True, eq=False)
class Backtest:
    """A recipe and simpler models, judged on the same rows, window by window.

    Parameters
    ----------
    windows : DataFrame
        One row per window, oldest first: `window`, `train_rows`, `train_customers`,
        `train_churners`, `test_rows`, `test_churners` (churners are customers), `base_rate` (share of
        the judged rows that churned), `capacity` (customers that the team can contact).
    metrics : DataFrame
        `window`, `model`, `metric`, `value`, `low`, `high` (90 % interval, NaN where there is none),
        `note`: the metrics of `metric_table`, and among the `capacity` riskiest rows
        `lift_at_capacity`, `captured_churners` and `captured_mrr` (shares 0-1). With several windows
        also over "all windows" together, without those at capacity.
    segments : DataFrame
        `window`, `model`, and the columns of `losses_by_segment`; no rows without segments.
    differences : DataFrame
        `window`, `model`, `than`, `difference` (mean log loss of the model less that of `than`; below
        0 = better), `low`, `high`, `standard_error`, `customers`: the first model against every
        other, and every model against "own base rate", the share of churners of the judged rows.
    """

    windows: pd.DataFrame
    metrics: pd.DataFrame
    segments: pd.DataFrame
    differences: pd.DataFrame

    @property
    def overall(self) -> str:
        """Return the name of all windows together; that of the window where there is one."""
        return ALL_WINDOWS if len(self.windows) > 1 else str(self.windows["window"].iloc[-1])

    @property
    def models(self) -> list[str]:
        """Return the names of the models, the recipe first."""
        return list(dict.fromkeys(map(str, self.metrics["model"])))

    @property
    def judged(self) -> list[str]:
        """Return the names of the windows, oldest first; last all of them together."""
        return list(dict.fromkeys(map(str, self.metrics["window"])))

    def measures(self, window: str, model: str) -> dict[str, tuple[float, float, float]]:
        """Return value, low and high by metric of one model on one window."""
        here = (self.metrics["window"] == window) & (self.metrics["model"] == model)
        found = self.metrics[here]
        bounds = found[["value", "low", "high"]].astype(np.float64).itertuples(index=False, name=None)
        return dict(zip(map(str, found["metric"]), bounds, strict=True))

    def value(self, metric: str) -> float:
        """Return a metric of the recipe over all windows; SchemaError when there is none."""
        known = self.measures(self.overall, self.models[0])
        if metric not in known:
            fault = f"expected one of {listed(known, most=30)}, got {metric!r}{nearest(metric, known)}"
            raise SchemaError("backtest", [fault])
        return known[metric][0]


def rolling_backtest(
    y: npt.ArrayLike,
    windows: Sequence[RollingWindow],
    predict: Predict,
    *,
    customer_id: npt.ArrayLike | None = None,
    mrr: npt.ArrayLike | None = None,
    segments: pd.DataFrame | None = None,
    capacity: int | None = None,
    n_boot: int = 100,
    n_sim: int = 50,
    level: float = 0.9,
    random_state: int = 0,
) -> Backtest:
    """Judge a recipe on every window.

    Parameters
    ----------
    y : array of shape (n,)
        Truth: 1 = churned, 0 = stayed.
    windows : sequence of RollingWindow
        Masks of shape (n,), oldest first; see `rolling_windows`.
    predict : callable
        Trains on a window's `train` rows and returns the churn probabilities (0-1) of its `test` rows
        by model: the recipe first, then simpler models.
    customer_id : array of shape (n,), optional
        Whose row it is; each row its own customer when not given.
    mrr : array of shape (n,), optional
        Monthly recurring revenue, one currency; NaN = not known.
    segments : DataFrame of n rows, optional
        Categories to judge within.
    capacity : int, optional
        Customers that the team can contact per cutoff; None: a tenth of a window's rows.
    n_boot, n_sim : int
        Resamples of customers for intervals, simulated worlds for the floors.
    level : float
        Coverage (0-1) of the intervals of the differences.
    random_state : int
        Seed.

    Returns
    -------
    Backtest

    Raises
    ------
    NotEnoughDataError
        No window.
    SchemaError
        Faults of the input; a model that did not return one probability per judged row.

    Examples
    --------
    >>> windows = [RollingWindow("q1", None, np.arange(8) < 4, np.arange(8) >= 4)]
    >>> half = lambda window: {"recipe": np.full(4, 0.5)}
    >>> table = rolling_backtest([0, 1] * 4, windows, half, n_boot=0, n_sim=0)
    >>> round(table.value("log_loss"), 4), table.overall
    (0.6931, 'q1')
    """
    if not windows:
        raise NotEnoughDataError("backtest: expected at least one window to judge, got none")
    rows = check_rows(y, {}, customer_id=customer_id)
    money = None if mrr is None else np.asarray(mrr, dtype=np.float64)
    judged = [_judged(one, rows.y, rows.customer, predict(one), money, segments) for one in windows]
    told = pd.DataFrame(
        [_window(one, rows.y, rows.customer, capacity) for one in windows], columns=list(WINDOW_COLUMNS)
    )
    both = [*judged, *([together(judged)] if len(judged) > 1 else [])]
    draws = Draws(n_boot, n_sim, level, random_state)
    contacts = dict(zip(told["window"], told["capacity"], strict=True))
    metrics = [line for one in both for line in metric_lines(one, contacts.get(one.name), draws)]
    differences = [line for one in both for line in difference_lines(one, draws)]
    parts = [part for one in judged for part in segment_tables(one, draws)]
    return Backtest(
        windows=told,
        metrics=pd.DataFrame(metrics, columns=list(METRIC_COLUMNS)),
        segments=pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(),
        differences=pd.DataFrame(differences, columns=list(DIFFERENCE_COLUMNS)),
    )


def _judged(
    window: RollingWindow,
    y: FloatArray,
    customer: IntArray,
    predicted: Mapping[str, FloatArray],
    mrr: FloatArray | None,
    segments: pd.DataFrame | None,
) -> JudgedRows:
    test, size = window.test, int(window.test.sum())
    wrong = [f"{name}: {np.shape(p)}" for name, p in predicted.items() if np.shape(p) != (size,)]
    if wrong or not predicted:
        fault = f"window {window.name}: expected {size} churn probabilities, got {listed(wrong)}"
        raise SchemaError(TABLE, [fault])
    checked = check_rows(y[test], predicted)
    return JudgedRows(
        window.name,
        checked.y,
        customer[test],
        checked.p,
        np.full(size, checked.y.mean()),
        None if mrr is None else mrr[test],
        None if segments is None else segments[test],
    )


def _window(
    window: RollingWindow, y: FloatArray, customer: IntArray, capacity: int | None
) -> tuple[object, ...]:
    train, test = window.train, window.test
    size = int(test.sum())
    return (
        window.name,
        int(train.sum()),
        int(np.unique(customer[train]).size),
        int(np.unique(customer[train & (y == 1)]).size),
        size,
        int(np.unique(customer[test & (y == 1)]).size),
        float(y[test].mean()),
        min(capacity or max(1, round(USUAL_SHARE * size)), size),
    )
