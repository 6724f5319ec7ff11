"""All contributions of a sample of customers, laid out side by side where they are alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError
from churnhealth.explain.explanation import Explanation, group_of, source_of

SWARM_COLUMNS = ("indicator", "indicator_group", "points", "value", "relative_value", "offset")
# Points that lie closer than this share of the whole span are set above each other.
CELLS = 80
# A pile of so few on either side of the middle does not fill its strip.
SMALL_PILE = 5.0


def swarm_table(
    explanation: Explanation, top: int = 10, most: int = 300, random_state: int = 0
) -> pd.DataFrame:
    """Lay out the contributions of the strongest indicators for a sample of customers.

    Parameters
    ----------
    explanation : Explanation
        Of any number of customers.
    top : int
        At most so many indicators, 1 or more, the largest mean absolute contribution first.
    most : int
        At most so many customers, 1 or more; of more, a simple random sample is drawn.
    random_state : int
        Seed of the sample.

    Returns
    -------
    DataFrame
        One row per indicator and customer, without the customer: `indicator`, `indicator_group`,
        `points` (health points), `value` (text, "" when missing), `relative_value` (rank of the value
        among those shown, 0 = smallest, 1 = largest; NaN for categories and missing values),
        `offset` (-0.5 to 0.5: place within the indicator's strip, from the density of the points).

    Raises
    ------
    SchemaError
        `top` or `most` below 1.

    Examples
    --------
    >>> from churnhealth.domain.indicators import Catalogue
    >>> points = pd.DataFrame({"logins": [1.0, 1.0, -2.0]})
    >>> values = pd.DataFrame({"logins": [9, 8, 1]})
    >>> made = Explanation(80.0, points, values, values.median(), Catalogue(), points)
    >>> swarm_table(made)[["points", "relative_value", "offset"]].to_dict("split")["data"]
    [[1.0, 1.0, -0.05], [1.0, 0.5, 0.05], [-2.0, 0.0, 0.0]]
    """
    faults = [
        f"{name}: expected 1 or more, got {value!r}"
        for name, value in (("top", top), ("most", most))
        if value < 1
    ]
    if faults:
        raise SchemaError("swarm", faults)
    rows = np.arange(len(explanation.points))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, most, replace=False))
    points = explanation.points.iloc[rows]
    names = explanation.importance()["indicator"].head(top).tolist() if len(rows) else []
    span = float(np.abs(points[names].to_numpy()).max()) if len(rows) else 0.0
    parts = [_strip(str(name), explanation, points, rows, span) for name in names]
    if not parts:
        return pd.DataFrame(columns=list(SWARM_COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _strip(
    name: str, explanation: Explanation, points: pd.DataFrame, rows: np.ndarray, span: float
) -> pd.DataFrame:
    values = explanation.values[source_of(name)].iloc[rows]
    own = points[name].to_numpy(dtype=np.float64)
    columns = (
        name,
        group_of(name, explanation.catalogue),
        own,
        [_text(value) for value in values],
        _relative(values),
        _offsets(own, span),
    )
    return pd.DataFrame(dict(zip(SWARM_COLUMNS, columns, strict=True)))


def _text(value: Any) -> str:
    if pd.isna(value):
        return ""
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _relative(values: pd.Series[Any]) -> FloatArray:
    out = np.full(len(values), np.nan)
    if not pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return out
    numbers = values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(numbers)
    if known.any():
        ranks = rankdata(numbers[known], method="dense") - 1.0
        out[known] = ranks / ranks.max() if ranks.max() > 0 else 0.5
    return out


def _offsets(points: FloatArray, span: float) -> FloatArray:
    """Return how far up each point is set, -0.5 to 0.5; those of a cell stand around the middle."""
    cell = np.floor(CELLS * points / (2.0 * span)) if span > 0 else np.zeros(len(points))
    out = np.zeros(len(points))
    for one in np.unique(cell):
        here = np.flatnonzero(cell == one)
        out[here] = np.arange(len(here)) - (len(here) - 1) / 2.0
    return out / (2.0 * max(float(np.abs(out).max(initial=0.0)), SMALL_PILE))
