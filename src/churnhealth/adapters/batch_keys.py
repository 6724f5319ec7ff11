"""Whether the keys of a batch are each there once; what stands in two batches, publishing finds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

IntArray = npt.NDArray[np.int64]


def key_faults(key: tuple[str, ...], table: pa.Table, customers: pa.Array) -> list[str]:
    """List what is wrong with the keys of one table of a batch, one text per fault.

    A batch of which every table passes, and whose customers no other batch has, repeats no key of any
    other batch either.

    Parameters
    ----------
    key : tuple of str
        customer_id and at most one other column, none with missing values.
    table : pyarrow.Table
        Text may come as dictionaries.
    customers : pyarrow.Array of large_string
        Those who are scored in the batch.

    Examples
    --------
    >>> rows = pa.table({"customer_id": pa.array(["a", "b", "a"], pa.large_string()), "rank": [1, 1, 1]})
    >>> key_faults(("customer_id", "rank"), rows, pa.array(["a", "b"], pa.large_string()))
    ['key (customer_id, rank): each once, got 1 more than once']
    >>> key_faults(("customer_id", "rank"), rows, pa.array(["b"], pa.large_string()))
    ['customer_id: expected only customers who are in health_scores, got 2 rows of others']
    """
    codes = _codes(table["customer_id"], customers)
    strangers = int((codes < 0).sum())
    if strangers:
        expected = "expected only customers who are in health_scores"
        return [f"customer_id: {expected}, got {strangers} rows of others"]
    for name in key[1:]:
        known = _distinct(table[name])
        codes = codes * len(known) + _codes(table[name], known)
    repeated = int((np.bincount(codes) > 1).sum())
    if not repeated:
        return []
    return [f"key ({', '.join(key)}): each once, got {repeated} more than once"]


def _whole(values: pa.ChunkedArray) -> pa.Array:
    return values.unify_dictionaries().combine_chunks()


def _distinct(values: pa.ChunkedArray) -> pa.Array:
    whole = _whole(values)
    return pc.unique(whole.dictionary if pa.types.is_dictionary(whole.type) else whole)


def _codes(values: pa.ChunkedArray, known: pa.Array) -> IntArray:
    """Number values by their place among the known ones; -1 is none of them."""
    whole = _whole(values)
    words = whole.dictionary if pa.types.is_dictionary(whole.type) else whole
    places = pc.index_in(words, value_set=known).fill_null(-1).to_numpy().astype(np.int64)
    found: IntArray = places if words is whole else places[whole.indices.to_numpy()]
    return found
