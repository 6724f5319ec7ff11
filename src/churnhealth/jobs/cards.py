"""What people read of the published scores: the riskiest customers, and one customer's card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from churnhealth.adapters.warehouse import ScoreSlice, Warehouse
from churnhealth.errors import WarehouseError, listed, nearest


@dataclass(frozen=True)
class CustomerCard:
    """One customer, as published last.

    Parameters
    ----------
    customer : dict
        The customer's row of `health_current`, or of `health_scores`.
    groups : DataFrame
        indicator_group, points, sub_score.
    drivers : DataFrame
        By rank; the last row, "(all others)", completes the sum.
    customers : int
        How many customers have a score at this cutoff.
    """

    customer: dict[str, Any]
    groups: pd.DataFrame
    drivers: pd.DataFrame
    customers: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; instants in ISO form, missing values as None."""
        return {
            **{name: _plain(value) for name, value in self.customer.items()},
            "customers": self.customers,
            "groups": _records(self.groups[["indicator_group", "points", "sub_score"]]),
            "drivers": _records(self.drivers.drop(columns=["customer_id", "cutoff", "model_version"])),
        }


def customer_card(warehouse: Warehouse, customer_id: str) -> CustomerCard:
    """Read one customer's score, groups and drivers.

    Raises
    ------
    WarehouseError
        The customer was never scored (the nearest id is named), or nothing was.
    """
    current = warehouse.current_scores()
    if current.empty:
        raise WarehouseError("there are no scores yet; `churnhealth score` writes them")
    found = current[current["customer_id"] == customer_id]
    if found.empty:
        raise WarehouseError(
            f"no score for customer {listed([customer_id])}"
            f"{nearest(customer_id, current['customer_id'])}; {len(current)} customers have one"
        )
    customer: dict[str, Any] = {str(name): value for name, value in found.iloc[0].items()}
    key = (customer_id, customer["cutoff"].to_pydatetime(), str(customer["model_version"]))
    same = (current["cutoff"] == customer["cutoff"]) & (
        current["model_version"] == customer["model_version"]
    )
    return CustomerCard(
        customer, warehouse.customer_groups(*key), warehouse.customer_drivers(*key), int(same.sum())
    )


def riskiest(tables: ScoreSlice, most: int = 5) -> tuple[CustomerCard, ...]:
    """Return the customers of a slice with the highest churn probability, the riskiest first."""
    top = tables.scores.nsmallest(most, "risk_rank")
    return tuple(
        CustomerCard(
            {str(name): value for name, value in row.items()},
            _of(tables.group_scores, row["customer_id"]),
            _of(tables.drivers, row["customer_id"]).sort_values("rank"),
            len(tables.scores),
        )
        for row in top.to_dict("records")
    )


def _of(table: pd.DataFrame, customer_id: Any) -> pd.DataFrame:
    rows: pd.DataFrame = table[table["customer_id"] == customer_id]
    return rows.reset_index(drop=True)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
