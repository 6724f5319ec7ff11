"""Two indicator groups at once: how risky are those with high usage and low satisfaction?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError, listed, nearest
from churnhealth.evaluate.bootstrap import wilson_interval
from churnhealth.evaluate.checks import TABLE, IntArray, Rows, check_money, check_rows
from churnhealth.evaluate.intervals import LEVEL

BINS = ("low", "middle", "high")
AXES_COLUMNS = (
    "first_group",
    "first_bin",
    "second_group",
    "second_bin",
    "customers",
    "churn_probability",
    "labelled_rows",
    "churned_share",
    "churned_low",
    "churned_high",
    "mrr_at_risk",
)


def two_axes(
    sub_scores: pd.DataFrame,
    first: str,
    second: str,
    churn_probability: npt.ArrayLike,
    *,
    churned: npt.ArrayLike | None = None,
    mrr: npt.ArrayLike | None = None,
    customer_id: npt.ArrayLike | None = None,
    cuts: Mapping[str, Sequence[float]] | None = None,
    bins: Sequence[str] = BINS,
) -> pd.DataFrame:
    """Put customers into the cells of two indicator groups, and tell each cell's risk.

    Parameters
    ----------
    sub_scores : DataFrame, shape (n_rows, n_groups)
        Sub-scores (0-100) by indicator group: `explanation.sub_scores`.
    first, second : str
        Two of its columns.
    churn_probability : array of shape (n_rows,)
        0-1.
    churned : array of shape (n_rows,), optional
        1 = churned, 0 = stayed, missing = not known (yet).
    mrr : array of shape (n_rows,), optional
        Money per month, 0 or more; missing amounts count as nothing.
    customer_id : array of shape (n_rows,), optional
        Whose row it is; each row its own customer when not given.
    cuts : mapping of str to sequence of float, optional
        By group, where the next bin begins (it holds the cut itself), one less than `bins`. A group
        without cuts is divided into equal shares of the rows; equal sub-scores stay together, so
        that a bin may be empty.
    bins : sequence of str
        Names of the bins, from the lowest sub-scores up.

    Returns
    -------
    DataFrame
        One row per cell, empty ones too, the first group's bins outermost: `first_group`,
        `first_bin`, `second_group`, `second_bin`, `customers` (distinct), `churn_probability` (mean),
        `labelled_rows`, `churned_share` among them with its 90 % interval `churned_low`,
        `churned_high` (Wilson, by distinct customers), `mrr_at_risk` (sum of probability x MRR, per
        month). NaN where there is nothing to tell from.

    Raises
    ------
    SchemaError
        With all faults: a group is unknown (a model without groups has but "other"), lengths differ,
        or values are out of range.

    Examples
    --------
    >>> scores = pd.DataFrame({"usage": [20.0, 90.0], "touch": [80.0, 85.0]})
    >>> cuts = {"usage": [50], "touch": [50]}
    >>> table = two_axes(scores, "usage", "touch", [0.6, 0.1], cuts=cuts, bins=["low", "high"])
    >>> table[["first_bin", "second_bin", "customers"]].to_dict("split")["data"]
    [['low', 'low', 0], ['low', 'high', 1], ['high', 'low', 0], ['high', 'high', 1]]
    """
    cuts = cuts or {}
    faults = _faults(sub_scores, (first, second), cuts, bins)
    if faults:
        raise SchemaError(TABLE, faults)
    n = len(sub_scores)
    rows = check_rows(
        np.zeros(n),
        {"churn_probability": churn_probability},
        customer_id=customer_id,
        lengths={"sub_scores": n} | {name: np.size(one) for name, one in _given(churned, mrr).items()},
    )
    truth = np.full(n, np.nan) if churned is None else _labels(churned)
    money = np.full(n, np.nan) if mrr is None else check_money("mrr", mrr)
    place = [
        _bin(sub_scores[name].to_numpy(np.float64), cuts.get(name), len(bins))
        for name in (first, second)
    ]
    lines = []
    for one, one_name in enumerate(bins):
        for two, two_name in enumerate(bins):
            inside = (place[0] == one) & (place[1] == two)
            lines.append((first, one_name, second, two_name, *_cell(rows, truth, money, inside)))
    return pd.DataFrame(lines, columns=list(AXES_COLUMNS))


def _faults(
    sub_scores: Any,
    groups: Sequence[str],
    cuts: Mapping[str, Sequence[float]],
    bins: Sequence[str],
) -> list[str]:
    if not isinstance(sub_scores, pd.DataFrame):
        return [f"sub_scores: expected a DataFrame, got {type(sub_scores).__name__}"]
    known = [str(name) for name in sub_scores.columns]
    faults = [
        f"expected an indicator group, one of {listed(known)}, got {name!r}{nearest(name, known)}"
        for name in dict.fromkeys(groups)
        if name not in known
    ]
    if groups[0] == groups[1]:
        faults.append(f"expected two different groups, got {groups[0]!r} twice")
    if not bins or len(set(bins)) < len(bins):
        faults.append(f"bins: expected different names, one or more, got {list(bins)}")
    faults += [
        f"cuts of {name!r}: expected {len(bins) - 1} rising numbers, got {list(values)}"
        for name, values in cuts.items()
        if len(values) != len(bins) - 1 or any(np.diff(np.asarray(values, dtype=np.float64)) <= 0)
    ]
    stray = [name for name in cuts if name not in groups]
    if stray:
        faults.append(f"cuts: expected them for {listed(groups)}, got them for {listed(stray)}")
    for name in groups:
        if name in known and not np.isfinite(sub_scores[name].to_numpy(dtype=np.float64)).all():
            faults.append(f"sub_scores of {name!r}: expected finite numbers, got others")
    return faults


def _given(churned: npt.ArrayLike | None, mrr: npt.ArrayLike | None) -> dict[str, npt.ArrayLike]:
    both = {"churned": churned, "mrr": mrr}
    return {name: values for name, values in both.items() if values is not None}


def _labels(churned: npt.ArrayLike) -> FloatArray:
    """Return labels as numbers, NaN where not known; what is known must be 0 or 1."""
    given = pd.Series(churned).reset_index(drop=True)
    known = given.notna().to_numpy()
    out = np.full(len(given), np.nan)
    if known.any():
        out[known] = check_rows(given[known].to_numpy(), {}).y
    return out


def _bin(values: FloatArray, cuts: Sequence[float] | None, count: int) -> IntArray:
    """Return the number of each value's bin; without cuts by its middle rank among all."""
    if cuts is not None:
        return np.asarray(np.searchsorted(cuts, values, side="right"), dtype=np.int64)
    share = (rankdata(values, method="average") - 0.5) / max(len(values), 1)
    return np.asarray(np.minimum(share * count, count - 1), dtype=np.int64)


def _cell(
    rows: Rows, truth: FloatArray, money: FloatArray, inside: npt.NDArray[np.bool_]
) -> tuple[float, ...]:
    probability = rows.p["churn_probability"]
    labelled = inside & ~np.isnan(truth)
    share, low, high = float("nan"), float("nan"), float("nan")
    if labelled.any():
        share = float(truth[labelled].mean())
        low, high = wilson_interval(share, np.unique(rows.customer[labelled]).size, LEVEL)
    priced = inside & ~np.isnan(money)
    return (
        np.unique(rows.customer[inside]).size,
        float(probability[inside].mean()) if inside.any() else float("nan"),
        int(labelled.sum()),
        share,
        low,
        high,
        float(probability[priced] @ money[priced]) if priced.any() else float("nan"),
    )
