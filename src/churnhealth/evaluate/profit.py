"""What contacting the riskiest customers is worth, capacity by capacity, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.evaluate.bootstrap import percentile_interval
from churnhealth.evaluate.checks import Rows, check_money, check_rows, check_settings
from churnhealth.evaluate.counts import Counts, count_rows, resampled_amounts
from churnhealth.evaluate.discrimination import in_top
from churnhealth.evaluate.value import expected_profit

PROFIT_COLUMNS = ("capacity", "contacted", "churners", "profit", "low", "high")


def profit_table(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    capacities: Sequence[int],
    value_saved: npt.ArrayLike,
    cost: float,
    success_rate: float,
    customer_id: npt.ArrayLike | None = None,
    n: int = 500,
    level: float = 0.9,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return `expected_profit` at several capacities, with intervals by resampling customers.

    The interval says how far the profit depends on who happened to be among the customers. It takes
    value, cost and success rate as known: their doubt comes on top.

    Parameters
    ----------
    y, p, value_saved, cost, success_rate
        As in `expected_profit`.
    capacities : sequence of int
        Customers contacted, 0 or more.
    customer_id : array of shape (n,), optional
        Whose row it is; each row its own customer when not given.
    n : int
        Resamples, 0 or more; 0 gives NaN bounds.
    level : float
        Coverage of the intervals, 0-1.
    random_state : int
        Seed; the same seed gives the same intervals.

    Returns
    -------
    pandas.DataFrame
        One row per capacity: `capacity`, `contacted` (never more than there are rows), `churners`
        (among them, expected under ties), `profit`, `low`, `high` (in the currency of `value_saved`).

    Raises
    ------
    SchemaError
        As in `expected_profit`; or a faulty `customer_id`, `n` or `level`.

    Examples
    --------
    >>> table = profit_table([1, 0, 1], [0.9, 0.8, 0.1], [0, 2], 1000, 100, 0.5, n=0)
    >>> table[["contacted", "churners", "profit"]].to_dict("split")["data"]
    [[0, 0.0, 0.0], [2, 1.0, 300.0]]
    """
    check_settings(n=(n, 0, np.inf), level=(level, 0.0, 1.0))
    rows = check_rows(y, {"p": p}, customer_id=customer_id)
    counts = count_rows(rows.y, rows.p["p"])
    profits = [expected_profit(y, p, one, value_saved, cost, success_rate) for one in capacities]
    given = value_saved if np.ndim(value_saved) else np.full(rows.y.size, value_saved)
    saved = rows.y * check_money("value_saved", given, may_miss=False)
    drawn = _drawn(rows, counts, saved, capacities, n, random_state)
    profit_drawn = success_rate * drawn - cost * np.minimum(capacities, counts.rows)
    bounds = [percentile_interval(column, level) for column in profit_drawn.T]
    contacted = [int(min(one, counts.rows)) for one in capacities]
    churners = [in_top(counts, counts.churned, one) for one in contacted]
    lows, highs = ([bound[end] for bound in bounds] for end in (0, 1))
    columns = (list(capacities), contacted, churners, profits, lows, highs)
    return pd.DataFrame(dict(zip(PROFIT_COLUMNS, columns, strict=True)))


def _drawn(
    rows: Rows,
    counts: Counts,
    saved: npt.NDArray[np.float64],
    capacities: Sequence[int],
    n: int,
    random_state: int,
) -> npt.NDArray[np.float64]:
    """Return what is saved in each resample at each capacity, shape (n, capacities)."""
    rng = np.random.default_rng(random_state)
    worlds = resampled_amounts(rows.p["p"], saved[None, :], rows.customer, n, rng)
    found = np.zeros((n, len(capacities)))
    for place, (total, (amount,)) in enumerate(worlds):
        drawn = Counts(counts.probability, np.zeros(total.size), total)
        found[place] = [in_top(drawn, amount, min(one, drawn.rows)) for one in capacities]
    return found
