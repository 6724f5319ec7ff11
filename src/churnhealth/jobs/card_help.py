"""What would help one customer, beside those that are like it and have a stored row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import Catalogue
from churnhealth.estimator import HealthModel
from churnhealth.explain.card_sentences import help_sentence
from churnhealth.explain.improve import (
    FEWEST_SIMILAR,
    IMPROVE_COLUMNS,
    MODELS_VIEW,
    what_would_help,
)
from churnhealth.explain.similar import positions_of, segment_numbers
from churnhealth.jobs.cards import records
from churnhealth.jobs.segment_columns import segment_columns
from churnhealth.jobs.settings import Settings

MOST_LINES = 3
# What is told as +0 points helps nobody.
SMALLEST_GAIN = 0.05


@dataclass(frozen=True)
class CardHelp:
    """The model's view of which better values would raise one customer's score.

    Parameters
    ----------
    lines : DataFrame
        As `what_would_help` gives it, at most three rows.
    alike_by : tuple of str
        Columns in which similar customers equal this one; none: all customers count.
    asked : int
        How many indicators are marked as actionable.
    catalogue : Catalogue
        Words and units.
    """

    lines: pd.DataFrame
    alike_by: tuple[str, ...]
    asked: int
    catalogue: Catalogue

    def sentence(self, row: Mapping[Any, Any], language: str) -> str:
        """Write a row of `lines` as a sentence."""
        return help_sentence(
            self.catalogue[row["indicator"]],
            row["value"],
            row["target_value"],
            int(row["similar_customers"]),
            float(row["gain_points"]),
            language,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, with sentences in both languages."""
        lines = [
            {**row, **{f"sentence_{lang}": self.sentence(row, lang) for lang in ("en", "ja")}}
            for row in records(self.lines.drop(columns="customer_id"))
        ]
        return {
            "note": dict(MODELS_VIEW),
            "alike_by": list(self.alike_by),
            "actionable_indicators": self.asked,
            "lines": lines,
        }


def card_help(settings: Settings, model: HealthModel, rows: pd.DataFrame, customer_id: str) -> CardHelp:
    """Find what would help a customer, next to customers of the same segments.

    Parameters
    ----------
    settings : Settings
        They may name segments of a panel.
    model : HealthModel
        The model that scored.
    rows : DataFrame
        Customers of the cutoff, the customer among them; the index holds customer_id.
    customer_id : str

    Raises
    ------
    SchemaError
        The customer has no row.
    """
    lines, alike = help_lines(settings, model, rows, [customer_id])
    asked = sum(one.actionable for one in model.catalogue_.values())
    return CardHelp(lines, alike[customer_id], asked, model.catalogue_)


def help_lines(
    settings: Settings, model: HealthModel, rows: pd.DataFrame, customers: Sequence[str]
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Find what would help each of several customers; parameters and errors as for `card_help`.

    Returns
    -------
    lines : DataFrame
        As `what_would_help` gives it, at most three rows per customer.
    alike_by : dict of str to tuple of str
        By customer, the columns in which similar customers equal it.
    """
    rows = rows[[name for name in model.catalogue_ if name in rows]]
    alike = alike_columns(rows, customers, segment_columns(settings, rows))
    parts = [
        what_would_help(
            model,
            rows,
            [customer for customer in customers if alike[customer] == columns],
            segments=rows[list(columns)] if columns else None,
            top=MOST_LINES,
        )
        for columns in dict.fromkeys(alike.values())
    ]
    lines = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*IMPROVE_COLUMNS])
    return lines[lines["gain_points"] >= SMALLEST_GAIN].reset_index(drop=True), alike


def alike_columns(
    rows: pd.DataFrame, customers: Sequence[str], columns: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Choose columns, one after the other, as long as 20 customers are like this one in all of them.

    Examples
    --------
    >>> plan, size = ["Pro"] * 30, ["small"] * 10 + ["large"] * 20
    >>> rows = pd.DataFrame({"plan": plan, "size": size}, index=[f"C{at}" for at in range(30)])
    >>> alike_columns(rows, ["C0"], ["plan", "size"]), alike_columns(rows, ["C0"], ["size"])
    ({'C0': ('plan',)}, {'C0': ()})
    """
    at = positions_of(rows, customers)
    chosen: list[tuple[str, ...]] = [()] * len(at)
    for name in columns:
        for so_far in dict.fromkeys(chosen):
            numbers = segment_numbers(rows[[*so_far, name]])
            others = np.bincount(numbers)[numbers[at]] - 1
            chosen = [
                (*so_far, name) if one == so_far and many >= FEWEST_SIMILAR else one
                for one, many in zip(chosen, others, strict=True)
            ]
    return dict(zip(customers, chosen, strict=True))
