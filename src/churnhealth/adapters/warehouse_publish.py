"""What happens inside the one transaction that publishes a slice of scores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd

from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.arrow_frames import contract_to_arrow
from churnhealth.adapters.warehouse import SLICE_TABLES, PublishResult, RunRecord
from churnhealth.adapters.warehouse_session import Session
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_REJECTS, HEALTH_SCORES
from churnhealth.errors import WarehouseError


def publish_slice(
    session: Session,
    prefix: str,
    run: RunRecord,
    tables: Mapping[TableContract, pd.DataFrame],
    finished_at: datetime,
) -> PublishResult:
    """Replace the slice, keep its old scores, write the rejects, finish the run.

    Parameters
    ----------
    session : Session
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
    result = _outcome(session, prefix, run)
    if result.status == "completed":
        _replace(session, prefix, run, tables, old_revision=result.revision - 1)
    _finish(session, prefix, run, tables, finished_at, result)
    return result


def _outcome(session: Session, prefix: str, run: RunRecord) -> PublishResult:
    newest = session.rows(sql.newest_finished(prefix), [run.cutoff, run.model_version])
    if not newest:
        return PublishResult("completed", 1)
    revision, fingerprint = newest[0]
    if fingerprint == run.input_fingerprint:
        return PublishResult("unchanged", revision)
    return PublishResult("completed", revision + 1)


def _replace(
    session: Session,
    prefix: str,
    run: RunRecord,
    tables: Mapping[TableContract, pd.DataFrame],
    old_revision: int,
) -> None:
    if old_revision:
        session.execute(sql.keep_history(prefix), [old_revision, run.cutoff, run.model_version])
    for contract in SLICE_TABLES:
        with session.staged(contract_to_arrow(contract, tables[contract])):
            _replace_table(session, prefix, run, contract)
    with session.staged(contract_to_arrow(HEALTH_REJECTS, tables[HEALTH_REJECTS])):
        session.execute(sql.insert(HEALTH_REJECTS, prefix))


def _replace_table(session: Session, prefix: str, run: RunRecord, contract: TableContract) -> None:
    session.replace_slice(contract, prefix, [run.cutoff, run.model_version])


def _finish(
    session: Session,
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
    if not change_run(session, prefix, changed, {"run_id": run.run_id, "job": run.job}):
        raise WarehouseError(
            f"run {run.run_id!r}: expected a run that stands as started in the ledger, got none. Start "
            "it first; if it was started, a newer run of the job has taken its place."
        )


def change_run(
    session: Session, prefix: str, changed: Mapping[str, object], where: Mapping[str, object]
) -> int:
    """Change ledger rows that stand as started; return how many there were."""
    statement = sql.change_run(prefix, tuple(changed), tuple(where))
    return len(session.rows(statement, [*changed.values(), *where.values()]))
