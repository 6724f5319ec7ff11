"""What can be wrong with a panel: each check returns faults in words, or the rows that have one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.errors import SchemaError, listed, nearest

BoolArray = npt.NDArray[np.bool_]

_DATE_TEXT = re.compile(
    r"\s*(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?:[T ].*)?"
)
_TIME_TYPES = frozenset(
    {"datetime", "datetime64", "date", "timedelta", "timedelta64", "time", "period", "interval"}
)


def own_table(frame: object, table: str) -> pd.DataFrame:
    """Return a table of our own with text as column names and rows numbered from 0.

    The caller's frame is never changed through it.
    """
    if not isinstance(frame, pd.DataFrame):
        raise SchemaError(table, [f"expected a pandas DataFrame, got {type(frame).__name__}"])
    own = frame.reset_index(drop=True)
    own.columns = pd.Index([str(name) for name in frame.columns])
    return own


def row_numbers(rows: npt.ArrayLike, most: int = 5) -> str:
    """Write which rows are meant, counted from 1.

    Examples
    --------
    >>> row_numbers([False, True, True, True], most=2)
    'rows 2, 3 and 1 more'
    """
    numbers = np.flatnonzero(np.asarray(rows)) + 1
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return f"row{'s' if len(numbers) != 1 else ''} {', '.join(map(str, numbers[:most]))}{more}"


def structure_faults(table: pd.DataFrame, wanted: Mapping[str, str]) -> list[str]:
    """Find an empty table, column names that stand twice, and columns that are missing.

    Parameters
    ----------
    table : DataFrame
        From `own_table`.
    wanted : mapping of str to str
        What each needed column is for, by the column's name: `{"Churn": "label"}`.
    """
    faults = []
    if table.empty:
        faults.append(f"expected rows, got an empty table ({len(table)} rows, {table.shape[1]} columns)")
    twice = table.columns[table.columns.duplicated()].unique()
    if len(twice):
        faults.append(f"expected every column name once, these stand twice or more: {listed(twice)}")
    here = set(table.columns)
    spare = [name for name in table.columns if name not in wanted]
    missing = [name for name in wanted if name not in here]
    faults += [
        f"{wanted[name]} column {_quoted(name)} is missing{nearest(name, spare)}" for name in missing
    ]
    if missing:
        faults.append(f"the table has {table.shape[1]} columns: {listed(table.columns, 12)}")
    return faults


def key_faults(ids: pd.Series, instants: pd.Series) -> list[str]:
    """Find customers without an id, and keys that stand twice.

    Parameters
    ----------
    ids, instants : Series, shape (n,)
        From `customer_text` and `cutoff_instants`.
    """
    faults = []
    missing = ids.isna().to_numpy()
    if missing.any():
        faults.append(f"customer_id is missing in {row_numbers(missing)}")
    twice = repeated_keys(ids, instants)
    if twice.any():
        examples = ids[twice].drop_duplicates()
        faults.append(
            "expected one row for each customer_id and cutoff, but several rows have the same: "
            f"{listed(examples, 3)} in {row_numbers(twice)}; keep one of them"
        )
    return faults


def repeated_keys(ids: pd.Series, instants: pd.Series) -> BoolArray:
    """Mark all rows of every (customer_id, cutoff) that stands more than once."""
    keys = pd.DataFrame({"id": ids, "at": instants})
    known = keys.notna().all(axis=1)
    return (keys.duplicated(keep=False) & known).to_numpy(dtype=bool)


def unusable(values: pd.Series) -> str | None:
    """Say why a column cannot be an indicator; None when it can.

    Examples
    --------
    >>> unusable(pd.Series(["2026-04-01", None]))
    'holds dates: turn them into days before the cutoff, or ignore the column'
    """
    kind = _kind(values)
    if kind in _TIME_TYPES:
        return f"holds {_time_words(kind)}, or ignore the column"
    if kind == "complex":
        return "holds complex numbers: expected numbers, booleans, text or categories"
    if kind == "bytes":
        return "holds bytes: expected numbers, booleans, text or categories"
    if kind == "nested":
        return "holds lists or other nested values: make one plain column of each part"
    return None


def infinite(values: pd.Series) -> BoolArray:
    """Mark the rows that hold plus or minus infinity."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        levels = infinite(pd.Series(dtype.categories))
        return np.isin(values.cat.codes.to_numpy(), np.flatnonzero(levels))
    if pd.api.types.is_float_dtype(dtype):
        doubles = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(np.isinf(doubles), dtype=bool)
    if not pd.api.types.is_object_dtype(dtype) or _kind(values) == "string":
        return np.zeros(len(values), dtype=bool)
    return np.array([_is_infinite(value) for value in values], dtype=bool)


def infinite_faults(table: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Find infinite values, column by column."""
    faults = []
    for name in names:
        rows = infinite(table[name])
        if rows.any():
            faults.append(
                f"column {_quoted(name)} is infinite in {row_numbers(rows)}; leave a measure that does "
                "not exist empty"
            )
    return faults


def unusable_faults(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Find columns that cannot be indicators, or that there are none."""
    if not names:
        return [
            "expected at least one indicator column, got none besides key, label and ignored columns"
        ]
    reasons = {name: unusable(table[name]) for name in names}
    return [f"column {_quoted(name)} {reason}" for name, reason in reasons.items() if reason]


def _quoted(name: str) -> str:
    return listed([name])


def _kind(values: pd.Series) -> str:
    """Name the type of a column's values, dates written as text included."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind(pd.Series(dtype.categories))
    if dtype.kind in "mM":
        return "datetime" if dtype.kind == "M" else "timedelta"
    if dtype.kind in "biuf":
        return "number"
    kind = pd.api.types.infer_dtype(values, skipna=True)
    known = values.dropna()
    if kind == "string" and len(known) and all(map(_DATE_TEXT.fullmatch, known.unique())):
        return "date"
    if kind.startswith("mixed") and any(_is_nested(value) for value in known):
        return "nested"
    return kind


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict, set, frozenset, np.ndarray))


def _is_infinite(value: Any) -> bool:
    return isinstance(value, (float, np.floating, Decimal)) and math.isinf(value)


def _time_words(kind: str) -> str:
    if kind.startswith("timedelta"):
        return "durations: turn them into a number of days"
    if kind in ("time", "interval"):
        return f"values of type {kind}: turn them into numbers"
    return "dates: turn them into days before the cutoff"
