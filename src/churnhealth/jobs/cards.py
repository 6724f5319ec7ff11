"""What people read of the published scores: the riskiest customers, and one customer's card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import WarehouseError, listed, nearest
from churnhealth.jobs.card_shown import card_html, card_text


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
    previous : dict, optional
        The customer's score at the cutoff before, a row of the same columns; None: there is none.
    """

    customer: dict[str, Any]
    groups: pd.DataFrame
    drivers: pd.DataFrame
    customers: int
    previous: dict[str, Any] | None = None

    def __str__(self) -> str:
        """Show the card as text."""
        return card_text(self.customer, self.groups, self.drivers, [])

    def __repr__(self) -> str:
        """Return the text, for the prompt."""
        return str(self)

    def _repr_html_(self) -> str:
        return card_html(self.customer, self.groups, self.drivers, [])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; instants in ISO form, missing values as None."""
        return {
            **{name: _plain(value) for name, value in self.customer.items()},
            "customers": self.customers,
            "groups": records(self.groups[["indicator_group", "points", "sub_score"]]),
            "drivers": records(self.drivers.drop(columns=["customer_id", "cutoff", "model_version"])),
        }


def customer_card(
    warehouse: Warehouse, customer_id: str, cutoff: datetime | None = None
) -> CustomerCard:
    """Read one customer's score, groups and drivers; of other customers only names, and these in need.

    Parameters
    ----------
    warehouse : Warehouse
        Where scores are published.
    customer_id : str
        The customer, as the source writes it.
    cutoff : datetime, optional
        Time zone aware; None: the customer's latest.

    Raises
    ------
    WarehouseError
        The customer was never scored (the nearest ids are named) or not at this cutoff, or nobody was.
    """
    history = warehouse.customer_history(customer_id)
    if history.empty:
        raise WarehouseError(_unknown(warehouse, customer_id))
    found = history if cutoff is None else history[history["cutoff"] == cutoff]
    if found.empty:
        known = listed([f"{one:%Y-%m-%d %H:%M} UTC" for one in history["cutoff"]])
        raise WarehouseError(
            f"no score for customer {listed([customer_id])} at {cutoff}; there are scores at {known}"
        )
    customer: dict[str, Any] = {str(name): value for name, value in found.iloc[0].items()}
    earlier = history[history["cutoff"] < customer["cutoff"]].head(1).to_dict("records")
    moment, model = customer["cutoff"].to_pydatetime(), str(customer["model_version"])
    return CustomerCard(
        customer,
        warehouse.customer_groups(customer_id, moment, model),
        warehouse.customer_drivers(customer_id, moment, model),
        warehouse.customers_scored(moment, model),
        {str(name): value for name, value in earlier[0].items()} if earlier else None,
    )


def _unknown(warehouse: Warehouse, customer_id: str) -> str:
    alike = warehouse.alike_customers(customer_id)
    if not alike:
        return "there are no scores yet; `churnhealth score` writes them"
    if customer_id in alike:
        return f"customer {listed([customer_id])} has scores of superseded models only; score again"
    told = nearest(customer_id, alike, most=3)
    return f"no score for customer {listed([customer_id])}{told or f'; others are {listed(alike, 3)}'}"


def riskiest(
    warehouse: Warehouse, cutoff: datetime, model_version: str, customers: int, most: int = 5
) -> tuple[CustomerCard, ...]:
    """Return the customers of a published slice with the highest churn probability, in their order.

    Parameters
    ----------
    warehouse : Warehouse
        Where the slice was published.
    cutoff, model_version
        The slice.
    customers : int
        How many customers it has.
    most : int
        At most so many cards.
    """
    cards = []
    for row in warehouse.riskiest_scores(cutoff, model_version, most).to_dict("records"):
        key = (str(row["customer_id"]), cutoff, model_version)
        groups, drivers = warehouse.customer_groups(*key), warehouse.customer_drivers(*key)
        values = {str(name): value for name, value in row.items()}
        cards.append(CustomerCard(values, groups, drivers, customers))
    return tuple(cards)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values for JSON; instants in ISO form, missing values as None."""
    return [
        {str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
