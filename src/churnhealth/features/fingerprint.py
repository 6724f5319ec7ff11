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
    names = [str(name) for name in frame.columns]
    rows = np.zeros(len(frame), dtype=np.uint64)
    for position, name in enumerate(names):
        rows += _mixed(_value_hashes(frame.iloc[:, position]) ^ _name_hash(name))
    head = json.dumps([len(frame), sorted(names), [str(one) for one in extra]])
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
        hashes = _hashed_words([_word(value) for value in values.tolist()])
    else:
        codes, distinct = pd.factorize(values)
        hashes = np.append(_hashed_words([_word(value) for value in distinct.tolist()]), _MISSING)[codes]
    hashes[missing] = _MISSING
    return hashes


def _number_hashes(values: pd.Series, missing: npt.NDArray[np.bool_]) -> Hashes:
    """Numbers by their double; whole numbers too large for one by their digits."""
    if values.dtype.kind in "iu" and not values[~missing].between(-_LARGEST_EXACT, _LARGEST_EXACT).all():
        return _hashed_words([f"number {value}" for value in values])
    numbers = values if values.dtype.kind in "iuf" else pd.to_numeric(values.where(~missing, np.nan))
    doubles = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.util.hash_array(np.where(missing, 0.0, doubles + 0.0))


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
