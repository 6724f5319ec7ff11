"""What the key figures look like: one value each, and their tables."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from churnhealth.domain.kpi_cohorts import COHORT_COLUMNS
from churnhealth.jobs.cards import records

MONTHLY_COLUMNS = (
    "month",
    "customers",
    "churned",
    "joined",
    "churn_rate",
    "churn_low",
    "churn_high",
    "guide",
    "retention_rate",
    "mrr",
    "mrr_churn_rate",
    "mrr_expansion_rate",
    "customer_expansion_rate",
    "net_revenue_retention",
)
NPS_COLUMNS = ("month", "asked", "answers", "response_rate", "nps")


@dataclass(frozen=True)
class KpiValue:
    """One key figure.

    Parameters
    ----------
    name : str
        Such as "churn_rate"; `jobs.kpi_words.KPI_LABELS` has the words.
    value : float
        In `unit`.
    unit : str
        "share" (0-1), "share/month", "points" (-100 to 100), "customers", "months", a currency, or a
        currency a month ("JPY/month").
    period : str
        What it is of: a month ("2026-06"), months ("2025-07–2026-06"), or a local date.
    low, high : float, optional
        90 % interval: what chance among so many customers allows (Wilson).
    guide : str, optional
        "within" or "above" 3 % a month; None for what has no guide, or is no rate of a month.
    """

    name: str
    value: float
    unit: str
    period: str
    low: float | None = None
    high: float | None = None
    guide: str | None = None


@dataclass(frozen=True, eq=False)
class KpiReport:
    """Everything that `kpi` tells.

    Parameters
    ----------
    source : {"history", "panel"}
        What it was worked out from.
    values : tuple of KpiValue
        The figures at a glance.
    monthly : DataFrame
        By calendar month, columns `MONTHLY_COLUMNS`; rates are those of the month. No rows for a panel.
    cohorts : DataFrame
        cohort, period, customers, retained, retention: `domain.kpi_cohorts.cohort_retention`.
    nps : DataFrame
        By month of the question: asked, answers, response_rate (0-1), nps (points).
    currency : str, optional
        Of all money in the tables; None: there is none, or several.
    notes : tuple of dict
        What could not be told and why, what the reader should know: sentences by language.
    """

    source: str
    values: tuple[KpiValue, ...]
    monthly: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(MONTHLY_COLUMNS)))
    cohorts: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(COHORT_COLUMNS)))
    nps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(NPS_COLUMNS)))
    currency: str | None = None
    notes: tuple[dict[str, str], ...] = ()

    def value(self, name: str) -> KpiValue | None:
        """Return a figure by name, None when it is not told."""
        return next((one for one in self.values if one.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; dates as text, what is not known as None."""
        return {
            "source": self.source,
            "currency": self.currency,
            "values": [vars(one) for one in self.values],
            "monthly": plain_records(self.monthly),
            "cohorts": plain_records(self.cohorts),
            "nps": plain_records(self.nps),
            "notes": list(self.notes),
        }


def plain_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values for JSON; dates as text."""
    return [
        {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in row.items()}
        for row in records(table)
    ]
