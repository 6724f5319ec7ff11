"""Are the probabilities right within each plan, region or touch model, beyond what chance explains?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError
from churnhealth.evaluate.checks import TABLE, IntArray, check_rows
from churnhealth.evaluate.counts import count_rows
from churnhealth.evaluate.poisson_binomial import churner_interval

LEVEL = 0.95
MISSING = "(missing)"
SEGMENT_COLUMNS = (
    "segment",
    "value",
    "customers",
    "churners",
    "mean_predicted",
    "observed",
    "difference",
    "standard_error",
    "inside",
)


def metrics_by_segment(y: npt.ArrayLike, p: npt.ArrayLike, segments: pd.DataFrame) -> pd.DataFrame:
    """Compare observed and predicted share of churners for every value of every segment column.

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1).
    segments : pandas.DataFrame of n rows
        One column per segmentation, values as categories (no continuous measures), in the order of
        `y`; the index is not used. Missing values are a value of their own, "(missing)".

    Returns
    -------
    pandas.DataFrame
        One row per column and value, the largest value first: `segment` (the column), `value` (as
        text), `customers` (rows), `churners`, `mean_predicted`, `observed` (shares, 0-1),
        `difference` (observed - mean_predicted), `standard_error` (of the difference if the
        probabilities are true: sqrt(sum of p (1 - p)) / customers), `inside` (bool: the number of
        churners lies within the central 95 % of its exact distribution, Poisson-binomial). Of 20
        right values one falls outside by chance.

    Raises
    ------
    SchemaError
        When the input has faults, or `segments` is no table of n rows.

    Examples
    --------
    >>> table = metrics_by_segment([1, 0, 0], [0.5, 0.5, 0.0], pd.DataFrame({"plan": ["A", "A", None]}))
    >>> table[["value", "customers", "difference", "inside"]].to_dict("split")["data"]
    [['A', 2, 0.0, True], ['(missing)', 1, 0.0, True]]
    """
    if not isinstance(segments, pd.DataFrame):
        raise SchemaError(TABLE, [f"segments: expected a DataFrame, got {type(segments).__name__}"])
    rows = check_rows(y, {"p": p}, lengths={"segments": len(segments)})
    found = [
        _segment_row(str(name), value, rows.y[here], rows.p["p"][here])
        for place, name in enumerate(segments.columns)
        for value, here in _groups(segments.iloc[:, place])
    ]
    return pd.DataFrame(found, columns=list(SEGMENT_COLUMNS))


def _groups(column: pd.Series[Any]) -> list[tuple[str, IntArray]]:
    text = column.astype(object).map(str).where(column.notna().to_numpy(), MISSING)
    values, code = np.unique(text.to_numpy(dtype=object), return_inverse=True)
    order = np.argsort(code, kind="stable")
    places = np.split(order, np.cumsum(np.bincount(code))[:-1])
    return sorted(zip(values, places, strict=True), key=lambda group: (-group[1].size, group[0]))


def _segment_row(segment: str, value: str, y: FloatArray, p: FloatArray) -> dict[str, object]:
    counts = count_rows(y, p)
    low, high = churner_interval(counts.probability, counts.total, LEVEL)
    return {
        "segment": segment,
        "value": value,
        "customers": y.size,
        "churners": int(y.sum()),
        "mean_predicted": float(p.mean()),
        "observed": float(y.mean()),
        "difference": float(y.mean() - p.mean()),
        "standard_error": float(np.sqrt(np.sum(p * (1.0 - p))) / y.size),
        "inside": low <= counts.churners <= high,
    }
