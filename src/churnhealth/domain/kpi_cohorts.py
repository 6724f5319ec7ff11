"""Retention by cohort: of those who began in the same month, how many are there after so many months."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

COHORT_COLUMNS = ("cohort", "period", "customers", "retained", "retention")


def cohort_retention(stays: pd.DataFrame, through: dt.date, *, most_months: int = 24) -> pd.DataFrame:
    """Follow every month's new customers from month to month.

    A period is told only when ALL customers of the cohort could be seen for so long, so that the
    customers of a cohort are the same in all of its rows and a young cohort never looks better than it
    is. Who leaves and comes back begins anew, in a later cohort.

    Parameters
    ----------
    stays : DataFrame
        customer_id, start_date, end_date (NaT: still a customer), as from
        `domain.kpi_contracts.customer_stays`.
    through : date
        The first day that is not in the data.
    most_months : int
        At most so many periods after the first.

    Returns
    -------
    DataFrame
        cohort (date: first day of the month of the start), period (int, months since the start, from
        0), customers, retained (int), retention (retained / customers, 0-1). By cohort and period.

    Examples
    --------
    >>> starts = pd.to_datetime(["2026-01-10", "2026-01-20"])
    >>> ends = pd.to_datetime(["2026-02-15", None])
    >>> rows = pd.DataFrame({"customer_id": ["C1", "C2"], "start_date": starts, "end_date": ends})
    >>> found = cohort_retention(rows, dt.date(2026, 4, 1))
    >>> found[["period", "retained", "retention"]].to_numpy().tolist()
    [[0.0, 2.0, 1.0], [1.0, 2.0, 1.0], [2.0, 1.0, 0.5]]
    """
    last = pd.Timestamp(through)
    known = stays[stays["start_date"] < last]
    kept = _months_kept(known)
    lines: list[tuple[dt.date, int, int, int, float]] = []
    for month, rows in kept.groupby(known["start_date"].dt.to_period("M")):
        first, months = month.start_time, rows.to_numpy()
        for period in range(most_months + 1):
            # The month's last possible start, so many months later, must lie within the data.
            if first + pd.DateOffset(months=period + 1) > last:
                break
            retained = int((months >= period).sum())
            lines.append((first.date(), period, len(months), retained, retained / len(months)))
    return pd.DataFrame(lines, columns=list(COHORT_COLUMNS))


def _months_kept(stays: pd.DataFrame) -> pd.Series:
    """Return after how many whole months each stay was last seen; a month ends on its start's day.

    A start on the 31st is a month old on the last day of a shorter month. Infinite: still there.
    """
    start, end = stays["start_date"].dt, stays["end_date"].dt
    turns = (end.year - start.year) * 12 + end.month - start.month
    day = np.minimum(start.day, end.days_in_month)
    kept: pd.Series = (turns - (end.day <= day)).where(stays["end_date"].notna(), np.inf)
    return kept
