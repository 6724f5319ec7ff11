"""Which customers are like this one? Rows found by label, and rows of the same segment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.errors import SchemaError, listed, nearest

IntArray = npt.NDArray[np.int64]


def require_one_row_each(rows: pd.DataFrame, table: str) -> None:
    """Raise a `SchemaError` when a customer has several rows.

    Parameters
    ----------
    rows : DataFrame
        One row per customer; the index holds customer_id.
    table : str
        What the error calls it.
    """
    if rows.index.has_duplicates:
        twice = rows.index[rows.index.duplicated()].unique()
        raise SchemaError(table, [f"expected one row per customer; several for {listed(twice)}"])


def positions_of(rows: pd.DataFrame, customers: Iterable[object]) -> IntArray:
    """Return where these customers stand.

    Raises
    ------
    SchemaError
        Naming every customer without a row, with the nearest id, and customers with several rows.

    Examples
    --------
    >>> positions_of(pd.DataFrame({"logins": [3, 5]}, index=["C1", "C2"]), ["C2"])
    array([1])
    """
    require_one_row_each(rows, "customers")
    wanted = list(customers)
    found = rows.index.get_indexer(pd.Index(wanted, dtype=rows.index.dtype if not wanted else None))
    known = [str(label) for label in rows.index] if (found < 0).any() else []
    faults = [
        f"no row for customer {listed([label])}{nearest(str(label), known)}; {len(rows)} have one"
        for label, position in zip(wanted, found, strict=True)
        if position < 0
    ]
    if faults:
        raise SchemaError("customers", faults)
    return np.asarray(found, dtype=np.int64)


def segment_numbers(segments: pd.DataFrame) -> IntArray:
    """Number the combinations of values, 0, 1, ... in the order in which they come.

    A missing value is a value of its own: customers without a plan are like each other.

    Examples
    --------
    >>> segment_numbers(pd.DataFrame({"plan": ["Pro", None, "Pro", None, "Basic"]}))
    array([0, 1, 0, 1, 2])
    """
    numbers = np.zeros(len(segments), dtype=np.int64)
    for name in segments.columns:
        codes, levels = pd.factorize(segments[name], use_na_sentinel=False)
        numbers, _ = pd.factorize(numbers * len(levels) + codes)
    return numbers


def same_segment(rows: pd.DataFrame, customer: object, columns: Sequence[str]) -> pd.Series[bool]:
    """Mark the rows that share this customer's values; the customer's own row is not among them.

    With a band it gives a comparison group for `HealthModel.explain`:
    `rows[same_segment(rows, "C1", ["plan"]) & (model.health_band(rows) == "green")]`.

    Parameters
    ----------
    rows : DataFrame
        One row per customer; the index holds customer_id.
    customer : object
        A label of the index.
    columns : sequence of str
        Columns of `rows`; none: everybody is alike. Missing values equal each other.

    Raises
    ------
    SchemaError
        The customer has no row, or a column is not there.

    Examples
    --------
    >>> rows = pd.DataFrame({"plan": ["Pro", "Basic", "Pro"]}, index=["C1", "C2", "C3"])
    >>> same_segment(rows, "C1", ["plan"]).tolist()
    [False, False, True]
    """
    faults = [
        f"no column {name!r}{nearest(name, map(str, rows.columns))}"
        for name in columns
        if name not in rows.columns
    ]
    if faults:
        raise SchemaError("customers", faults)
    at = int(positions_of(rows, [customer])[0])
    numbers = segment_numbers(rows[list(columns)])
    mask = numbers == numbers[at]
    mask[at] = False
    return pd.Series(mask, index=rows.index)
