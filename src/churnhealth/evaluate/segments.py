"""Are the probabilities right within each plan, region or touch model, beyond what chance explains?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError
from churnhealth.evaluate.checks import TABLE, IntArray, Rows, check_rows
from churnhealth.evaluate.clusters import design_effect, row_dependence
from churnhealth.evaluate.counts import count_rows
from churnhealth.evaluate.poisson_binomial import chance_of_count, largest_gap

LEVEL = 0.95
MISSING = "(missing)"
BEYOND, BORDERLINE = "beyond chance", "borderline"
WITHIN, TOO_FEW = "within chance", "too few to tell"
SEGMENT_COLUMNS = (
    "segment",
    "level",
    "rows",
    "customers",
    "churners",
    "mean_predicted",
    "observed",
    "gap",
    "floor_95",
    "chance",
    "verdict",
)


def calibration_by_segment(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    segments: pd.DataFrame,
    customer_id: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Compare observed and predicted share of churners within every level of every segment.

    What a right model would show by chance comes from the exact distribution of the number of churners
    (Poisson-binomial; no simulation, no seed). Where rows of a customer hang together, gaps by chance
    are larger by the square root of `design_effect`. With many levels some stray by chance alone, so a
    level is called "beyond chance" only if it is so among all levels looked at (Holm 1979,
    Scandinavian Journal of Statistics 6): on 20 such tables of a right model about one names a level.

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1).
    segments : pandas.DataFrame of n rows
        One column per segment, values as categories (no continuous measures), in the order of
        `y`; the index is not used. Missing values are a level of their own, "(missing)".
    customer_id : array of shape (n,), optional
        Whose row it is; each row its own customer when not given.

    Returns
    -------
    pandas.DataFrame
        One row per segment and level, the largest level first: `segment` (the column), `level` (as
        text), `rows`, `customers` (distinct), `churners` (distinct customers with a churned row; 0 is
        judged like any other number), `mean_predicted`, `observed` (shares of rows, 0-1), `gap`
        (observed - mean_predicted; above 0 = more churned than predicted), `floor_95` (95 % of right
        models show a smaller absolute gap, or the same), `chance` (0-1: how often a right model shows
        a gap as far out), `verdict`: "beyond chance"; "borderline" (above its floor, but among so many
        levels that may be chance); "too few to tell" (not above its floor, which is as large as
        `mean_predicted` itself: neither no churn at all nor twice as much would stand out); else
        "within chance".

    Raises
    ------
    SchemaError
        When the input has faults, or `segments` is no table of n rows.

    Examples
    --------
    >>> plan = pd.DataFrame({"plan": ["A"] * 40 + [None] * 2})
    >>> table = calibration_by_segment([1] * 20 + [0] * 22, [0.5] * 42, plan)
    >>> table[["level", "rows", "gap", "verdict"]].to_dict("split")["data"]
    [['A', 40, 0.0, 'within chance'], ['(missing)', 2, -0.5, 'too few to tell']]
    """
    if not isinstance(segments, pd.DataFrame):
        raise SchemaError(TABLE, [f"segments: expected a DataFrame, got {type(segments).__name__}"])
    rows = check_rows(y, {"p": p}, customer_id=customer_id, lengths={"segments": len(segments)})
    dependence = row_dependence(rows.y, rows.p["p"], rows.customer)
    found = [
        {"segment": str(name), "level": level} | _level_row(rows, here, dependence)
        for place, name in enumerate(segments.columns)
        for level, here in levels_of(segments.iloc[:, place])
    ]
    table = pd.DataFrame(found, columns=list(SEGMENT_COLUMNS))
    table["verdict"] = _verdicts(table)
    return table


def levels_of(column: pd.Series[Any]) -> list[tuple[str, IntArray]]:
    """Return the levels of a segment as text with the places of their rows, the largest first."""
    text = column.astype(object).map(str).where(column.notna().to_numpy(), MISSING)
    levels, code = np.unique(text.to_numpy(dtype=object), return_inverse=True)
    order = np.argsort(code, kind="stable")
    places = np.split(order, np.cumsum(np.bincount(code))[:-1])
    return sorted(zip(levels, places, strict=True), key=lambda group: (-group[1].size, group[0]))


def _level_row(rows: Rows, here: IntArray, dependence: float) -> dict[str, object]:
    y, p, customer = rows.y[here], rows.p["p"][here], rows.customer[here]
    counts, expected = count_rows(y, p), float(p.sum())
    wider = float(np.sqrt(design_effect(p, customer, dependence)))
    floor = wider * largest_gap(counts.probability, counts.total, LEVEL)
    as_independent = expected + (counts.churners - expected) / wider
    return {
        "rows": y.size,
        "customers": int(np.unique(customer).size),
        "churners": int(np.unique(customer[y == 1]).size),
        "mean_predicted": expected / y.size,
        "observed": counts.churners / y.size,
        "gap": (counts.churners - expected) / y.size,
        "floor_95": min(floor / y.size, 1.0),
        "chance": chance_of_count(as_independent, counts.probability, counts.total),
    }


def _verdicts(table: pd.DataFrame) -> list[str]:
    outside = _above(table["gap"].abs(), table["floor_95"])
    blunt = ~_above(table["mean_predicted"], table["floor_95"])
    chosen = np.select(
        [_holm(table["chance"].to_numpy(np.float64)), outside, blunt],
        [BEYOND, BORDERLINE, TOO_FEW],
        WITHIN,
    )
    return [str(verdict) for verdict in chosen]


def _above(values: pd.Series[float], floor: pd.Series[float]) -> npt.NDArray[np.bool_]:
    return np.asarray(values.to_numpy(np.float64) > floor.to_numpy(np.float64) + 1e-9)


def _holm(chance: FloatArray) -> npt.NDArray[np.bool_]:
    """Say which chances are too small to be one of so many, at 1 - LEVEL for the whole table."""
    order = np.argsort(chance, kind="stable")
    allowed = (1.0 - LEVEL) / np.arange(chance.size, 0, -1)
    named = np.zeros(chance.size, dtype=bool)
    named[order] = np.logical_and.accumulate(chance[order] <= allowed)
    return named
