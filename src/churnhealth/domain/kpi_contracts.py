"""From contracts to who was a customer when, what each paid, and what a period changed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnhealth.domain.kpi import ChurnRate, churn_rate, expansion_rate

# The end of a contract that has none.
FOREVER = pd.Timestamp("2262-01-01")


def customer_stays(contracts: pd.DataFrame, grace_days: int = 0) -> pd.DataFrame:
    """Join a customer's contracts to stays: a successor within `grace_days` goes on with the stay.

    Parameters
    ----------
    contracts : DataFrame
        customer_id, start_date, end_date (first day no longer in force; NaT: open), without a zone.
        Rows that end before they begin are left out.
    grace_days : int
        Days between an end and the next start that do not end the stay.

    Returns
    -------
    DataFrame
        customer_id, start_date, end_date (NaT: still a customer); by customer and start. A customer
        who left and came back has several.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-01-01", "2026-03-05"])
    >>> ends = pd.to_datetime(["2026-03-01", None])
    >>> rows = pd.DataFrame({"customer_id": "C1", "start_date": days, "end_date": ends})
    >>> len(customer_stays(rows)), len(customer_stays(rows, grace_days=14))
    (2, 1)
    """
    rows = contracts[["customer_id", "start_date", "end_date"]].copy()
    rows["end_date"] = rows["end_date"].fillna(FOREVER)
    rows = rows[rows["end_date"] > rows["start_date"]].sort_values(["customer_id", "start_date"])
    reached = rows.groupby("customer_id", sort=False)["end_date"].cummax()
    before = reached.groupby(rows["customer_id"], sort=False).shift()
    new = before.isna() | ((rows["start_date"] - before).dt.days > grace_days)
    stays = rows.groupby(["customer_id", new.cumsum().rename("stay")], sort=False).agg(
        start_date=("start_date", "min"), end_date=("end_date", "max")
    )
    stays = stays.reset_index("customer_id").reset_index(drop=True)
    return stays.assign(end_date=stays["end_date"].where(stays["end_date"] < FOREVER))


def customers_on(stays: pd.DataFrame, day: dt.date) -> pd.Index:
    """Return who was a customer on a day: start <= day < end, each once."""
    moment = pd.Timestamp(day)
    inside = (stays["start_date"] <= moment) & (stays["end_date"].fillna(FOREVER) > moment)
    found: pd.Index = pd.Index(stays.loc[inside, "customer_id"].unique(), name="customer_id")
    return found


def mrr_on(contracts: pd.DataFrame, day: dt.date) -> pd.Series:
    """Return what each customer paid on a day, per month: the sum of the contracts in force.

    Parameters
    ----------
    contracts : DataFrame
        customer_id, subscription_id, start_date, end_date, mrr (currency per month; of ONE currency),
        and valid_from where a row is one version of a contract: the newest that had begun counts.
    day : date

    Returns
    -------
    Series
        By customer_id; a missing amount counts as nothing.
    """
    moment = pd.Timestamp(day)
    ends = contracts["end_date"].fillna(FOREVER)
    rows = contracts[(contracts["start_date"] <= moment) & (ends > moment)]
    if "valid_from" in rows:
        # What a first version says holds from the start of the contract.
        first = rows["valid_from"] == rows.groupby("subscription_id")["valid_from"].transform("min")
        rows = rows[(rows["valid_from"] <= moment) | rows["valid_from"].isna() | first]
        rows = rows.sort_values("valid_from", na_position="first")
    rows = rows.drop_duplicates("subscription_id", keep="last")
    return rows.groupby("customer_id")["mrr"].sum()


@dataclass(frozen=True)
class PeriodMovement:
    """What became, within one period, of the customers there at its start.

    Parameters
    ----------
    start, end : date
        First day of the period, and first day after it.
    months : float
        Its length.
    customers, churned, joined : int
        There at the start; of these gone at the end; there at the end only.
    mrr, churned_mrr, contraction_mrr, expansion_mrr : float, optional
        MRR at the start; of those who left; what those who stayed pay less, and more, at the end.
        Currency per month; None where no MRR is known.
    expanded : int, optional
        Customers of the start who pay more at the end.
    """

    start: dt.date
    end: dt.date
    months: float
    customers: int
    churned: int
    joined: int
    mrr: float | None = None
    churned_mrr: float | None = None
    contraction_mrr: float | None = None
    expansion_mrr: float | None = None
    expanded: int | None = None

    @property
    def churn(self) -> ChurnRate | None:
        """Churned / customers at the start; None without customers."""
        return churn_rate(self.churned, self.customers, months=self.months) if self.customers else None

    @property
    def mrr_churn(self) -> ChurnRate | None:
        """MRR of those who left / MRR at the start; None without MRR."""
        if not self.mrr or self.churned_mrr is None:
            return None
        return churn_rate(min(self.churned_mrr, self.mrr), self.mrr, months=self.months)

    @property
    def mrr_expansion(self) -> float | None:
        """Expansion MRR / MRR at the start (0 or more); None without MRR."""
        if not self.mrr or self.expansion_mrr is None:
            return None
        return expansion_rate(self.expansion_mrr, self.mrr)

    @property
    def customer_expansion(self) -> float | None:
        """Customers who pay more / customers at the start, 0-1; None without MRR."""
        if not self.customers or self.expanded is None:
            return None
        return expansion_rate(self.expanded, self.customers)

    @property
    def net_revenue_retention(self) -> float | None:
        """(MRR at the start + expansion - contraction - churned) / MRR at the start; may exceed 1."""
        parts = (self.expansion_mrr, self.contraction_mrr, self.churned_mrr)
        if not self.mrr or any(part is None for part in parts):
            return None
        more, less, lost = (float(part or 0.0) for part in parts)
        return (self.mrr + more - less - lost) / self.mrr


def period_movement(
    stays: pd.DataFrame,
    contracts: pd.DataFrame | None,
    start: dt.date,
    end: dt.date,
    *,
    months: float,
) -> PeriodMovement:
    """Compare who was a customer on two days, and what they paid.

    Parameters
    ----------
    stays : DataFrame
        As from `customer_stays`.
    contracts : DataFrame, optional
        As for `mrr_on`; None where no MRR of one currency is known.
    start, end : date
        First day of the period, and first day after it.
    months : float
        Its length in months.
    """
    before, after = customers_on(stays, start), customers_on(stays, end)
    stayed = before.intersection(after)
    counts = (len(before), len(before) - len(stayed), len(after) - len(stayed))
    if contracts is None:
        return PeriodMovement(start, end, months, *counts)
    # Whose contracts pause at the turn of a month, within the grace, has no MRR to compare that day.
    was, now = mrr_on(contracts, start).reindex(before), mrr_on(contracts, end).reindex(stayed)
    change = (now - was.reindex(stayed)).dropna().to_numpy(np.float64)
    return PeriodMovement(
        start,
        end,
        months,
        *counts,
        mrr=float(was.sum()),
        churned_mrr=float(was[~was.index.isin(stayed)].sum()),
        contraction_mrr=float(-change[change < 0].sum()),
        expansion_mrr=float(change[change > 0].sum()),
        expanded=int((change > 0).sum()),
    )


def with_newest_ends(contracts: pd.DataFrame) -> pd.DataFrame:
    """Give every version of a contract the end that its newest version tells.

    Parameters
    ----------
    contracts : DataFrame
        subscription_id, end_date, and valid_from where rows are versions; without it rows stay as
        they are.
    """
    if "valid_from" not in contracts:
        return contracts
    ordered = contracts.sort_values("valid_from", na_position="first", kind="stable")
    newest = ordered.drop_duplicates("subscription_id", keep="last").set_index("subscription_id")
    return ordered.assign(end_date=ordered["subscription_id"].map(newest["end_date"]))
