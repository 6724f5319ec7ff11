"""Rows that cannot be scored: each with its reason and the row itself as JSON."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

REJECT_COLUMNS = ("source", "row_hash", "reason", "row_json")


def reject_rows(
    frame: pd.DataFrame, reasons: Sequence[str], source: str, *, seen: dict[str, int] | None = None
) -> pd.DataFrame:
    """Write rows as rejects.

    Parameters
    ----------
    frame : DataFrame, shape (n, any)
        The rows as they came.
    reasons : sequence of str, shape (n,)
        Why each row is rejected.
    source : str
        Name of the table or file that the rows come from.
    seen : dict, optional
        How often each row was rejected before, by its hash, where a table comes in parts; it is
        brought up to date.

    Returns
    -------
    DataFrame
        source, row_hash (SHA-256 of the row's JSON and of how many equal rows stand before it, so
        that it is unique within the frame), reason, row_json (dates as ISO text, missing as null).
    """
    written = [row_json(row) for row in _rows(frame)]
    return pd.DataFrame(
        {
            "source": [source] * len(written),
            "row_hash": _hashes(written, {} if seen is None else seen),
            "reason": list(reasons),
            "row_json": written,
        },
        columns=list(REJECT_COLUMNS),
        dtype=object,
    )


def row_json(row: Mapping[str, Any]) -> str:
    """Write one row as JSON: dates as ISO text, missing values as null, infinity as text.

    Examples
    --------
    >>> row_json({"customer_id": "顧客1", "tenure": float("nan"), "since": dt.date(2026, 4, 1)})
    '{"customer_id": "顧客1", "tenure": null, "since": "2026-04-01"}'
    """
    text = json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, position].tolist() for position in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _hashes(written: list[str], seen: dict[str, int]) -> list[str]:
    hashes = []
    for text in written:
        first = hashlib.sha256(f"1:{text}".encode()).hexdigest()
        count = seen[first] = seen.get(first, 0) + 1
        again = hashlib.sha256(f"{count}:{text}".encode()).hexdigest()
        hashes.append(first if count == 1 else again)
    return hashes


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(one) for one in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    return value if isinstance(value, (bool, int, float, str)) else str(value)
