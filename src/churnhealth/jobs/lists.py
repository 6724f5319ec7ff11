"""Two lists from the scores published last: whom to keep, and whom to grow."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.adapters.warehouse import Warehouse
from churnhealth.domain.list_columns import BY_EXPANSION
from churnhealth.errors import ConfigError, WarehouseError

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, eq=False)
class CustomerLists:
    """Whom to keep and whom to grow, out of one run.

    Parameters
    ----------
    prevention : DataFrame
        Yellow and red customers, the most MRR at risk first; where the MRR is not known, the highest
        churn probability first. Columns `PREVENTION_COLUMNS`; mrr (per month, `currency`) is
        mrr_at_risk / churn_probability, NaN where it is not known.
    expansion : DataFrame
        Green customers: the highest probability that their MRR grows first, where another project
        predicts it; the others by health score (in whole points), and of equals the largest MRR.
        Columns `EXPANSION_COLUMNS`; ranked_by says which.
    stale : int
        Customers without a score at the newest cutoff; they are in neither list.
    """

    prevention: pd.DataFrame
    expansion: pd.DataFrame
    stale: int

    @property
    def by_expansion(self) -> bool:
        """Is anybody listed by the probability to grow?"""
        return bool((self.expansion["ranked_by"] == BY_EXPANSION).any())

    def to_dict(self, most: int = 0) -> dict[str, Any]:
        """Return plain values for JSON, at most so many customers per list; 0: all."""
        shown = {"prevention": self.prevention, "expansion": self.expansion}
        return {
            **{name: _records(table.head(most) if most else table) for name, table in shown.items()},
            "stale": self.stale,
        }


def customer_lists(warehouse: Warehouse) -> CustomerLists:
    """Read both lists of the scores at the newest cutoff: the views of the warehouse.

    Raises
    ------
    WarehouseError
        Nothing was scored yet.
    """
    found = CustomerLists(*warehouse.customer_lists())
    if found.prevention.empty and found.expansion.empty and not found.stale:
        raise WarehouseError("there are no scores yet; `churnhealth score` writes them")
    return found


def write_csv(found: CustomerLists, folder: Path) -> tuple[Path, ...]:
    """Write prevention.csv and expansion.csv for spreadsheets, in UTF-8 with a byte-order mark.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, so that opening the
    file runs nothing. Instants are in ISO form, UTC.

    Raises
    ------
    ConfigError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(
            _write(folder / f"{name}.csv", table)
            for name, table in (("prevention", found.prevention), ("expansion", found.expansion))
        )
    except OSError as error:
        raise ConfigError(f"{folder}: the lists cannot be written here: {error.strerror}") from error


def safe_cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_cell("=HYPERLINK(0)"), safe_cell("C042"), safe_cell(-1.5), safe_cell(None)
    ("'=HYPERLINK(0)", 'C042', -1.5, '')
    >>> safe_cell("  +1")
    "'  +1"
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    risky = isinstance(value, str) and value.lstrip(" \u3000").startswith(_FORMULA)
    return f"'{value}" if risky else value


def _write(path: Path, table: pd.DataFrame) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(table.columns)
        writer.writerows([safe_cell(one) for one in row] for row in table.itertuples(index=False))
    return path


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype(object).where(table.notna(), None)
    rows = plain.to_dict("records")
    return [
        {str(k): v.isoformat() if isinstance(v, pd.Timestamp) else v for k, v in row.items()}
        for row in rows
    ]
