"""The columns that a model was fitted on, and how a table becomes their matrix of numbers.

Everything that scoring needs to know about a column (its order, type, levels, typical value) is
learned once, at fit, and kept in the artifact. Nothing is ever taken from the table being scored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.errors import SchemaError, listed, nearest

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Kind = Literal["number", "boolean", "category"]

POOLED_LEVEL = "(other)"
MOST_LEVELS = 5_000
RARE_LEVEL = 5
MOST_RARE_NAMES = 5_000


@dataclass(frozen=True)
class ColumnSpec:
    """One indicator column as it was at fit.

    Parameters
    ----------
    name : str
        Column name.
    kind : {"number", "boolean", "category"}
        How values are read.
    levels : tuple of str
        Levels of a category in the order of their codes 0, 1, ...; empty for other kinds.
    rare : tuple of str
        Levels that share the pooled level, so that a rare level is not taken for a new one.
    has_missing : bool
        Were values missing at fit? Then the explanation shows a missing value on its own.
    typical : float or str or None
        Median of numbers and booleans, most frequent level of categories; None when all missing.
    low, high : float or None
        Smallest and largest number at fit.
    shares : tuple of float
        Of the training rows, those with a missing value included, the share (0-1) with each of
        `levels`; empty for other kinds, and in a model of an older artifact.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    has_missing: bool = False
    typical: float | str | None = None
    low: float | None = None
    high: float | None = None
    shares: tuple[float, ...] = ()

    @property
    def level_shares(self) -> dict[str, float]:
        """Return the share of each level by its name; empty where it is not known.

        Examples
        --------
        >>> ColumnSpec("plan", "category", ("Basic", "Pro"), shares=(0.62, 0.3)).level_shares
        {'Basic': 0.62, 'Pro': 0.3}
        """
        return dict(zip(self.levels, self.shares, strict=True)) if self.shares else {}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ColumnSpec:
        """Rebuild a column from `to_dict`."""
        lists = {name: tuple(values[name]) for name in ("levels", "rare")}
        return cls(**{**values, **lists, "shares": tuple(values.get("shares", ()))})


@dataclass(frozen=True)
class EncodedTable:
    """A table as numbers, and what was met on the way.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_customers, n_columns)
        Numbers as they are, booleans 0/1, categories as codes; NaN where missing.
    unseen : dict of str to int
        Rows per category column whose level was never seen at fit.
    """

    matrix: FloatArray
    unseen: dict[str, int]


def learn_columns(frame: pd.DataFrame) -> tuple[ColumnSpec, ...]:
    """Learn kind, levels and typical value of every column of a training table.

    Parameters
    ----------
    frame : DataFrame
        Indicators only; numbers, booleans, text or categories, with missing values.

    Raises
    ------
    SchemaError
        Naming every column that is a date, nested or otherwise not an indicator, every column with
        infinite values, and names that stand twice.
    """
    _refuse_duplicate_names(frame)
    faults: list[str] = []
    specs: list[ColumnSpec] = []
    for name in frame.columns:
        try:
            specs.append(_learn_column(str(name), frame[name]))
        except _ColumnFault as fault:
            faults.append(str(fault))
    if faults:
        raise SchemaError("indicators", faults)
    return tuple(specs)


def encode_table(frame: pd.DataFrame, columns: Sequence[ColumnSpec]) -> EncodedTable:
    """Put a table into the order and coding of the fitted columns, by name.

    Raises
    ------
    SchemaError
        Listing missing and unexpected columns, and columns of another type than at fit.
    """
    _refuse_duplicate_names(frame)
    require_columns([str(name) for name in frame.columns], [spec.name for spec in columns])
    by_name = {str(name): frame[name] for name in frame.columns}
    matrix = np.empty((len(frame), len(columns)), dtype=np.float64)
    faults: list[str] = []
    unseen: dict[str, int] = {}
    for position, spec in enumerate(columns):
        try:
            matrix[:, position], strangers = _encode_column(by_name[spec.name], spec)
        except _ColumnFault as fault:
            faults.append(str(fault))
            continue
        if strangers:
            unseen[spec.name] = strangers
    if faults:
        raise SchemaError("indicators", faults)
    return EncodedTable(matrix, unseen)


def require_columns(got: Sequence[str], expected: Sequence[str]) -> None:
    """Raise one SchemaError with the difference when the names are not the same set."""
    missing = [name for name in expected if name not in set(got)]
    unexpected = [name for name in got if name not in set(expected)]
    faults = [f"missing column {name!r}{nearest(name, unexpected)}" for name in missing]
    faults += [f"unexpected column {name!r}{nearest(name, missing)}" for name in unexpected]
    if faults:
        hint = f"the model was fitted on {len(expected)} columns: {listed(expected, 12)}"
        raise SchemaError("indicators", [*faults, hint])


class _ColumnFault(Exception):
    """One column's fault, gathered into a SchemaError."""


def _refuse_duplicate_names(frame: pd.DataFrame) -> None:
    names = pd.Index([str(name) for name in frame.columns])
    if names.has_duplicates:
        twice = list(names[names.duplicated()].unique())
        raise SchemaError("indicators", [f"column names must be unique; twice or more: {listed(twice)}"])


