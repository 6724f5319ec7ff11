"""The one door from a raw table to the matrix of indicators: what passes it, and how to train.

Training is strict: every fault of the table is told at once. How scoring goes through the door is
told in `panel_scoring`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, LeakageError, SchemaError, listed
from churnhealth.features import panel_checks as checks
from churnhealth.features import panel_parts as parts
from churnhealth.features.rejects import reject_rows

FloatArray = npt.NDArray[np.float64]

TRAINING = "training panel (rows counted from 1)"


@dataclass(frozen=True)
class PanelColumns:
    """What the columns of a panel mean.

    Parameters
    ----------
    customer_id : str
        The customer.
    cutoff : str, optional
        The moment of prediction; None where the table has none and it is given once.
    label : str, optional
        Who churned. Never an indicator.
    mrr : str, optional
        Money per month. It stays an indicator as well, unless it is ignored.
    currency : str, optional
        Code of the currency of `mrr`, such as "JPY"; needed with `mrr`.
    ignore : tuple of str
        Columns that are no indicators.
    indicators : tuple of str, optional
        The indicators; None: all columns but customer_id, cutoff, label and the ignored ones.
    """

    customer_id: str
    cutoff: str | None = None
    label: str | None = None
    mrr: str | None = None
    currency: str | None = None
    ignore: tuple[str, ...] = ()
    indicators: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("ignore", "indicators"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise ConfigError(f"panel.{name}: expected a list of columns, got the text {value!r}")
            object.__setattr__(self, name, value if value is None else tuple(value))
        roles = [name for name in (self.customer_id, self.cutoff, self.label) if name is not None]
        if len(set(roles)) < len(roles):
            raise ConfigError(
                "panel: expected three different columns, got "
                f"customer_id={self.customer_id!r}, cutoff={self.cutoff!r}, label={self.label!r}"
            )
        leaking = set(roles).intersection(self.indicators or ())
        if leaking:
            raise LeakageError(f"panel.indicators: {listed(sorted(leaking))} cannot be an indicator")
        if self.mrr is not None and self.currency is None:
            raise ConfigError(
                f"panel.currency: mrr {self.mrr!r} is money, name its currency, such as 'JPY'"
            )
        if self.currency is not None and not re.fullmatch("[A-Z]{3}", self.currency):
            raise ConfigError(
                f"panel.currency: expected three capital letters such as 'JPY', got {self.currency!r}"
            )

    def indicator_names(self, table: pd.DataFrame) -> list[str]:
        """Return the indicator columns of a table: the named ones, or all that have no other role."""
        apart = {self.customer_id, self.cutoff, self.label, *self.ignore}
        return [name for name in dict.fromkeys(self.indicators or table.columns) if name not in apart]


@dataclass(frozen=True, eq=False)
class Panel:
    """A table that passed the door.

    Parameters
    ----------
    customer_id : Series of str, shape (n,)
    cutoff : Series of datetime64[us, UTC], shape (n,)
    X : DataFrame, shape (n, n_indicators)
        Indicators only, types as they came, rows numbered from 0.
    y : ndarray of float, shape (n,), optional
        1 churned, 0 not churned, NaN censored; None when the rows are to be scored.
    mrr : ndarray of float, shape (n,), optional
        Money per month in `currency`.
    currency : str, optional
    rejects : DataFrame
        source, row_hash, reason, row_json; empty for training.
    notes : list of str
        What a user should know: columns left out, censored rows, rows of other cutoffs.
    rows_read : int
        `len(X) + len(rejects)`.
    """

    customer_id: pd.Series
    cutoff: pd.Series
    X: pd.DataFrame
    y: FloatArray | None
    mrr: FloatArray | None
    currency: str | None
    rejects: pd.DataFrame
    notes: list[str]
    rows_read: int


@dataclass(frozen=True, eq=False)
class PanelBatches:
    """Customers of one cutoff that pass the door batch by batch; they can be taken once.

    Their table may be held open until the last batch is taken, or until `close`.

    Parameters
    ----------
    cutoff : Timestamp
        Of all customers, UTC.
    panels : generator of Panel
        The batches.
    """

    cutoff: pd.Timestamp
    panels: Generator[Panel]

    def __iter__(self) -> Iterator[Panel]:
        return self.panels

    def close(self) -> None:
        """Take no more batches."""
        self.panels.close()


def training_panel(
    frame: pd.DataFrame,
    columns: PanelColumns,
    problem: ChurnProblem,
    *,
    cutoff: str | dt.date | None = None,
) -> Panel:
    """Check a table with labels and make it ready for training.

    Parameters
    ----------
    frame : DataFrame
        One row per customer_id and cutoff; never changed.
    columns : PanelColumns
        What its columns mean; `label` is needed.
    problem : ChurnProblem
        Gives the time zone and the positive label.
    cutoff : date or str, optional
        The one cutoff of a table that has no cutoff column.

    Returns
    -------
    Panel
        With all rows; `y` is NaN where the label is missing.

    Raises
    ------
    SchemaError
        With ALL faults: missing columns, no rows, keys missing or repeated, cutoffs that cannot be
        read, infinite values, dates or nested values as indicators, label faults.
    ConfigError
        No label column named, or no cutoff, or two.
    """
    if columns.label is None:
        raise ConfigError("panel.label: training needs to know who churned; name the label's column")
    if (columns.cutoff is None) == (cutoff is None):
        raise ConfigError(
            f"panel: expected a cutoff column or one cutoff, got column {columns.cutoff!r} and cutoff "
            f"{cutoff!r}; set one of panel.cutoff (a column) and panel.cutoff_date (such as 2026-04-01)"
        )
    given = parts.given_cutoff(cutoff, problem)
    table = checks.own_table(frame, TRAINING)
    faults = checks.structure_faults(
        table, wanted_columns(columns, columns.indicators or (), columns.ignore)
    )
    if table.empty:
        raise SchemaError(TRAINING, faults)
    table = table.loc[:, ~table.columns.duplicated()]
    names = [name for name in columns.indicator_names(table) if name in table]
    ids, instants = parts.keys_of(table, columns.customer_id, columns.cutoff, given, problem)
    y, label_faults = parts.label_of(table, columns.label, problem)
    mrr, money_faults = parts.money_of(table, columns.mrr)
    faults += parts.cutoff_faults(table, columns.cutoff, instants) + checks.key_faults(ids, instants)
    faults += checks.unusable_faults(table, names)
    faults += checks.infinite_faults(table, numbers(table, columns.mrr, names))
    refuse(TRAINING, [*faults, *money_faults, *label_faults])
    notes = left_out(table, columns, names, "not named as indicators") + parts.censored_notes(y)
    X = table.loc[:, names].copy()
    rejects = reject_rows(table.iloc[:0], [], TRAINING)
    return Panel(ids.astype(str), instants, X, y, mrr, columns.currency, rejects, notes, len(X))


def refuse(table: str, faults: Sequence[str]) -> None:
    """Raise one SchemaError with all faults, when there are any."""
    if faults:
        raise SchemaError(table, faults)


def wanted_columns(
    columns: PanelColumns, indicators: Iterable[str], ignored: Iterable[str] = ()
) -> dict[str, str]:
    """Return what each needed column is for, by name; the first use counts."""
    wanted: dict[str, str] = {}
    for role in ("customer_id", "cutoff", "label", "mrr"):
        name = getattr(columns, role)
        if name is not None:
            wanted.setdefault(name, role)
    for role, names in (("indicator", indicators), ("ignored", ignored)):
        for name in names:
            wanted.setdefault(name, role)
    return wanted


def numbers(table: pd.DataFrame, mrr: str | None, names: Sequence[str]) -> list[str]:
    """Return the columns that must be finite."""
    return [name for name in dict.fromkeys([*names, *([mrr] if mrr else [])]) if name in table]


def left_out(table: pd.DataFrame, columns: PanelColumns, used: Sequence[str], why: str) -> list[str]:
    """Return a note that names the columns that are not used, when there are any."""
    known = {*used, *wanted_columns(columns, (), columns.ignore)}
    extra = [name for name in table.columns if name not in known]
    return [f"left out, {why}: {listed(extra)}"] if extra else []
