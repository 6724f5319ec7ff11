"""From the indicators stored with published scores back to rows that a model takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from churnhealth.model.columns import ColumnSpec


def stored_frame(texts: Iterable[str], columns: Sequence[ColumnSpec]) -> pd.DataFrame:
    """Rebuild rows as a model takes them; an indicator that was not stored is missing.

    Parameters
    ----------
    texts : iterable of str
        Column `indicators` of `health_indicators`: JSON.
    columns : sequence of ColumnSpec
        The model's.

    Examples
    --------
    >>> columns = [ColumnSpec("logins", "number"), ColumnSpec("plan", "category", ("1", "2"))]
    >>> stored_frame(['{"plan": 2, "seats": 7}'], columns).astype(object).to_dict("records")
    [{'logins': nan, 'plan': 2}]
    """
    names = [column.name for column in columns]
    rows = [json.loads(text) for text in texts]
    frame = pd.DataFrame(rows, columns=names) if rows else pd.DataFrame(columns=names)
    levels = [column.name for column in columns if column.kind == "category"]
    return frame.astype(dict.fromkeys(levels, "category"))
