"""The embedded warehouse: one DuckDB file, no server, no extension to download."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from churnhealth.adapters import duckdb_sql as sql
from churnhealth.adapters.arrow_frames import arrow_to_frame, frame_to_arrow
from churnhealth.adapters.duckdb_connection import reading, writing
from churnhealth.adapters.duckdb_publish import change_run, publish_slice, registered
from churnhealth.adapters.file_lock import file_lock
from churnhealth.adapters.warehouse import (
    CURRENT_VIEW,
    SCORE_JOB,
    PublishResult,
    RunRecord,
    ScoreSlice,
    checked_job,
    checked_prefix,
    checked_slice,
    utc_moment,
)
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import (
    HEALTH_DRIVERS,
    HEALTH_GROUP_SCORES,
    HEALTH_RUNS,
    HEALTH_SCORES,
    OUTPUT_TABLES,
)
from churnhealth.errors import WarehouseError, listed, nearest

_DEFAULT_SCHEMA = "main"


class DuckDBWarehouse:
    """A DuckDB file as the warehouse; keeps the `Warehouse` protocol.

    Connections are short: readers open the file read-only, writers retry while another process
    holds it. Values are bound and names quoted, so no text of the data is ever part of a statement.

    Parameters
    ----------
    path : str or Path
        The file; it and its folder are made at the first write.
    prefix : str
        Before the names of the output tables: letters, digits, underscores.
    wait_seconds : float
        How long to wait for another process, for the file and for `job_lock`.

    Raises
    ------
    WarehouseError
        When the prefix is no plain text, or the path names no file.
    """

    def __init__(self, path: str | Path, *, prefix: str = "", wait_seconds: float = 10.0) -> None:
        if str(path) in ("", ":memory:"):
            raise WarehouseError(f"warehouse: expected the path of a DuckDB file, got {str(path)!r}")
        self._path = Path(path).absolute()
        self._prefix = checked_prefix(prefix)
        self._wait = wait_seconds

    def describe(self) -> str:
        """Say for people where the warehouse is."""
        prefix = f", output tables begin with {self._prefix!r}" if self._prefix else ""
        return f"DuckDB file {self._path}{prefix}"

    def tables(self) -> list[str]:
        """List tables and views; outside the default schema as "schema.table".

        A file that is not there yet has none.
        """
        if not self._path.exists():
            return []
        with reading(self._path, self._wait) as connection:
            return sorted(_known(connection))

    def read_table(self, table: str) -> pd.DataFrame:
        """Read a whole table or view.

        Parameters
        ----------
        table : str
            Its name, or "schema.table". Upper and lower case do not matter to DuckDB.

        Returns
        -------
        DataFrame
            All rows; instants in UTC.
        """
        with reading(self._path, self._wait) as connection:
            known = _known(connection)
            place = known.get(table) or _folded(known).get(table.casefold())
            if place is None:
                hint = nearest(table, known)
                there = f"There are {listed(sorted(known), most=20)}." if known else "There are none."
                raise WarehouseError(f"{self._path}: no table or view {table!r}{hint}. {there}")
            return _frame(connection, f"SELECT * FROM {place}", [])  # noqa: S608 - quoted

    def write_table(self, table: str, frame: pd.DataFrame) -> None:
        """Replace a whole table by a frame, in one transaction; the index is left out.

        Parameters
        ----------
        table : str
            Its name, or "schema.table" of a schema that is there.
        frame : DataFrame
            Text, numbers, booleans, dates, timestamps or categories; missing values become NULL.
        """
        ours = {name.casefold() for name in (*self._outputs(), self._prefix + CURRENT_VIEW)}
        if table.casefold().removeprefix(f"{_DEFAULT_SCHEMA}.") in ours:
            raise WarehouseError(f"{table}: is an output table of churnhealth; choose another name")
        arrow = frame_to_arrow(table, frame)
        with writing(self._path, self._wait) as connection, registered(connection, arrow):
            place = _place_to_write(connection, table)
            connection.execute(f"CREATE OR REPLACE TABLE {place} AS SELECT * FROM {sql.SOURCE}")  # noqa: S608

    def prepare(self) -> None:
        """Create the output tables and the view where they are missing; again does no harm."""
        with writing(self._path, self._wait) as connection:
            for contract in OUTPUT_TABLES:
                connection.execute(sql.create_table(contract, self._prefix))
                self._check_columns(connection, contract)
            connection.execute(sql.create_current_view(self._prefix))

    def start_run(self, run: RunRecord) -> None:
        """Write the run to the ledger as started; older started runs of the job become failed."""
        row: dict[str, object] = {**asdict(run), "status": "started"}
        stale: dict[str, object] = {
            "status": "failed",
            "message": f"died before it finished; found by run {run.run_id}",
            "finished_at": run.started_at,
        }
        with writing(self._path, self._wait) as connection:
            change_run(connection, self._prefix, stale, {"job": run.job})
            connection.execute(sql.add_run(self._prefix, tuple(row)), [*row.values()])

    def publish(self, run: RunRecord, slice_: ScoreSlice, finished_at: datetime) -> PublishResult:
        """Write everything that a run scored, and finish the run, in ONE transaction."""
        tables = checked_slice(run, slice_)
        moment = utc_moment("finished_at", finished_at)
        with writing(self._path, self._wait) as connection:
            return publish_slice(connection, self._prefix, run, tables, moment)

    def finish_run(
        self, run: RunRecord, finished_at: datetime, *, message: str, model_version: str | None = None
    ) -> None:
        """Complete a run that publishes no scores, such as retrain; `model_version` is what it made."""
        if run.job == SCORE_JOB:
            raise WarehouseError(f"run {run.run_id!r}: a score run is finished by publishing its scores")
        changed: dict[str, object] = {"status": "completed", "message": message}
        changed["model_version"] = model_version or run.model_version
        if not self._end_run(run.run_id, changed, finished_at):
            raise WarehouseError(f"run {run.run_id!r}: expected a started run in the ledger, got none")

    def fail_run(self, run_id: str, message: str, finished_at: datetime) -> None:
        """Mark a started run as failed; a run that has ended already is left as it is."""
        self._end_run(run_id, {"status": "failed", "message": message}, finished_at)

    def job_lock(self, job: str) -> AbstractContextManager[None]:
        """Hold the job for one process; the lock dies with the process, also after kill -9.

        The lock is a file beside the database, `<database>.<prefix><job>.lock`; it stays.
        """
        lock = self._path.with_name(f"{self._path.name}.{self._prefix}{checked_job(job)}.lock")
        return file_lock(lock, f"job {job!r}", self._wait)

    def current_scores(self) -> pd.DataFrame:
        """Read the view `health_current`, lowest health score first.

        Columns of `health_scores`, previous_cutoff, previous_health_score, health_score_change
        (points), is_stale (True: this customer has no score at the newest cutoff).
        """
        return self._select(CURRENT_VIEW, {}, "health_score, customer_id")

    def customer_scores(self, customer_id: str) -> pd.DataFrame:
        """Read all rows of `health_scores` of a customer, latest cutoff first, then newest score."""
        wanted = {"customer_id": customer_id}
        return self._select(HEALTH_SCORES.name, wanted, "cutoff DESC, scored_at DESC, model_version")

    def customer_drivers(self, customer_id: str, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the drivers of one score, by rank."""
        return self._of_score(HEALTH_DRIVERS, customer_id, cutoff, model_version, '"rank"')

    def customer_groups(self, customer_id: str, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the group scores of one score, by indicator group."""
        return self._of_score(HEALTH_GROUP_SCORES, customer_id, cutoff, model_version, "indicator_group")

    def runs(self, limit: int = 20) -> pd.DataFrame:
        """Read the newest rows of the ledger, newest start first."""
        return self._select(HEALTH_RUNS.name, {}, f"started_at DESC, run_id LIMIT {int(limit)}")

    def _outputs(self) -> list[str]:
        return [self._prefix + contract.name for contract in OUTPUT_TABLES]

    def _of_score(
        self, contract: TableContract, customer_id: str, cutoff: datetime, model_version: str, order: str
    ) -> pd.DataFrame:
        moment = utc_moment("cutoff", cutoff)
        wanted = {"customer_id": customer_id, "cutoff": moment, "model_version": model_version}
        return self._select(contract.name, wanted, order)

    def _select(self, name: str, wanted: Mapping[str, object], order: str) -> pd.DataFrame:
        table = self._prefix + name
        with reading(self._path, self._wait) as connection:
            if table not in _known(connection):
                raise WarehouseError(
                    f"{self._path}: no table {table!r}: nothing has been scored here yet. Score "
                    "customers first, or check the warehouse's path and prefix."
                )
            return _frame(connection, sql.read(table, tuple(wanted), order), [*wanted.values()])

    def _end_run(self, run_id: str, changed: dict[str, object], finished_at: datetime) -> int:
        moment = utc_moment("finished_at", finished_at)
        with writing(self._path, self._wait) as connection:
            return change_run(
                connection, self._prefix, {**changed, "finished_at": moment}, {"run_id": run_id}
            )

    def _check_columns(self, connection: duckdb.DuckDBPyConnection, contract: TableContract) -> None:
        table = self._prefix + contract.name
        rows = connection.execute(f"DESCRIBE {sql.quoted(table)}").fetchall()
        got = [row[0] for row in rows]
        if got != list(contract.column_names):
            raise WarehouseError(
                f"{self._path}: table {table!r} is there already with other columns: expected "
                f"{listed(contract.column_names, most=20)}, got {listed(got, most=20)}. "
                "Choose a prefix for the warehouse, or another file."
            )


def _known(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Map each table's and view's name, as people write it, to its quoted place."""
    rows = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = current_database()"
    ).fetchall()
    return {
        (table if schema == _DEFAULT_SCHEMA else f"{schema}.{table}"): _place(schema, table)
        for schema, table in rows
    }


def _place(schema: str, table: str) -> str:
    return f"{sql.quoted(schema)}.{sql.quoted(table)}"


def _folded(known: dict[str, str]) -> dict[str, str]:
    folded = {name.casefold(): place for name, place in known.items()}
    return folded | {f"{_DEFAULT_SCHEMA}.{name}": place for name, place in folded.items()}


def _place_to_write(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    schema, dot, name = table.partition(".")
    schemas = connection.execute(
        "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = current_database()"
    ).fetchall()
    if dot and schema.casefold() in {row[0].casefold() for row in schemas}:
        return _place(schema, name)
    return sql.quoted(table)


def _frame(connection: duckdb.DuckDBPyConnection, question: str, values: list[object]) -> pd.DataFrame:
    # A question without values is streamed; one with values is first collected by DuckDB.
    return arrow_to_frame(connection.sql(question, params=values or None).to_arrow_table())
