"""The parts of a panel: key, label and money taken out of a table, and the rows that stay behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, SchemaError, listed
from churnhealth.features import panel_checks as checks
from churnhealth.features.keys import INSTANT_DTYPE, customer_text, cutoff_instant, cutoff_instants
from churnhealth.labels.positive import encode_label

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.object_]


def given_cutoff(cutoff: str | dt.date | None, problem: ChurnProblem) -> pd.Timestamp | None:
    """Return the instant of a cutoff that the caller names; ConfigError when it is no date."""
    if cutoff is None:
        return None
    instant = cutoff_instant(cutoff, problem)
    if instant is None:
        raise ConfigError(f"cutoff: expected a date such as 2026-04-01, got {cutoff!r}")
    return instant


def keys_of(
    table: pd.DataFrame,
    customer_id: str,
    cutoff: str | None,
    given: pd.Timestamp | None,
    problem: ChurnProblem,
) -> tuple[pd.Series, pd.Series]:
    """Return customer_id as text (None where missing) and cutoffs as instants (NaT where unreadable).

    A column that is not in the table counts as given to all rows: its absence is told elsewhere.
    """
    numbered = pd.Series([str(row) for row in range(len(table))], index=table.index, dtype=object)
    ids = customer_text(table[customer_id]) if customer_id in table else numbered
    if cutoff is not None and cutoff in table:
        return ids, cutoff_instants(table[cutoff], problem)
    return ids, pd.Series(given, index=table.index, dtype=INSTANT_DTYPE)


def label_of(table: pd.DataFrame, name: str, problem: ChurnProblem) -> tuple[FloatArray, list[str]]:
    """Return the label as 1, 0, NaN (censored), and its faults."""
    if name not in table:
        return np.full(len(table), np.nan), []
    try:
        return encode_label(table[name], problem.positive_label), []
    except SchemaError as error:
        faults = [f"label column {listed([name])}: {fault}" for fault in error.faults]
        return np.full(len(table), np.nan), faults


def money_of(
    table: pd.DataFrame, name: str | None, *, before: int = 0
) -> tuple[FloatArray | None, list[str]]:
    """Return money per month as numbers (NaN where missing), and its faults.

    `before` rows of the whole table stand before these.
    """
    if name is None or name not in table:
        return None, []
    values = table[name]
    numbers = pd.to_numeric(values.astype(object), errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    wrong = np.isnan(numbers) & values.notna().to_numpy(dtype=bool)
    if not wrong.any():
        return numbers, []
    examples = listed(values[wrong].unique(), 3)
    rows = checks.row_numbers(np.append(np.zeros(before, dtype=bool), wrong))
    return None, [f"mrr column {listed([name])} holds no numbers in {rows}: {examples}"]


def censored_notes(y: FloatArray) -> list[str]:
    """Return a note where labels are missing."""
    censored = int(np.isnan(y).sum())
    return [f"{censored} of {len(y)} rows have no label: they are censored, never 0"] if censored else []


def cutoff_faults(table: pd.DataFrame, name: str | None, instants: pd.Series) -> list[str]:
    """Find missing cutoffs and cutoffs that cannot be read."""
    if name is None or name not in table:
        return []
    missing = table[name].isna().to_numpy(dtype=bool)
    unread = instants.isna().to_numpy() & ~missing
    faults = []
    if missing.any():
        faults.append(f"cutoff column {listed([name])} is missing in {checks.row_numbers(missing)}")
    if unread.any():
        faults.append(
            f"cutoff column {listed([name])}: expected dates with the year first, such as 2026-04-01, "
            f"got {listed(table.loc[unread, name].map(str).unique(), 3)} in {checks.row_numbers(unread)}"
        )
    return faults


def rows_of_cutoff(
    instants: pd.Series, given: pd.Timestamp | None, problem: ChurnProblem
) -> tuple[BoolArray, list[str]]:
    """Mark the rows of the given (else the newest) cutoff, and those whose cutoff nobody can read.

    Returns
    -------
    tuple
        The marked rows, and a note where rows of other cutoffs stay out.
    """
    at = instants.max() if given is None else given
    here = (instants == at).to_numpy(dtype=bool)
    if not here.any():
        known = sorted(instants.dropna().unique())[-3:]
        newest = ", ".join(_day(one, problem) for one in known) or "none that can be read"
        asked = "" if given is None else f" of {_day(given, problem)}"
        raise SchemaError(
            "scoring panel", [f"expected rows of the cutoff{asked}; the newest cutoffs are: {newest}"]
        )
    taken = here | instants.isna().to_numpy()
    others = int((~taken).sum())
    note = f"{others} rows of other cutoffs were not read; scored is the cutoff {_day(at, problem)}"
    return taken, [note] if others else []


def reject_reasons(
    table: pd.DataFrame,
    ids: pd.Series,
    instants: pd.Series,
    cutoff: str | None,
    numbers: Iterable[str],
    repeated: BoolArray,
) -> TextArray:
    """Say why rows cannot be scored; empty text for rows that can.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
    ids, instants : Series, shape (n,)
        From `keys_of`.
    cutoff : str or None
        Name of the cutoff column, if there is one.
    numbers : iterable of str
        Columns that must not be infinite.
    repeated : ndarray of bool, shape (n,)
        Rows whose key stands more than once in the whole table.
    """
    found = [(ids.isna().to_numpy(), "customer_id is missing")]
    if cutoff is not None:
        missing = table[cutoff].isna().to_numpy(dtype=bool)
        found.append((missing, f"cutoff {listed([cutoff])} is missing"))
        found.append(
            (instants.isna().to_numpy() & ~missing, f"cutoff {listed([cutoff])} cannot be read")
        )
    found.append((repeated, "several rows have this customer_id and cutoff"))
    found += [(checks.infinite(table[name]), f"column {listed([name])} is infinite") for name in numbers]
    reasons = np.full(len(table), "", dtype=object)
    for rows, reason in found:
        if not rows.any():
            continue
        reasons[rows] = [f"{before}; {reason}" if before else reason for before in reasons[rows]]
    return reasons


def too_many_rejects(reasons: TextArray, rows_read: int, max_share: float) -> list[str]:
    """Return the faults of a batch of which more than `max_share` (0-1) is rejected."""
    if len(reasons) <= max_share * rows_read:
        return []
    head = (
        f"{len(reasons)} of {rows_read} rows cannot be scored, more than the allowed share of "
        f"{max_share:g}; mend the table, or raise max_reject_share"
    )
    counted = pd.Series(reasons).value_counts()
    return [head, *(f"{count} rows: {reason}" for reason, count in counted.items())]


def _day(instant: pd.Timestamp, problem: ChurnProblem) -> str:
    return instant.tz_convert(problem.timezone).date().isoformat()
