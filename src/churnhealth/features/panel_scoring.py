"""How customers to be scored go through the door: forgiving row by row, and in batches.

A row that cannot be scored becomes a reject with a reason, and rows read = rows passed + rejects. A
table is read twice: its keys first, for a row can only be judged when it is known which cutoff is
the newest and which customers stand there more than once.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ConfigError, SchemaError, nearest
from churnhealth.features import panel_checks as checks
from churnhealth.features import panel_parts as parts
from churnhealth.features.panel import (
    Panel,
    PanelBatches,
    PanelColumns,
    left_out,
    numbers,
    refuse,
    wanted_columns,
)
from churnhealth.features.rejects import reject_rows
from churnhealth.features.table_batches import SCORING, FrameBatches, TableBatches


def scoring_panel(
    frame: pd.DataFrame,
    columns: PanelColumns,
    problem: ChurnProblem,
    *,
    indicators: Sequence[str],
    cutoff: str | dt.date | None = None,
    max_reject_share: float = 0.1,
    source: str = "panel",
) -> Panel:
    """Check a table of customers to be scored at one cutoff.

    Faults of the table raise; a row with a fault (customer_id missing, key repeated, infinite value,
    cutoff missing or unreadable) goes to the rejects with its reasons. Columns that the model does
    not know are left out, and noted. A label is not looked at.

    Parameters
    ----------
    frame : DataFrame
        One row per customer_id (and cutoff); never changed.
    columns : PanelColumns
        What its columns mean; the label's and the cutoff's column may be absent.
    problem : ChurnProblem
        Gives the time zone.
    indicators : sequence of str
        The model's indicators, in its order.
    cutoff : date or str, optional
        Only rows of this cutoff are read; where the table has no cutoff column, it is the cutoff of
        all rows. None: the newest cutoff of the table.
    max_reject_share : float
        Largest share (0-1) of rows that may be rejected.
    source : str
        Name of the table or file, kept with the rejects.

    Returns
    -------
    Panel
        With `y` None, and `rows_read == len(X) + len(rejects)`.

    Raises
    ------
    SchemaError
        Missing columns, no rows, no rows at the cutoff, or too many rejects.
    ConfigError
        No cutoff column and no cutoff given.
    """
    (whole,) = scoring_batches(
        FrameBatches(frame),
        columns,
        problem,
        indicators=indicators,
        cutoff=cutoff,
        max_reject_share=max_reject_share,
        source=source,
    )
    return whole


def scoring_batches(
    table: TableBatches,
    columns: PanelColumns,
    problem: ChurnProblem,
    *,
    indicators: Sequence[str],
    cutoff: str | dt.date | None = None,
    max_reject_share: float = 0.1,
    source: str = "panel",
) -> PanelBatches:
    """Check a table of customers batch by batch; together the panels are what `scoring_panel` gives.

    Faults of the columns and of the cutoffs raise at once, those of values when their batch is read,
    and too many rejects after the last batch. 16 bytes per row are kept.

    Parameters
    ----------
    table : TableBatches
        Read twice; rows may come in another order the second time.
    columns, problem, indicators, cutoff, max_reject_share, source
        As for `scoring_panel`.

    Returns
    -------
    PanelBatches
        One panel per batch that has rows of the cutoff; each with the notes of the whole table.

    Raises
    ------
    SchemaError
        As `scoring_panel`, or the table changed between the two readings.
    """
    given = parts.given_cutoff(cutoff, problem)
    head = checks.own_table(table.head(), SCORING)
    dated = columns.cutoff is not None and columns.cutoff in head
    if not dated and given is None:
        _refuse_without_cutoff(columns, head)
    needed = replace(columns, label=None, cutoff=columns.cutoff if dated else None)
    refuse(SCORING, checks.structure_faults(head, wanted_columns(needed, indicators)))
    keys = _read_keys(table, needed, given, problem)
    notes = [*keys.notes, *left_out(head, columns, indicators, "unknown to the model")]
    door = _Door(needed, problem, tuple(indicators), keys, notes, source)
    return PanelBatches(keys.at, _panels(table, door, max_reject_share))


@dataclass(frozen=True)
class _Keys:
    """What the keys of the whole table say: the cutoff, rows of it, and who stands there twice."""

    at: pd.Timestamp
    rows: int
    repeated: frozenset[str]
    notes: list[str]


@dataclass
class _Door:
    columns: PanelColumns
    problem: ChurnProblem
    indicators: tuple[str, ...]
    keys: _Keys
    notes: list[str]
    source: str
    rows_read: int = 0
    reasons: list[npt.NDArray[np.object_]] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def panel(self, frame: pd.DataFrame) -> Panel:
        """Let one batch through."""
        whole = checks.own_table(frame, SCORING)
        ids, instants = _keys_of(whole, self.columns, self.keys.at, self.problem)
        taken = (instants.eq(self.keys.at) | instants.isna()).to_numpy(dtype=bool)
        if not taken.all():
            whole, ids, instants = whole[taken], ids[taken], instants[taken]
        mrr, faults = parts.money_of(whole, self.columns.mrr, before=self.rows_read)
        refuse(SCORING, faults)
        bad, reasons = self._rejected(whole, ids, instants)
        self.rows_read += len(whole)
        kept = whole[list(self.indicators)] if not bad.any() else whole.loc[~bad, list(self.indicators)]
        return Panel(
            ids[~bad].astype(str).reset_index(drop=True),
            instants[~bad].reset_index(drop=True),
            kept.reset_index(drop=True),
            None,
            None if mrr is None else mrr[~bad],
            self.columns.currency,
            reject_rows(whole[bad], reasons.tolist(), self.source, seen=self.seen),
            self.notes,
            len(whole),
        )

    def _rejected(
        self, table: pd.DataFrame, ids: pd.Series, instants: pd.Series
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.object_]]:
        finite = numbers(table, self.columns.mrr, self.indicators)
        twice = (ids.isin(self.keys.repeated) & instants.notna()).to_numpy(dtype=bool)
        found = parts.reject_reasons(table, ids, instants, self.columns.cutoff, finite, twice)
        bad = found != ""
        self.reasons.append(found[bad])
        return bad, found[bad]


def _panels(table: TableBatches, door: _Door, max_reject_share: float) -> Generator[Panel]:
    for frame in table.batches():
        panel = door.panel(frame)
        if panel.rows_read:
            yield panel
    if door.rows_read != door.keys.rows:
        fault = (
            f"the table changed while it was read: {door.keys.rows} rows at first, then "
            f"{door.rows_read}; score again when nobody writes to it"
        )
        raise SchemaError(SCORING, [fault])
    rejected = np.concatenate([np.empty(0, dtype=object), *door.reasons])
    refuse(SCORING, parts.too_many_rejects(rejected, door.rows_read, max_reject_share))


def _keys_of(
    table: pd.DataFrame, columns: PanelColumns, given: pd.Timestamp | None, problem: ChurnProblem
) -> tuple[pd.Series, pd.Series]:
    return parts.keys_of(table, columns.customer_id, columns.cutoff, given, problem)


def _read_keys(
    table: TableBatches, columns: PanelColumns, given: pd.Timestamp | None, problem: ChurnProblem
) -> _Keys:
    """Read the keys of all rows; the few customers whose hashes meet are looked at again."""
    names = [name for name in (columns.customer_id, columns.cutoff) if name is not None]
    hashes, instants = [np.zeros(0, dtype=np.uint64)], []
    for frame in table.batches(names):
        ids, moments = _keys_of(frame, columns, given, problem)
        hashes.append(_hashed(ids))
        instants.append(moments)
    every = pd.concat(instants, ignore_index=True)
    taken, notes = parts.rows_of_cutoff(every, given, problem)
    at = every.max() if given is None else given
    known = np.concatenate(hashes)[(every == at).to_numpy(dtype=bool)]
    distinct, counts = np.unique(known, return_counts=True)
    suspects = distinct[counts > 1]
    repeated = _repeated(table.batches(names), columns, at, problem, suspects)
    return _Keys(at, int(taken.sum()), repeated, notes)


def _repeated(
    batches: Iterable[pd.DataFrame],
    columns: PanelColumns,
    at: pd.Timestamp,
    problem: ChurnProblem,
    suspects: npt.NDArray[np.uint64],
) -> frozenset[str]:
    if not len(suspects):
        return frozenset()
    counts: Counter[str] = Counter()
    for frame in batches:
        ids, moments = _keys_of(frame, columns, at, problem)
        here = (moments == at).to_numpy(dtype=bool) & ids.notna().to_numpy(dtype=bool)
        counts.update(ids[here & np.isin(_hashed(ids), suspects)])
    return frozenset(customer for customer, count in counts.items() if count > 1)


def _hashed(ids: pd.Series) -> npt.NDArray[np.uint64]:
    return pd.util.hash_array(ids.fillna("").to_numpy(dtype=object), categorize=False)


def _refuse_without_cutoff(columns: PanelColumns, table: pd.DataFrame) -> None:
    name = columns.cutoff or "cutoff"
    raise ConfigError(
        f"scoring: no cutoff is given and the table has no cutoff column {name!r}"
        f"{nearest(name, table.columns)}; give the cutoff (cutoff_date = 2026-04-01 under [scoring]) "
        "or name the column (cutoff under [panel])"
    )
