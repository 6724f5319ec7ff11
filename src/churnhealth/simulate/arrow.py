"""From numpy arrays to Arrow columns: words, identifiers, instants and dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnhealth.simulate.days import NEVER, BoolArray, IntArray

Column = Any
Table = Any
INSTANT = pa.timestamp("us", tz="UTC")
NO_INSTANT = np.iinfo(np.int64).max


def words(choices: Sequence[str], codes: npt.NDArray[np.integer[Any]]) -> Column:
    """Return one word per code; a negative code is empty.

    Examples
    --------
    >>> words(["a", "b"], np.array([1, -1])).to_pylist()
    ['b', None]
    """
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(choices, pa.string())).dictionary_decode()


def numbered(prefix: str | Column, numbers: npt.NDArray[np.integer[Any]], width: int = 6) -> Column:
    """Return identifiers: a prefix, or one per number, and the number with zeros before it.

    Examples
    --------
    >>> numbered("T", np.array([7, 1234]), 3).to_pylist()
    ['T007', 'T1234']
    """
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def instants(microseconds: IntArray) -> Column:
    """Return instants; `NO_INSTANT` is empty."""
    return pa.array(microseconds, pa.int64(), mask=microseconds == NO_INSTANT).cast(INSTANT)


def dates(days: IntArray) -> Column:
    """Return dates from day numbers; those out of reach (`NEVER`, `LONG_AGO`) are empty."""
    far = np.abs(days) >= NEVER
    return pa.array(np.where(far, 0, days).astype(np.int32), pa.int32(), mask=far).cast(pa.date32())


def doubles(values: npt.NDArray[np.float64]) -> Column:
    """Return numbers; NaN is empty."""
    return pa.array(values, pa.float64(), from_pandas=True)


def integers(values: npt.NDArray[Any]) -> Column:
    """Return whole numbers."""
    return pa.array(values.astype(np.int64))


def booleans(values: BoolArray) -> Column:
    """Return truth values."""
    return pa.array(values)
