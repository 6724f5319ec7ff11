"""What the warehouses that speak SQL have in common: all of the protocol but the connection."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime

import pandas as pd
import pyarrow as pa

from churnhealth.adapters import ledger_sql, list_sql, monitor_sql
from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.arrow_frames import contract_to_arrow, frame_to_arrow
from churnhealth.adapters.arrow_plain import plain_batches, plain_table
from churnhealth.adapters.report_reads import ReportReads
from churnhealth.adapters.score_batch import ScoreBatch
from churnhealth.adapters.score_reads import frame_of
from churnhealth.adapters.slice_check import checked_slice
from churnhealth.adapters.staging import StagedScores, StagingArea, opened_staging
from churnhealth.adapters.warehouse import (
    CURRENT_VIEW,
    OUTPUT_VIEWS,
    SCORE_JOB,
    PublishResult,
    RunRecord,
    ScoreSlice,
    checked_prefix,
    utc_moment,
)
from churnhealth.adapters.warehouse_publish import change_run
from churnhealth.adapters.warehouse_session import Session, known_relations, place_to_write
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.list_columns import EXPANSION_VIEW, PREVENTION_VIEW
from churnhealth.domain.monitor_tables import CREATED_TABLES
from churnhealth.domain.tables import HEALTH_REJECTS
from churnhealth.errors import WarehouseError, listed, nearest


class SqlWarehouse(ReportReads):
    """The `Warehouse` protocol over short sessions; an engine brings these, and the job lock.

    Values are bound and names quoted, so no text of the data is ever part of a statement.

    Parameters
    ----------
    prefix : str
        Before the names of the output tables: letters, digits, underscores.
    wait_seconds : float
        How long to wait for another process.
    expansion_prefix : str, optional
        The prefix of a project that predicts growing MRR here, for the list of whom to grow.

    Raises
    ------
    WarehouseError
        When a prefix is no plain text, or both are the same.
    """

    def __init__(self, prefix: str, wait_seconds: float, expansion_prefix: str | None = None) -> None:
        super().__init__(checked_prefix(prefix))
        self._wait = wait_seconds
        self._expansion = expansion_prefix and checked_prefix(expansion_prefix)
        if expansion_prefix == prefix:
            raise WarehouseError(
                f"warehouse expansion_prefix: expected another than the project's own, got {prefix!r}"
            )

    @property
    @abstractmethod
    def dialect(self) -> str:
        """Name the SQL dialect, as sqlglot knows it."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Session]:
        """Open a session in ONE transaction, committed at the end of the block, or never."""

    @abstractmethod
    def _staging_area(self) -> StagingArea:
        """Return the place where scored customers wait."""

    def tables(self) -> list[str]:
        """List tables and views; outside the default schema as "schema.table"."""
        with self._reading() as session:
            return sorted(known_relations(session))

    def relation_sql(self, relation: str) -> str:
        """Return the quoted place of a table or view, as it stands after FROM."""
        with self._reading() as session:
            return self._found(session, relation)

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """List name and type of every column, in order; types in DuckDB's words, such as VARCHAR."""
        with self._reading() as session:
            return session.columns(self._found(session, relation))

    def query(self, sql: str) -> pa.Table:
        """Run one SELECT, read-only, and return all of its rows.

        Returns
        -------
        pyarrow.Table
            Decimals and wide integers are doubles, instants are UTC, times are to the microsecond.
        """
        with self._reading() as session:
            return plain_table(session.table(sql))

    def query_batches(self, sql: str) -> Iterable[pa.RecordBatch]:
        """Run one SELECT, read-only, and give its rows batch by batch; kinds as `query` gives them.

        The connection is held until the last batch is taken or the iterator is closed.
        """
        with self._reading() as session:
            yield from plain_batches(session.batches(sql))

    def read_table(self, table: str) -> pd.DataFrame:
        """Read a whole table or view.

        Parameters
        ----------
        table : str
            Its name, or "schema.table". Case matters only between names that differ by nothing else.

        Returns
        -------
        DataFrame
            All rows; instants in UTC.
        """
        with self._reading() as session:
            place = self._found(session, table)
            return frame_of(session.table(f"SELECT * FROM {place}"))  # noqa: S608 - quoted

    def write_table(self, table: str, frame: pd.DataFrame) -> None:
        """Replace a whole table by a frame, in one transaction; the index is left out.

        Parameters
        ----------
        table : str
            Its name, or "schema.table" of a schema that is there.
        frame : DataFrame
            Text, numbers, booleans, dates, timestamps or categories; missing values become NULL.
        """
        sql.quoted(table)
        arrow = frame_to_arrow(table, frame)
        with self._writing() as session:
            schema, name = place_to_write(session, table)
            ours = {output.casefold() for output in self._outputs()}
            if schema == session.schema and name.casefold() in ours:
                raise WarehouseError(f"{table}: is an output table of churnhealth; choose another name")
            session.replace_table(schema, name, arrow)

    def prepare(self) -> None:
        """Create the output tables and the views where they are missing; again does no harm.

        Those of the project of `expansion_prefix` too, whose scores the list of whom to grow reads.
        """
        with self._writing() as session:
            session.one_writer("the output tables")
            for prefix in (self._prefix, self._expansion):
                if prefix is not None:
                    self._prepare(session, prefix)
            prevention = list_sql.create_prevention_view(self._prefix)
            session.create_view(self._prefix + PREVENTION_VIEW, prevention)
            expansion = list_sql.create_expansion_view(self._prefix, self._expansion)
            session.create_view(self._prefix + EXPANSION_VIEW, expansion)

    def _prepare(self, session: Session, prefix: str) -> None:
        known = known_relations(session)
        for contract in CREATED_TABLES:
            if prefix + contract.name not in known:
                indexed = contract.name not in session.unindexed
                session.execute(sql.create_table(contract, prefix, session.types, indexed=indexed))
            self._check_columns(session, prefix, contract)
        session.create_view(prefix + CURRENT_VIEW, sql.create_current_view(prefix))

    def start_run(self, run: RunRecord) -> None:
        """Write the run to the ledger as started; older started runs of the job become failed."""
        row: dict[str, object] = {**asdict(run), "status": "started"}
        stale: dict[str, object] = {
            "status": "failed",
            "message": f"died before it finished; found by run {run.run_id}",
            "finished_at": run.started_at,
        }
        with self._writing() as session:
            change_run(session, self._prefix, stale, {"job": run.job})
            session.execute(ledger_sql.add_run(self._prefix, tuple(row)), [*row.values()])

    def publish(self, run: RunRecord, slice_: ScoreSlice, finished_at: datetime) -> PublishResult:
        """Write everything that a run scored, and finish the run, in ONE transaction."""
        checked_slice(run, slice_)
        with self.staging() as staged:
            staged.add(ScoreBatch.from_slice(slice_))
            return staged.publish(run, finished_at)

    def staging(self) -> AbstractContextManager[StagedScores]:
        """Open a place for the batches of one run; what a killed run left there is removed."""
        return opened_staging(self._staging_area(), self._writing, self._prefix)

    def finish_run(
        self, run: RunRecord, finished_at: datetime, *, message: str, model_version: str | None = None
    ) -> None:
        """Complete a run that publishes no scores, such as retrain; `model_version` is what it made."""
        if run.job == SCORE_JOB:
            raise WarehouseError(f"run {run.run_id!r}: a score run is finished by publishing its scores")
        changed: dict[str, object] = {"status": "completed", "message": message}
        changed["model_version"] = model_version or run.model_version
        if not self._end_run(run.run_id, changed, finished_at):
            raise _not_started(run.run_id)

    def write_rejects(self, run_id: str, rejects: pd.DataFrame) -> None:
        """Add the rejects of a run that publishes no scores: source, row_hash, reason, row_json."""
        frame = rejects.assign(run_id=run_id)
        HEALTH_REJECTS.check(frame)
        with self._writing() as session, session.staged(contract_to_arrow(HEALTH_REJECTS, frame)):
            session.execute(sql.insert(HEALTH_REJECTS, self._prefix))

    def publish_monitor(
        self,
        run: RunRecord,
        tables: Mapping[TableContract, pd.DataFrame],
        finished_at: datetime,
        message: str,
    ) -> None:
        """Replace the tables of `domain.monitor_tables` and complete the run, in ONE transaction."""
        for contract, frame in tables.items():
            contract.check(frame)
        changed: dict[str, object] = {"status": "completed", "message": message}
        changed["finished_at"] = utc_moment("finished_at", finished_at)
        with self._writing() as session:
            session.one_writer("the output tables")
            for contract, frame in tables.items():
                with session.staged(contract_to_arrow(contract, frame)):
                    session.execute(monitor_sql.delete_absent(contract, self._prefix))
                    session.execute(monitor_sql.upsert(contract, self._prefix))
            if not change_run(session, self._prefix, changed, {"run_id": run.run_id, "job": run.job}):
                raise _not_started(run.run_id)

    def fail_run(self, run_id: str, message: str, finished_at: datetime) -> None:
        """Mark a started run as failed; a run that has ended already is left as it is."""
        self._end_run(run_id, {"status": "failed", "message": message}, finished_at)

    def _outputs(self) -> list[str]:
        tables = (contract.name for contract in CREATED_TABLES)
        return [self._prefix + name for name in (*tables, *OUTPUT_VIEWS)]

    def _end_run(self, run_id: str, changed: dict[str, object], finished_at: datetime) -> int:
        moment = utc_moment("finished_at", finished_at)
        with self._writing() as session:
            ended = {**changed, "finished_at": moment}
            return change_run(session, self._prefix, ended, {"run_id": run_id})

    def _found(self, session: Session, relation: str) -> str:
        known = known_relations(session)
        spelled = {f"{session.schema}.{name}": place for name, place in known.items()} | known
        alike = {place for name, place in spelled.items() if name.casefold() == relation.casefold()}
        if relation in spelled or len(alike) == 1:
            return spelled.get(relation) or alike.pop()
        hint = nearest(relation, known)
        there = f"There are {listed(sorted(known), most=20)}." if known else "There are none."
        raise WarehouseError(f"{self._where()}: no table or view {relation!r}{hint}. {there}")

    def _check_columns(self, session: Session, prefix: str, contract: TableContract) -> None:
        table = prefix + contract.name
        got = [name for name, _ in session.columns(sql.quoted(table))]
        if got != list(contract.column_names):
            raise WarehouseError(
                f"{self._where()}: table {table!r} is there already with other columns: expected "
                f"{listed(contract.column_names, most=20)}, got {listed(got, most=20)}. "
                "Choose a prefix for the warehouse, or another place."
            )


def _not_started(run_id: str) -> WarehouseError:
    return WarehouseError(f"run {run_id!r}: expected a started run in the ledger, got none")
