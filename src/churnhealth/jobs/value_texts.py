"""Values of indicators as text and as Arrow, column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_LARGEST_WHOLE = 1e15


def arrow_values(values: pd.Series) -> pa.Array:
    """Return a column as numbers, booleans or text; what is of mixed kinds, as text.

    Parameters
    ----------
    values : Series, shape (n,)
        An indicator as it came; missing values become null.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    try:
        made = pa.Array.from_pandas(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        made = pa.nulls(0)
    if isinstance(made, pa.ChunkedArray):
        made = made.combine_chunks()
    kind = made.type
    if len(made) == len(values) and (pa.types.is_boolean(kind) or pa.types.is_integer(kind)):
        return made
    if len(made) == len(values) and (pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return made.cast(pa.float64())
    words = values.astype(object).map(str, na_action="ignore")
    return pa.Array.from_pandas(words.where(values.notna(), None), type=pa.large_string())


def value_texts(values: pa.Array) -> pa.Array:
    """Write values in the shortest form that reads back as the same; whole numbers without a point.

    Examples
    --------
    >>> value_texts(pa.array([12.0, 0.1, None])).to_pylist()
    ['12', '0.1', None]
    >>> value_texts(pa.array([True, False])).to_pylist()
    ['true', 'false']
    """
    if not pa.types.is_floating(values.type):
        return values.cast(pa.large_string())
    numbers = values.to_numpy(zero_copy_only=False)
    whole = (np.floor(numbers) == numbers) & (np.abs(numbers) < _LARGEST_WHOLE)
    texts = values.cast(pa.large_string())
    if not (whole & (np.abs(numbers) >= 1e9)).any() and not (whole & (numbers == 0.0)).any():
        return texts
    plain = pa.array(np.where(whole, numbers, 0.0).astype(np.int64)).cast(pa.large_string())
    return pc.if_else(pa.array(whole), plain, texts)
