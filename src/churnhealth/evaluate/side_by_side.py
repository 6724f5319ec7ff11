"""Healthy against churned, indicator by indicator: what tells those who stayed from those who left?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from churnhealth.domain.health import FloatArray
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.evaluate.bootstrap import newcombe_interval
from churnhealth.evaluate.checks import TABLE, Rows, check_rows
from churnhealth.evaluate.intervals import LEVEL, Sizes
from churnhealth.model.columns import ColumnSpec, encode_table, learn_columns

MOST_LEVELS = 10
ALL_OTHER_LEVELS = "(all other levels)"
MEDIAN, SHARE = "median", "share"
SIDE_COLUMNS = (
    "indicator",
    "indicator_group",
    "level",
    "measure",
    "healthy",
    "churned",
    "standardised_difference",
    "auc",
    "auc_low",
    "auc_high",
    "healthy_rows",
    "churned_rows",
    "healthy_missing",
    "churned_missing",
)


@dataclass(frozen=True, eq=False)
class _Measured:
    """One line's values: of an indicator, or of one of its levels (1 = has it)."""

    indicator: str
    level: str
    measure: str
    values: FloatArray


def healthy_against_churned(
    y: npt.ArrayLike,
    indicators: Any,
    *,
    customer_id: npt.ArrayLike | None = None,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Set those who stayed beside those who churned, one indicator at a time.

    Nothing is fitted and no other indicator is looked at: a difference can be another indicator's
    doing, and an indicator without one can matter together with others. Of 70 indicators that say
    nothing, about seven have an interval that excludes 0.5.

    Parameters
    ----------
    y : array of shape (n,)
        Truth: 1 = churned, 0 = stayed.
    indicators : pandas.DataFrame of n rows
        Numbers, booleans, text or categories, with missing values; in the order of `y`.
    customer_id : array of shape (n,), optional
        Whose row it is; the intervals take customers, not rows, as independent.
    catalogue : Catalogue, optional
        Group of each indicator; what it does not name is inferred.

    Returns
    -------
    pandas.DataFrame
        What tells most first. One row per number or boolean; of a category one per level, at most
        the 10 most frequent and "(all other levels)":

        - `indicator`, `indicator_group`, `level` (empty but for categories)
        - `measure`: "median" of numbers, "share" of rows that are true or have the level (0-1)
        - `healthy`, `churned`: that measure among rows that stayed and that churned
        - `standardised_difference`: (mean of churned - mean of healthy) / sqrt(mean of both
          variances), in standard deviations (Austin 2009, Statistics in Medicine 28)
        - `auc`: chance that a churned row has the larger value than one that stayed, ties one half;
          0.5 = tells nothing, below 0.5 = churners have less
        - `auc_low`, `auc_high`: its 90 % interval (`newcombe_interval`)
        - `healthy_rows`, `churned_rows`: rows with a value; all of the above rest on these
        - `healthy_missing`, `churned_missing`: share of rows without one (0-1)

        NaN where it is not defined: no value on one side, or no spread.

    Raises
    ------
    SchemaError
        When `y` or `customer_id` has faults, `indicators` is no table of n rows, or holds columns
        that are no indicators (dates, nested or infinite values).

    Examples
    --------
    >>> logins = pd.DataFrame({"logins": [9, 8, 7, 1, 2, None]})
    >>> table = healthy_against_churned([0, 0, 0, 1, 1, 1], logins)
    >>> table[["measure", "healthy", "churned", "auc", "churned_rows"]].to_dict("split")["data"]
    [['median', 8.0, 1.5, 0.0, 2]]
    """
    if not isinstance(indicators, pd.DataFrame):
        fault = f"indicators: expected a DataFrame, got {type(indicators).__name__}"
        raise SchemaError(TABLE, [fault])
    rows = check_rows(y, {}, customer_id=customer_id, lengths={"indicators": len(indicators)})
    named = indicators.set_axis([str(name) for name in indicators.columns], axis=1)
    specs = learn_columns(named)
    matrix = encode_table(named, specs).matrix
    known = (catalogue or Catalogue()).for_columns([spec.name for spec in specs])
    groups = {one.name: one.group for one in known.indicators}
    lines = [
        {"indicator_group": groups[one.indicator]} | _line(one, rows)
        for place, spec in enumerate(specs)
        for one in _measured(spec, matrix[:, place])
    ]
    table = pd.DataFrame(lines, columns=list(SIDE_COLUMNS))
    tells = np.abs(table["auc"].to_numpy(np.float64) - 0.5)
    order = np.argsort(-np.nan_to_num(tells, nan=-1.0), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _measured(spec: ColumnSpec, column: FloatArray) -> Iterator[_Measured]:
    if spec.kind != "category":
        yield _Measured(spec.name, "", MEDIAN if spec.kind == "number" else SHARE, column)
        return
    known = ~np.isnan(column)
    code, rows = np.unique(column[known], return_counts=True)
    frequent = code[np.argsort(-rows, kind="stable")]
    # One level more fits where it would otherwise stand alone as all others.
    named = frequent[: MOST_LEVELS + (len(frequent) == MOST_LEVELS + 1)]
    for one in named:
        has = np.where(known, column == one, np.nan)
        yield _Measured(spec.name, spec.levels[int(one)], SHARE, has)
    if len(named) < len(frequent):
        has = np.where(known, ~np.isin(column, named), np.nan)
        yield _Measured(spec.name, ALL_OTHER_LEVELS, SHARE, has)


def _line(one: _Measured, rows: Rows) -> dict[str, object]:
    known = ~np.isnan(one.values)
    sides = [one.values[known & (rows.y == side)] for side in (0, 1)]
    everybody = [int(np.sum(rows.y == side)) for side in (0, 1)]
    missing = [
        1.0 - side.size / total if total else float("nan")
        for side, total in zip(sides, everybody, strict=True)
    ]
    auc, low, high = _auc(one.values[known], rows.y[known], rows.customer[known])
    healthy, churned = (_middle(side, one.measure) for side in sides)
    return {
        "indicator": one.indicator,
        "level": one.level,
        "measure": one.measure,
        "healthy": healthy,
        "churned": churned,
        "standardised_difference": _standardised(*sides),
        "auc": auc,
        "auc_low": low,
        "auc_high": high,
        "healthy_rows": sides[0].size,
        "churned_rows": sides[1].size,
        "healthy_missing": missing[0],
        "churned_missing": missing[1],
    }


def _middle(values: FloatArray, measure: str) -> float:
    if not values.size:
        return float("nan")
    return float(np.median(values) if measure == MEDIAN else values.mean())


def _standardised(healthy: FloatArray, churned: FloatArray) -> float:
    if not healthy.size or not churned.size:
        return float("nan")
    # Scaled, so that large numbers keep their squares finite.
    scale = max(float(np.abs(healthy).max()), float(np.abs(churned).max()), 1e-300)
    healthy, churned = healthy / scale, churned / scale
    spread = float(np.sqrt((healthy.var() + churned.var()) / 2.0))
    return float(churned.mean() - healthy.mean()) / spread if spread > 1e-12 else float("nan")


def _auc(
    values: FloatArray, y: FloatArray, customer: npt.NDArray[np.int64]
) -> tuple[float, float, float]:
    if not values.size or y.min() == y.max():
        return float("nan"), float("nan"), float("nan")
    place = np.unique(values, return_inverse=True)[1]
    auc = float(roc_auc_score(y, place))
    sizes = Sizes.of(y, customer)
    return auc, *newcombe_interval(auc, sizes.churners, sizes.stayers, LEVEL)
