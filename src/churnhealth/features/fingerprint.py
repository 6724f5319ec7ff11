"""A fingerprint of a table's content: the same for the same data, whatever the order and the storage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Hashes = npt.NDArray[np.uint64]

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_LARGEST_EXACT = 2**53
_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal"})


def frame_fingerprint(frame: pd.DataFrame, *, extra: Iterable[str] = ()) -> str:
    """Fingerprint the content of a table.

    It depends on the column names, the values, and where values are missing; not on the order of
    rows or columns, on the index, or on how values are stored: 1, 1.0 and a nullable 1 are the same
    number, text is the same as object, `str` or category, and None, NaN and NaT are all just
    missing. The text "1" and the boolean True differ from the number 1.

    Parameters
    ----------
    frame : DataFrame
        Any table.
    extra : iterable of str
        What else the fingerprint shall depend on, in this order, such as a cutoff.

    Returns
    -------
    str
        SHA-256 in hexadecimal, 64 characters.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    >>> frame_fingerprint(table) == frame_fingerprint(table.iloc[::-1][["b", "a"]])
    True
    >>> frame_fingerprint(table) == frame_fingerprint(table.fillna({"b": "x"}))
    False
    """
    whole = TableFingerprint()
    whole.add(frame)
    return whole.digest(extra=extra)


class TableFingerprint:
    """The fingerprint of a table that comes in parts; the same value however it is cut.

    It keeps 8 bytes per row.

    Examples
    --------
    >>> table = pd.DataFrame({"a": [1, 2, 3]})
    >>> parts = TableFingerprint()
    >>> for part in (table.iloc[:1], table.iloc[1:]):
    ...     parts.add(part)
    >>> parts.digest() == frame_fingerprint(table)
    True
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._rows: list[Hashes] = []

    def add(self, frame: pd.DataFrame) -> None:
        """Take in the next rows; columns as in the first part, in any order."""
        names = [str(name) for name in frame.columns]
        if self._rows and sorted(names) != self._names:
            raise ValueError(f"fingerprint: expected the columns {self._names}, got {sorted(names)}")
        self._names = sorted(names)
        rows = np.zeros(len(frame), dtype=np.uint64)
        for position, name in enumerate(names):
            rows += _mixed(_value_hashes(frame.iloc[:, position]) ^ _name_hash(name))
        self._rows.append(rows)

    def digest(self, *, extra: Iterable[str] = ()) -> str:
        """Return the fingerprint of all rows so far; see `frame_fingerprint`."""
        rows = np.concatenate([np.zeros(0, dtype=np.uint64), *self._rows])
        head = json.dumps([len(rows), self._names, [str(one) for one in extra]])
        digest = hashlib.sha256(head.encode())
        digest.update(np.sort(rows).astype("<u8").tobytes())
        return digest.hexdigest()


def _value_hashes(values: pd.Series) -> Hashes:
    """Hash every value of a column; equal values have equal hashes, however they are stored."""
    kind = pd.api.types.infer_dtype(values, skipna=True) if values.dtype.kind == "O" else ""
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = _value_hashes(pd.Series(values.dtype.categories))
        return np.append(levels, _MISSING)[values.cat.codes.to_numpy()]
    missing = values.isna().to_numpy(dtype=bool)
    if values.dtype.kind in "iuf" or kind in _NUMBERS:
        hashes = _number_hashes(values, missing)
    elif kind.startswith("mixed"):
        hashes = _mixed_hashes(values)
    else:
        codes, distinct = pd.factorize(values)
        hashes = np.append(_hashed_words([_word(value) for value in distinct.tolist()]), _MISSING)[codes]
    hashes[missing] = _MISSING
    return hashes


def _number_hashes(values: pd.Series, missing: npt.NDArray[np.bool_]) -> Hashes:
    """Numbers by their double; whole numbers too large for one by their digits."""
    numbers = values if values.dtype.kind in "iuf" else pd.to_numeric(values.where(~missing, np.nan))
    doubles = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    hashes = pd.util.hash_array(np.where(missing, 0.0, doubles + 0.0))
    if values.dtype.kind in "iu":
        large = ~values.between(-_LARGEST_EXACT, _LARGEST_EXACT).to_numpy(dtype=bool, na_value=True)
        large &= ~missing
        hashes[large] = _hashed_words([f"number {value}" for value in values[large]])
    return hashes


def _mixed_hashes(values: pd.Series) -> Hashes:
    """Hash numbers as in a column of numbers, and the rest by their words.

    A value must not look different because of what else stands in its part of the table.
    """
    number = np.array([_is_number(value) for value in values.tolist()], dtype=bool)
    hashes = _hashed_words([_word(value) for value in values.tolist()])
    if number.any():
        plain = pd.Series([float(value) for value in values[number]], dtype=np.float64)
        hashes[number] = _number_hashes(plain, plain.isna().to_numpy())
    return hashes


def _is_number(value: Any) -> bool:
    """Tell a number that a double can hold; of words only the digits count, and NaN is missing."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        return False
    return isinstance(value, (float, np.floating)) or abs(int(value)) <= _LARGEST_EXACT


def _word(value: Any) -> str:
    """Write a value with its kind before it, so that "1", True and 1 stay apart."""
    if isinstance(value, str):
        return f"text {value}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{type(value).__name__} {value}"


def _hashed_words(words: list[str]) -> Hashes:
    return pd.util.hash_array(np.array(words, dtype=object), categorize=False)


def _name_hash(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], "big"))


def _mixed(hashes: Hashes) -> Hashes:
    """Scatter the bits (the finalizer of splitmix64), so that sums over columns do not cancel."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
