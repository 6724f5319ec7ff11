"""Where scored customers lie until all of them are scored: seen by nobody, published at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from churnhealth.adapters.score_batch import BATCH_TABLES, ScoreBatch, batch_schema
from churnhealth.adapters.slice_check import checked_run
from churnhealth.adapters.warehouse import PublishResult, RunRecord, utc_moment
from churnhealth.adapters.warehouse_publish import publish_staged
from churnhealth.adapters.warehouse_session import Session
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_REJECTS, HEALTH_SCORES
from churnhealth.errors import ChurnHealthError


class StagingArea(Protocol):
    """The place itself; an engine brings it."""

    def clear(self) -> None:
        """Remove everything that lies there, also what a killed run has left."""
        ...

    def add(self, contract: TableContract, rows: pa.Table) -> None:
        """Put rows behind those that lie there; makes the table when it is not there yet."""
        ...

    def place(self, contract: TableContract) -> str:
        """Return a table as it stands after FROM, in a session that publishes."""
        ...


class StagedScores:
    """The batches of one run, on their way to the published tables; made by `Warehouse.staging`.

    Parameters
    ----------
    area : StagingArea
        Empty.
    writing : callable
        Opens a session in a transaction.
    prefix : str
        Before our table names.
    """

    def __init__(
        self, area: StagingArea, writing: Callable[[], AbstractContextManager[Session]], prefix: str
    ) -> None:
        self._area = area
        self._writing = writing
        self._prefix = prefix
        self._counts: Counter[TableContract] = Counter()
        for contract in BATCH_TABLES:
            area.add(contract, batch_schema(contract).empty_table())

    def add(self, batch: ScoreBatch) -> None:
        """Put a batch aside.

        Raises
        ------
        SchemaError
            When a table does not keep its contract. Nothing of the batch was written.
        WarehouseError
            When it cannot be written.
        """
        batch.check()
        for contract, rows in batch.tables():
            if len(rows):
                self._area.add(contract, rows)
                self._counts[contract] += len(rows)

    def add_rejects(self, rejects: pa.Table) -> None:
        """Put a batch aside of which no customer could be scored."""
        tables = {contract: batch_schema(contract).empty_table() for contract in BATCH_TABLES}
        self.add(ScoreBatch(*{**tables, HEALTH_REJECTS: rejects}.values()))

    def publish(
        self, run: RunRecord, finished_at: datetime, message: str | None = None
    ) -> PublishResult:
        """Move all batches to the published tables and finish the run, in ONE transaction.

        Parameters
        ----------
        run : RunRecord
            Started; with what only the whole reading could tell: `rows_read`, `input_fingerprint`.
        finished_at : datetime
            Time zone aware.
        message : str, optional
            What people should know of the run; kept in the ledger.

        Returns
        -------
        PublishResult
            As `Warehouse.publish`.

        Raises
        ------
        WarehouseError
            When rows_read is not scored + rejected, when a key stands twice, or when the run is not
            started. Nothing was published.
        """
        checked_run(run, self._counts[HEALTH_SCORES], self._counts[HEALTH_REJECTS])
        moment = utc_moment("finished_at", finished_at)
        with self._writing() as session:
            session.one_writer("the output tables")
            places = {contract: self._area.place(contract) for contract in BATCH_TABLES}
            return publish_staged(
                session, self._prefix, run, places, self._counts, finished_at=moment, message=message
            )


@contextmanager
def opened_staging(
    area: StagingArea, writing: Callable[[], AbstractContextManager[Session]], prefix: str
) -> Iterator[StagedScores]:
    """Hold an empty area for one run; what a killed run left there is removed first.

    Parameters
    ----------
    area, writing, prefix
        As for `StagedScores`.
    """
    area.clear()
    try:
        yield StagedScores(area, writing, prefix)
    except BaseException:
        # What cannot be removed now, the next run removes; this error is the one to be seen.
        with suppress(ChurnHealthError):
            area.clear()
        raise
    area.clear()
