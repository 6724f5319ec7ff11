"""The table as LightGBM sees it: numbers cast its way, and missing values already sent left or right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from churnhealth.errors import SchemaError, listed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ZERO = float(np.float32(1e-35))
"""Numbers up to this size are zero to LightGBM (a float32 constant there)."""

CATEGORICAL, DEFAULT_LEFT = 1, 2
_LARGEST_CATEGORY = 2.0**31
_HOWS = ("category", "nan", "plain", "zero")


class Reading(NamedTuple):
    """One way in which splits read a column; splits that share it share a prepared column.

    `how` is "plain" (missing is 0), "zero" (0 counts as missing), "nan" (missing stays missing) or
    "category".
    """

    how: str
    column: int


def readings_of(decision_type: Ints, column: Ints) -> tuple[tuple[Reading, ...], Ints]:
    """Return the ways in which splits read their columns.

    Parameters
    ----------
    decision_type, column : int arrays (splits,)
        LightGBM's decision bits and the split's column.

    Returns
    -------
    readings : tuple of Reading
        Each once, sorted: the rows of the prepared table.
    row : int array (splits,)
        Which of them each split reads.

    Examples
    --------
    >>> readings_of(np.array([0b1010, 0b0001, 0b1000]), np.array([3, 5, 3]))[0]
    (Reading(how='category', column=5), Reading(how='nan', column=3))
    """
    missing = (decision_type >> 2) & 3
    how = np.where(decision_type & CATEGORICAL, 0, np.select([missing == 0, missing == 1], [2, 3], 1))
    width = int(column.max(initial=0)) + 1
    found, row = np.unique(how * width + column, return_inverse=True)
    return tuple(Reading(_HOWS[one // width], one % width) for one in found.tolist()), row


def as_numbers(X: Any, n_columns: int) -> npt.NDArray[Any]:
    """Check the table and cast it as `Booster.predict` does.

    float64 and float32 stay as they are, whatever the memory order; any other numbers of an array become
    float32, of a data frame the common type of its columns and float32 (so that integers there keep
    their value).

    Parameters
    ----------
    X : array-like or data frame (rows, n_columns)
    n_columns : int
        Columns that the model was trained with.

    Returns
    -------
    float32 or float64 array (rows, n_columns)

    Raises
    ------
    SchemaError
        Wrong shape, or columns that are no numbers.
    """
    numbers = _frame_numbers(X) if hasattr(X, "dtypes") and hasattr(X, "to_numpy") else np.asarray(X)
    if numbers.dtype.kind not in "fiub":
        raise SchemaError(
            "X", [f"expected numbers, got {numbers.dtype}: encode categories as the model's codes"]
        )
    if numbers.ndim != 2 or numbers.shape[1] != n_columns:
        fault = (
            f"expected a table of {n_columns} columns (as in training), got the shape {numbers.shape}"
        )
        raise SchemaError("X", [fault])
    return numbers if numbers.dtype in (np.float32, np.float64) else numbers.astype(np.float32)


def _frame_numbers(X: Any) -> npt.NDArray[Any]:
    others = [name for name, kind in X.dtypes.items() if getattr(kind, "kind", "O") not in "fiub"]
    if others:
        fault = f"expected columns of numbers, {listed(others)} are none: encode categories as codes"
        raise SchemaError("X", [fault])
    kinds = [getattr(kind, "numpy_dtype", kind) for kind in X.dtypes]
    return np.asarray(X.to_numpy(dtype=np.result_type(np.float32, *kinds), na_value=np.nan))


def prepare(X: npt.NDArray[Any], readings: Sequence[Reading]) -> Floats:
    """Return one row per reading, in which every value that goes by a split's default direction is NaN.

    Categories become whole numbers, those that no set can hold (missing, negative, beyond 32 bits) -1.

    Parameters
    ----------
    X : float array (rows, columns)
    readings : sequence of Reading, sorted

    Returns
    -------
    float64 array (len(readings), rows)

    Examples
    --------
    >>> prepare(np.array([[np.nan], [0.0], [2.5]]), [Reading("category", 0), Reading("zero", 0)])
    array([[-1. ,  0. ,  2. ],
           [ nan,  nan,  2.5]])
    """
    table = X.T[[reading.column for reading in readings]].astype(np.float64)
    kinds = [reading.how for reading in readings]
    for how in dict.fromkeys(kinds):
        start = kinds.index(how)
        _REWRITE[how](table[start : start + kinds.count(how)])
    return table


def _plain(part: Floats) -> None:
    part[~(np.abs(part) > ZERO)] = 0.0


def _zero(part: Floats) -> None:
    part[~(np.abs(part) > ZERO)] = np.nan


def _nan(part: Floats) -> None:
    part[np.abs(part) <= ZERO] = 0.0


def _category(part: Floats) -> None:
    np.trunc(part, out=part)
    part[~((part >= 0) & (part < _LARGEST_CATEGORY))] = -1.0


_REWRITE = {"plain": _plain, "zero": _zero, "nan": _nan, "category": _category}
