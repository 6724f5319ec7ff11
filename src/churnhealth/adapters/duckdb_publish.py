"""What happens inside the one transaction that publishes a slice of scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa

from churnhealth.adapters import duckdb_sql as sql
from churnhealth.adapters.arrow_frames import contract_to_arrow
from churnhealth.adapters.warehouse import SLICE_TABLES, PublishResult, RunRecord
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_REJECTS, HEALTH_SCORES
from churnhealth.errors import WarehouseError


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Iterator[None]:
    """Let statements read an Arrow table under the name `duckdb_sql.SOURCE`."""
    connection.register(sql.SOURCE, table)
    yield
    connection.unregister(sql.SOURCE)


def publish_slice(
    connection: duckdb.DuckDBPyConnection,
    prefix: str,
    run: RunRecord,
    tables: Mapping[TableContract, pd.DataFrame],
    finished_at: datetime,
) -> PublishResult:
    """Replace the slice, keep its old scores, write the rejects, finish the run.

    Parameters
    ----------
    connection : DuckDBPyConnection
        In a transaction; it is neither committed nor rolled back here.
    prefix : str
        Before our table names.
    run : RunRecord
        Started.
    tables : mapping of TableContract to DataFrame
        Checked: the tables of the slice and the rejects.
    finished_at : datetime
        In UTC.

    Raises
    ------
    WarehouseError
        When the run does not stand as started in the ledger.
    """
    result = _outcome(connection, prefix, run)
    if result.status == "completed":
        _replace(connection, prefix, run, tables, old_revision=result.revision - 1)
    _finish(connection, prefix, run, tables, finished_at, result)
    return result


def _outcome(connection: duckdb.DuckDBPyConnection, prefix: str, run: RunRecord) -> PublishResult:
    question = sql.newest_finished(prefix)
    newest = connection.execute(question, [run.cutoff, run.model_version]).fetchone()
    if newest is None:
        return PublishResult("completed", 1)
    revision, fingerprint = newest
    if fingerprint == run.input_fingerprint:
        return PublishResult("unchanged", revision)
    return PublishResult("completed", revision + 1)


def _replace(
    connection: duckdb.DuckDBPyConnection,
    prefix: str,
    run: RunRecord,
    tables: Mapping[TableContract, pd.DataFrame],
    old_revision: int,
) -> None:
    if old_revision:
        connection.execute(sql.keep_history(prefix), [old_revision, run.cutoff, run.model_version])
    for contract in SLICE_TABLES:
        with registered(connection, contract_to_arrow(contract, tables[contract])):
            _replace_table(connection, prefix, run, contract)
    with registered(connection, contract_to_arrow(HEALTH_REJECTS, tables[HEALTH_REJECTS])):
        connection.execute(sql.insert(HEALTH_REJECTS, prefix))


def _replace_table(
    connection: duckdb.DuckDBPyConnection, prefix: str, run: RunRecord, contract: TableContract
) -> None:
    # Deleting the slice and inserting the same keys again in one transaction is right in DuckDB too,
    # but keeps every deleted key in the primary key's index until the commit: 11 s for 200,000 rows
    # on DuckDB 2.0 and 20 s on 1.4, against 0.4 s this way.
    connection.execute(sql.delete_vanished(contract, prefix), [run.cutoff, run.model_version])
    connection.execute(sql.upsert(contract, prefix))


def _finish(
    connection: duckdb.DuckDBPyConnection,
    prefix: str,
    run: RunRecord,
    tables: Mapping[TableContract, pd.DataFrame],
    finished_at: datetime,
    result: PublishResult,
) -> None:
    changed: dict[str, object] = {
        "status": result.status,
        "revision": result.revision,
        "rows_scored": len(tables[HEALTH_SCORES]),
        "rows_rejected": len(tables[HEALTH_REJECTS]),
        "finished_at": finished_at,
    }
    if not change_run(connection, prefix, changed, {"run_id": run.run_id, "job": run.job}):
        raise WarehouseError(
            f"run {run.run_id!r}: expected a run that stands as started in the ledger, got none. Start "
            "it first; if it was started, a newer run of the job has taken its place."
        )


def change_run(
    connection: duckdb.DuckDBPyConnection,
    prefix: str,
    changed: Mapping[str, object],
    where: Mapping[str, object],
) -> int:
    """Change ledger rows that stand as started; return how many there were."""
    statement = sql.change_run(prefix, tuple(changed), tuple(where))
    counted = connection.execute(statement, [*changed.values(), *where.values()]).fetchone()
    return int(counted[0]) if counted else 0
