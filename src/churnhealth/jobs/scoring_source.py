"""The customers to be scored, batch by batch, from the warehouse, a file, or a history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import pandas as pd
import pyarrow as pa

from churnhealth.adapters.arrow_frames import arrow_to_frame
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.adapters.warehouse_sql import names
from churnhealth.errors import ConfigError
from churnhealth.estimator import HealthModel
from churnhealth.features.keys import cutoff_instants
from churnhealth.features.panel import Panel, PanelBatches
from churnhealth.features.panel_scoring import scoring_batches
from churnhealth.features.table_batches import FrameBatches, TableBatches
from churnhealth.jobs.declarations_changed import require_unchanged
from churnhealth.jobs.history_panel import history_scoring_panel
from churnhealth.jobs.wiring import Workplace


class WarehouseBatches:
    """A table of the warehouse, read as `TableBatches`.

    Parameters
    ----------
    warehouse : Warehouse
        Where it lies.
    table : str
        As for `Warehouse.read_table`.
    rows : int
        Rows per batch.
    """

    def __init__(self, warehouse: Warehouse, table: str, rows: int) -> None:
        self._warehouse = warehouse
        self._place = warehouse.relation_sql(table)
        self._rows = rows

    def head(self) -> pd.DataFrame:
        """Return the first row, or none, with all columns."""
        return arrow_to_frame(self._warehouse.query(f"SELECT * FROM {self._place} LIMIT 1"))  # noqa: S608

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Give the rows batch by batch."""
        wanted = "*" if columns is None else names(tuple(columns))
        question = f"SELECT {wanted} FROM {self._place}"  # noqa: S608 - names are quoted
        waiting: list[pa.RecordBatch] = []
        for batch in self._warehouse.query_batches(question):
            waiting.append(batch)
            while sum(map(len, waiting)) >= self._rows:
                table = pa.Table.from_batches(waiting)
                yield arrow_to_frame(table.slice(0, self._rows))
                waiting = table.slice(self._rows).to_batches()
        if sum(map(len, waiting)):
            yield arrow_to_frame(pa.Table.from_batches(waiting))


def read_scoring_batches(
    workplace: Workplace, model: HealthModel, cutoff: dt.date | None
) -> PanelBatches:
    """Read the customers to be scored, through the same door as for training.

    Parameters
    ----------
    workplace : Workplace
        Settings and warehouse; `batch_rows` under [scoring] says how many rows come at a time.
    model : HealthModel
        Says which indicators, in which order.
    cutoff : date, optional
        None: `cutoff_date` under [scoring], else the newest cutoff of the data.

    Returns
    -------
    PanelBatches
        Nothing of it is read yet but keys; while it is read, a DuckDB file can only be read.

    Raises
    ------
    ChurnHealthError
        Faults of columns and cutoffs at once, those of values when their batch is read.
    """
    settings = workplace.settings
    require_unchanged(settings, model.catalogue_)
    problem = model.problem or settings.problem
    indicators = [column.name for column in model.model_.columns]
    given, rows = cutoff or settings.scoring.cutoff_date, settings.scoring.batch_rows
    if settings.is_history:
        panel = history_scoring_panel(workplace, indicators, problem, given)
        return PanelBatches(panel.cutoff.iloc[0], panel_slices(panel, rows))
    columns = settings.panel_columns
    if given is None and columns.cutoff is None:
        given = settings.panel.cutoff_date
    return scoring_batches(
        _table(workplace),
        columns,
        problem,
        indicators=indicators,
        cutoff=given,
        max_reject_share=settings.scoring.max_reject_share,
        source=str(settings.scoring_source),
    )


def panel_cutoffs(
    workplace: Workplace, since: dt.date, until: dt.date | None = None
) -> list[pd.Timestamp]:
    """Return the cutoffs of the customers to be scored, in a project with a panel, oldest first.

    Parameters
    ----------
    workplace : Workplace
        Settings and warehouse.
    since, until : date
        First and last local date.

    Returns
    -------
    list of Timestamp
        UTC.

    Raises
    ------
    ConfigError
        The table has no cutoff column: all of it is of one cutoff. Or no cutoff lies there.
    """
    settings, problem = workplace.settings, workplace.settings.problem
    name, table = settings.panel_columns.cutoff, _table(workplace)
    if name is None or name not in table.head():
        raise ConfigError(
            f"backfill: {settings.scoring_source} has no cutoff column, so that all of its rows are of "
            "one cutoff; keep the rows of past cutoffs in it, and name the column (cutoff under [panel])"
        )
    batches = (cutoff_instants(frame[name], problem) for frame in table.batches([name]))
    known = sorted({one for batch in batches for one in batch.dropna().unique()})
    low = problem.cutoff_instant(since)
    high = None if until is None else problem.cutoff_instant(until)
    chosen = [one for one in known if one >= low and (high is None or one <= high)]
    if not chosen:
        have = f"{known[0]:%Y-%m-%d} to {known[-1]:%Y-%m-%d} UTC" if known else "none"
        raise ConfigError(
            f"backfill: expected cutoffs in {settings.scoring_source} from {since} to "
            f"{until or 'the newest'}, found none; it has {have}"
        )
    return chosen


def _table(workplace: Workplace) -> TableBatches:
    source, rows = workplace.settings.scoring_source, workplace.settings.scoring.batch_rows
    if source.table is not None:
        return WarehouseBatches(workplace.warehouse, source.table, rows)
    return FrameBatches(workplace.read(source), rows)


def panel_slices(panel: Panel, rows: int) -> Generator[Panel]:
    """Cut a panel to be scored into batches; its rejects come with the first."""
    for start in range(0, max(1, len(panel.X)), rows):
        part = slice(start, start + rows)
        rejects = panel.rejects if start == 0 else panel.rejects.iloc[:0]
        X = panel.X.iloc[part].reset_index(drop=True)
        yield replace(
            panel,
            customer_id=panel.customer_id.iloc[part].reset_index(drop=True),
            cutoff=panel.cutoff.iloc[part].reset_index(drop=True),
            X=X,
            mrr=None if panel.mrr is None else panel.mrr[part],
            rejects=rejects,
            rows_read=len(X) + len(rejects),
        )
