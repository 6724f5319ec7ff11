"""Values beyond what the model was trained on: there it has never been tested."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from churnhealth.model.columns import ColumnSpec, encode_table

BEYOND_COLUMNS = ("customer_id", "indicator", "value", "low", "high")


def beyond_training(rows: pd.DataFrame, columns: Sequence[ColumnSpec]) -> pd.DataFrame:
    """List the numbers that lie below the smallest or above the largest one seen at fit.

    Parameters
    ----------
    rows : DataFrame, shape (n_customers, n_indicators)
        As for scoring; the index holds customer_id.
    columns : sequence of ColumnSpec
        The model's columns: `model.model_.columns`.

    Returns
    -------
    DataFrame
        `customer_id`, `indicator`, `value`, `low` and `high` (smallest and largest number at fit);
        in the order of the rows, then of the columns. Missing values, booleans and levels of a
        category are not listed.

    Raises
    ------
    SchemaError
        Columns are missing, unexpected or of another type than at fit.

    Examples
    --------
    >>> logins = ColumnSpec("logins", "number", low=0.0, high=40.0)
    >>> table = beyond_training(pd.DataFrame({"logins": [40, 95]}, index=["C1", "C2"]), [logins])
    >>> table.to_dict("records")
    [{'customer_id': 'C2', 'indicator': 'logins', 'value': 95.0, 'low': 0.0, 'high': 40.0}]
    """
    matrix = encode_table(rows, columns).matrix
    low = np.array([-np.inf if one.low is None else one.low for one in columns])
    high = np.array([np.inf if one.high is None else one.high for one in columns])
    number = np.array([one.kind == "number" for one in columns])
    customer, column = np.nonzero(((matrix < low) | (matrix > high)) & number)
    names = np.array([one.name for one in columns], dtype=object)
    found = (
        rows.index.to_numpy()[customer],
        names[column],
        matrix[customer, column],
        low[column],
        high[column],
    )
    return pd.DataFrame(dict(zip(BEYOND_COLUMNS, found, strict=True)))
