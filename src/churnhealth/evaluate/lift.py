"""Lift and captured MRR among the riskiest customers, with intervals."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.bootstrap import percentile_interval
from churnhealth.evaluate.checks import Rows, check_money, check_rows, check_settings
from churnhealth.evaluate.counts import Counts, count_rows, resampled_amounts
from churnhealth.evaluate.discrimination import (
    LIFT_COLUMNS,
    SHARES,
    in_top,
    lift_table,
    ratio,
    rows_at_share,
)
from churnhealth.evaluate.intervals import LEVEL, Sizes, lift_bounds

BOUNDED = ("lift", "captured_churners", "captured_mrr")
LIFT_WITH_INTERVALS = (*LIFT_COLUMNS, *(f"{name}_{end}" for name in BOUNDED for end in ("low", "high")))


def lift_with_intervals(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    shares: Sequence[float] = SHARES,
    mrr: npt.ArrayLike | None = None,
    customer_id: npt.ArrayLike | None = None,
    n: int = 300,
    random_state: int = 0,
) -> pd.DataFrame:
    """Return the table of `lift_table` with 90 % intervals, by resampling customers.

    With fewer than 30 churners or stayers, lift and captured churners are bounded by Wilson's formula
    instead; the interval of the captured MRR is then too narrow.

    Parameters
    ----------
    y, p, shares, mrr
        As in `lift_table`.
    customer_id : array of shape (n,), optional
        Whose row it is; each row its own customer when not given.
    n : int
        Resamples, 0 or more; 0 gives NaN bounds.
    random_state : int
        Seed; the same seed gives the same intervals.

    Returns
    -------
    pandas.DataFrame
        The columns of `lift_table`, then `lift_low`, `lift_high`, `captured_churners_low`,
        `captured_churners_high`, `captured_mrr_low`, `captured_mrr_high`; NaN where the value is.

    Raises
    ------
    SchemaError
        As in `lift_table`; or a faulty `customer_id` or `n`.

    Examples
    --------
    >>> table = lift_with_intervals([1, 0] * 50, [0.9, 0.1] * 50, shares=[0.5], n=50)
    >>> table[["lift", "captured_churners"]].to_dict("records")
    [{'lift': 2.0, 'captured_churners': 1.0}]
    >>> bool(table["captured_churners_low"][0] > 0.8)
    True
    """
    check_settings(n=(n, 0, np.inf))
    table = lift_table(y, p, shares, mrr)
    rows = check_rows(y, {"p": p}, customer_id=customer_id)
    known = None if mrr is None else np.nan_to_num(check_money("mrr", mrr))
    drawn = list(_drawn(rows, known, shares, n, random_state))
    sizes = Sizes.of(rows.y, rows.customer)
    for place, name in enumerate(BOUNDED):
        bounds = [
            _bounds(name, line, [world[at][place] for world in drawn], sizes)
            for at, line in enumerate(table.to_dict("records"))
        ]
        table[f"{name}_low"] = np.asarray([low for low, _ in bounds], dtype=np.float64)
        table[f"{name}_high"] = np.asarray([high for _, high in bounds], dtype=np.float64)
    return table


def _drawn(
    rows: Rows, mrr: FloatArray | None, shares: Sequence[float], n: int, random_state: int
) -> Iterator[list[tuple[float, float, float]]]:
    """Yield, for each resample, lift, captured churners and captured MRR at every share."""
    y, p = rows.y, rows.p["p"]
    # Sorted, so that the order of the rows changes no draw.
    order = np.lexsort((rows.customer, np.zeros(y.size) if mrr is None else mrr, y, p))
    customer = _numbered_in_order(rows.customer[order])
    lost = y * (np.full(y.size, np.nan) if mrr is None else mrr)
    distinct = count_rows(y, p).probability
    worlds = resampled_amounts(
        p[order], np.stack([y, lost])[:, order], customer, n, np.random.default_rng(random_state)
    )
    for total, (churned, money) in worlds:
        counts = Counts(distinct, churned, total - churned)
        yield [_values(counts, money, share) for share in shares]


def _numbered_in_order(customer: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    # When every row is its own customer, rows that are equal can stand for each other.
    return np.arange(customer.size) if int(customer.max()) + 1 == customer.size else customer


def _values(counts: Counts, money: FloatArray, share: float) -> tuple[float, float, float]:
    taken = rows_at_share(counts, share)
    churners = in_top(counts, counts.churned, taken)
    captured_mrr = ratio(in_top(counts, money, taken), float(money.sum()))
    lift = ratio(churners / taken, counts.base_rate)
    return lift, ratio(churners, counts.churners), captured_mrr


def _bounds(
    name: str, line: Mapping[Hashable, Any], drawn: list[float], sizes: Sizes
) -> tuple[float, float]:
    if not np.isfinite(line[name]) or not drawn:
        return float("nan"), float("nan")
    if name == "captured_mrr" or not sizes.few:
        return percentile_interval(drawn, LEVEL)
    share = line["captured_churners"] / line["lift"] if line["lift"] > 0 else line["share"]
    low, high = lift_bounds(line["lift"], share, sizes.churners)
    return (low, high) if name == "lift" else (low * share, high * share)
