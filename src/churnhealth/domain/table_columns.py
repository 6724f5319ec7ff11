"""Columns of the tables that churnhealth writes: a short call by kind, and those of many tables."""

from __future__ import annotations

from churnhealth.domain.contracts import Column


def text(
    name: str, description: str, *, nullable: bool = False, choices: tuple[str, ...] = ()
) -> Column:
    """Text, perhaps of a few choices."""
    return Column(name, "string", nullable, "", description, choices=choices)


def json(name: str, description: str, *, nullable: bool = False) -> Column:
    """Text that holds JSON."""
    return Column(name, "json", nullable, "", description)


def instant(name: str, description: str, *, nullable: bool = False) -> Column:
    """An instant, in UTC."""
    return Column(name, "timestamp", nullable, "UTC", description)


def share(name: str, description: str, *, nullable: bool = False) -> Column:
    """A share or probability, 0-1."""
    return Column(name, "double", nullable, "share", description, low=0.0, high=1.0)


def score(name: str, description: str, *, nullable: bool = False) -> Column:
    """A health score, 0-100."""
    return Column(name, "double", nullable, "points", description, low=0.0, high=100.0)


def double(name: str, unit: str, description: str, *, nullable: bool = False) -> Column:
    """A number with its unit."""
    return Column(name, "double", nullable, unit, description)


def count(name: str, low: int, description: str, *, unit: str = "", nullable: bool = False) -> Column:
    """A whole number from `low` on."""
    return Column(name, "integer", nullable, unit, description, low=low)


RUN = text("run_id", "Run that wrote the row.")
GROUP = text("indicator_group", "Indicator group, such as usage or support.")
SLICE = (
    text("customer_id", "The customer, as the source writes it."),
    instant("cutoff", "Moment of prediction; data strictly before it."),
    text("model_version", "Which model scored the customer."),
)
SLICE_KEY = tuple(column.name for column in SLICE)
