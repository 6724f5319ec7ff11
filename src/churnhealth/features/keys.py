"""The key of a panel row: customer_id as text, cutoff as an instant."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem

BoolArray = npt.NDArray[np.bool_]
INSTANT_DTYPE = "datetime64[us, UTC]"

_COMPACT_DATE = re.compile(r"\s*(\d{4})(\d{2})(\d{2})\s*")
_DATE_AND_REST = re.compile(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?((?:[T\s]+\d.*)?)\s*")


def customer_text(values: pd.Series) -> pd.Series:
    """Write every customer_id as text; None where it is missing or blank.

    Whole numbers lose their decimal point (123.0 is "123"), text is never changed ("00123" stays).

    Parameters
    ----------
    values : Series, shape (n,)
        Of any type.

    Returns
    -------
    Series of object, shape (n,)
        With the same index.

    Examples
    --------
    >>> customer_text(pd.Series([7.0, None, 8.5])).tolist()
    ['7', None, '8.5']
    """
    missing = values.isna().to_numpy(dtype=bool)
    written = [None if gone else _text(one) for one, gone in zip(values.tolist(), missing, strict=True)]
    return pd.Series(written, index=values.index, dtype=object)


def _text(value: object) -> str | None:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    return text if text.strip() else None


def cutoff_instants(values: pd.Series, problem: ChurnProblem) -> pd.Series:
    """Read cutoffs as instants in UTC; NaT where one is missing or cannot be read.

    Dates begin at local midnight in the problem's time zone, and aware timestamps stay the instants
    that they are. Text is read with the year first only (2026-04-01, 2026/4/1, 20260401,
    2026年4月1日, each with or without a time): nobody can tell 04/05/2026 from 05/04/2026. Whole
    numbers are read as 20260401.

    Parameters
    ----------
    values : Series, shape (n,)
        Dates, timestamps, text or whole numbers.
    problem : ChurnProblem
        Gives the time zone.

    Returns
    -------
    Series of datetime64[us, UTC], shape (n,)
        With the same index.

    Examples
    --------
    >>> cutoff_instants(pd.Series(["2026/4/1", "1.4.2026"]), ChurnProblem(timezone="Asia/Tokyo"))
    0   2026-03-31 15:00:00+00:00
    1                         NaT
    dtype: datetime64[us, UTC]
    """
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # values that cannot be hashed are no dates; the others are read from their text
        codes, distinct = pd.factorize(values.map(str))
    instants = [*(cutoff_instant(one, problem) for one in distinct), None]
    return pd.Series(pd.Index(instants, dtype=INSTANT_DTYPE)[codes], index=values.index)


def cutoff_instant(value: Any, problem: ChurnProblem) -> pd.Timestamp | None:
    """Read one cutoff as `cutoff_instants` does; None when it cannot be read."""
    moment = value if isinstance(value, (dt.date, np.datetime64)) else _iso_text(value)
    if moment is None:
        return None
    try:
        instant = problem.cutoff_instant(moment)
        return None if pd.isna(instant) else instant.as_unit("us")
    except (ValueError, OverflowError):
        return None


def _iso_text(value: object) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float, np.integer, np.floating)):
        value = str(int(value)) if float(value).is_integer() else ""
    found = _COMPACT_DATE.fullmatch(str(value))
    if found:
        return "-".join(found.groups())
    found = _DATE_AND_REST.fullmatch(str(value))
    if not found:
        return None
    year, month, day, rest = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}{rest}"
