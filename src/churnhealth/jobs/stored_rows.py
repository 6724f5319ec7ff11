"""From the stored indicators back to rows that a model takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError
from churnhealth.model.columns import ColumnSpec

# Percentiles of so many customers are as good as those of a million.
MOST_ROWS = 5_000


def stored_rows(stored: pd.DataFrame, columns: Sequence[ColumnSpec]) -> pd.DataFrame:
    """Rebuild the rows that were scored.

    Parameters
    ----------
    stored : DataFrame
        Of `health_indicators`: customer_id and indicators, which is JSON.
    columns : sequence of ColumnSpec
        The columns of a model: they say which values are levels.

    Returns
    -------
    DataFrame
        One row per customer, customer_id as index; the indicators that were stored, in their order.

    Examples
    --------
    >>> stored = pd.DataFrame({"customer_id": ["C1"], "indicators": ['{"logins": 5.5, "plan": 2}']})
    >>> columns = [ColumnSpec("logins", "number"), ColumnSpec("plan", "category", ("1", "2"))]
    >>> rows = stored_rows(stored, columns)
    >>> rows["logins"].tolist(), str(rows["plan"].dtype)
    ([5.5], 'category')
    """
    values = [json.loads(text) for text in stored["indicators"]]
    index = pd.Index(stored["customer_id"].astype(object), name="customer_id")
    return as_levels(pd.DataFrame(values, index=index), columns)


def as_levels(rows: pd.DataFrame, columns: Sequence[ColumnSpec]) -> pd.DataFrame:
    """Make categories of the columns that hold levels; in JSON a level may look like a number."""
    levels = [one.name for one in columns if one.kind == "category" and one.name in rows]
    return rows.astype(dict.fromkeys(levels, "category"))


def customer_row(
    warehouse: Warehouse, customer_id: str, cutoff: datetime, model_version: str
) -> pd.DataFrame:
    """Read what is stored behind one score: a row of `health_indicators`.

    Raises
    ------
    WarehouseError
        There is none.
    """
    stored = warehouse.customer_indicators(customer_id, cutoff, model_version)
    if stored.empty:
        raise WarehouseError(
            f"the indicators behind the score of {cutoff:%Y-%m-%d %H:%M} UTC by model {model_version} "
            "are not stored; score that cutoff again"
        )
    return stored


def alike_rows(
    warehouse: Warehouse,
    customer_id: str,
    cutoff: datetime,
    model_version: str,
    columns: Sequence[ColumnSpec],
) -> pd.DataFrame:
    """Read a customer's row and those of others of the slice, 5,000 of them at most.

    Returns
    -------
    DataFrame
        As `stored_rows` gives it; the customer's own row is the first.

    Raises
    ------
    WarehouseError
        Nothing is stored of the customer.
    """
    own = customer_row(warehouse, customer_id, cutoff, model_version)
    others = warehouse.sampled_indicators(cutoff, model_version, MOST_ROWS)
    others = others[others["customer_id"] != customer_id]
    return stored_rows(pd.concat([own, others], ignore_index=True), columns)