def _learn_column(name: str, values: pd.Series[Any]) -> ColumnSpec:
    kind = _kind_of(name, values)
    if kind == "category":
        text = _as_text(values)
        counts = text.dropna().value_counts()
        levels, rare = _levels(counts)
        typical = None if counts.empty else str(min(counts[counts == counts.max()].index))
        shares = _shares(counts, levels, len(text))
        return ColumnSpec(name, kind, levels, rare, bool(text.isna().any()), typical, shares=shares)
    numbers = _as_numbers(name, values)
    known = numbers[~np.isnan(numbers)]
    typical_number = float(np.median(known)) if len(known) else None
    low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
    missing = len(known) < len(numbers)
    return ColumnSpec(name, kind, has_missing=missing, typical=typical_number, low=low, high=high)


def _kind_of(name: str, values: pd.Series[Any]) -> Kind:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_complex_dtype(dtype):
        raise _ColumnFault(f"{name!r}: expected numbers, text or categories, got complex numbers")
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        raise _ColumnFault(
            f"{name!r}: expected a measure, got {dtype}; turn dates into days before the cutoff"
        )
    return _kind_of_objects(name, values)


def _kind_of_objects(name: str, values: pd.Series[Any]) -> Kind:
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return "number"
    if inferred == "boolean":
        return "boolean"
    if inferred in ("string", "categorical", "mixed-integer", "mixed"):
        plain = values.dropna().map(lambda one: isinstance(one, (str, bool, int, float, np.generic)))
        if plain.all():
            return "category"
    kinds = listed(sorted({type(one).__name__ for one in values.dropna()}), 4)
    raise _ColumnFault(f"{name!r}: expected numbers, booleans, text or categories, got {kinds}")


def _levels(counts: pd.Series[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Frequent levels in the order of their names, and the rare ones that share a pooled level."""
    by_count = counts.sort_index().sort_values(ascending=False, kind="stable")
    frequent = by_count[by_count >= RARE_LEVEL].index[:MOST_LEVELS]
    kept = sorted(str(level) for level in frequent)
    rare = sorted(set(map(str, counts.index)) - set(kept))
    pooled = [POOLED_LEVEL] if rare and POOLED_LEVEL not in kept else []
    return (*kept, *pooled), tuple(rare[:MOST_RARE_NAMES])


def _shares(counts: pd.Series[int], levels: Sequence[str], rows: int) -> tuple[float, ...]:
    """Return the share of all rows with each level; the pooled level has the rows of the rare ones."""
    known = counts.reindex(list(levels))
    shares = known.fillna(counts.sum() - known.sum()) / rows
    return tuple(float(share) for share in shares)


def _as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Text of each value; blank text is missing, and 1.0 is written as 1 (databases differ)."""
    codes, uniques = pd.factorize(values)
    words = np.array([*(_text_of(one) or None for one in uniques), None], dtype=object)
    return pd.Series(words[codes], index=values.index, dtype=object)


def _text_of(value: object) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _as_numbers(name: str, values: pd.Series[Any]) -> FloatArray:
    numbers = pd.to_numeric(values.astype(object).where(values.notna(), np.nan)).to_numpy(np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        raise _ColumnFault(
            f"{name!r}: expected finite numbers, got infinity in {len(infinite)} rows, "
            f"first at positions {', '.join(str(row) for row in infinite[:5])}; "
            "use a missing value where a measure does not exist"
        )
    return numbers


def _encode_column(values: pd.Series[Any], spec: ColumnSpec) -> tuple[FloatArray, int]:
    """Return the column's codes and the number of rows with a level never seen."""
    if values.isna().all():
        return np.full(len(values), np.nan), 0
    kind = _kind_of(spec.name, values)
    if spec.kind == "category":
        if kind == "number" and not isinstance(values.dtype, pd.CategoricalDtype):
            raise _ColumnFault(
                f"{spec.name!r}: expected text or categories as at fit, got {values.dtype}"
            )
        return _category_codes(_as_text(values), spec)
    if kind == "category":
        example = listed(values.dropna().unique()[:3])
        raise _ColumnFault(
            f"{spec.name!r}: expected a {spec.kind} as at fit, got text such as {example}"
        )
    numbers = _as_numbers(spec.name, values)
    if spec.kind == "boolean" and not np.isin(numbers[~np.isnan(numbers)], (0.0, 1.0)).all():
        raise _ColumnFault(f"{spec.name!r}: expected a boolean (0/1) as at fit, got other numbers")
    return numbers, 0


def _category_codes(text: pd.Series[Any], spec: ColumnSpec) -> tuple[FloatArray, int]:
    levels = pd.Index(spec.levels, dtype=object)
    codes = levels.get_indexer(pd.Index(text, dtype=object)).astype(np.float64)
    without_code = (codes < 0) & text.notna().to_numpy()
    # Where rare levels were pooled at fit, a new level is one more rare one; else it is missing.
    codes[codes < 0] = np.nan
    if POOLED_LEVEL in spec.levels:
        codes[without_code] = spec.levels.index(POOLED_LEVEL)
    return codes, int((without_code & ~text.isin(spec.rare).to_numpy()).sum())
