"""What happens inside the one transaction that publishes a slice of scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from churnhealth.adapters import ledger_sql
from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.warehouse import SLICE_TABLES, PublishResult, RunRecord
from churnhealth.adapters.warehouse_session import Session
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_REJECTS, HEALTH_SCORES
from churnhealth.errors import WarehouseError


def publish_staged(
    session: Session,
    prefix: str,
    run: RunRecord,
    places: Mapping[TableContract, str],
    counts: Mapping[TableContract, int],
    *,
    finished_at: datetime,
    message: str | None = None,
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
    places : mapping of TableContract to str
        Where the rows of each table wait, as after FROM: the slice and the rejects, without the
        columns that `warehouse_sql.staged_rows` adds.
    counts : mapping of TableContract to int
        How many rows were put there.
    finished_at : datetime
        In UTC.
    message : str, optional
        For the ledger.

    Raises
    ------
    WarehouseError
        When a customer waits twice, rows that were put aside are gone, or the run does not stand as
        started in the ledger.
    """
    result = _outcome(session, prefix, run)
    if result.status == "completed":
        _require_all_there(session, places, counts)
        _replace(session, prefix, run, places, old_revision=result.revision - 1)
    ended = {"finished_at": finished_at, "message": message}
    _finish(session, prefix, run, counts, ended, result)
    return result


def _outcome(session: Session, prefix: str, run: RunRecord) -> PublishResult:
    newest = session.rows(ledger_sql.newest_finished(prefix), [run.cutoff, run.model_version])
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
    places: Mapping[TableContract, str],
    old_revision: int,
) -> None:
    _require_each_once(session, places[HEALTH_SCORES])
    if old_revision:
        session.execute(sql.keep_history(prefix), [old_revision, run.cutoff, run.model_version])
    for contract in SLICE_TABLES:
        with _source(session, run, contract, places[contract]):
            _replace_table(session, prefix, run, old_revision, contract)
    with _source(session, run, HEALTH_REJECTS, places[HEALTH_REJECTS]):
        session.execute(sql.insert(HEALTH_REJECTS, prefix))


def _require_all_there(
    session: Session, places: Mapping[TableContract, str], counts: Mapping[TableContract, int]
) -> None:
    """Staged rows are cheap because they are kept loosely: a server that crashes empties them."""
    for contract, place in places.items():
        [(found,)] = session.rows(sql.count_rows(place))
        if found != counts[contract]:
            raise WarehouseError(
                f"{contract.name}: expected the {counts[contract]} rows that were put aside to be "
                f"published, got {found}: the server was restarted meanwhile, or another run has "
                "cleared them away. Nothing was published; score again."
            )


def _require_each_once(session: Session, place: str) -> None:
    """A batch has each of its keys once, so that only a customer in two batches can repeat one."""
    repeated = session.rows(sql.repeated_customers(place))[0][0]
    if repeated:
        raise WarehouseError(
            f"{HEALTH_SCORES.name}: duplicate keys: expected each customer in one batch only, got "
            f"{repeated} in several. Score again when nobody writes to the table that is scored."
        )


@contextmanager
def _source(session: Session, run: RunRecord, contract: TableContract, place: str) -> Iterator[None]:
    """Let statements read whole rows under the name `warehouse_sql.SOURCE`."""
    session.execute(f"CREATE TEMPORARY VIEW {sql.SOURCE} AS {sql.staged_rows(contract, run, place)}")
    yield
    session.execute(f"DROP VIEW {sql.SOURCE}")


def _replace_table(
    session: Session, prefix: str, run: RunRecord, old_revision: int, contract: TableContract
) -> None:
    if old_revision or contract.name in session.unindexed:
        session.replace_slice(contract, prefix, [run.cutoff, run.model_version])
    else:
        session.execute(sql.insert(contract, prefix))


def _finish(
    session: Session,
    prefix: str,
    run: RunRecord,
    counts: Mapping[TableContract, int],
    ended: Mapping[str, object],
    result: PublishResult,
) -> None:
    changed: dict[str, object] = {
        "status": result.status,
        "revision": result.revision,
        "input_fingerprint": run.input_fingerprint,
        "rows_read": run.rows_read,
        "rows_scored": counts[HEALTH_SCORES],
        "rows_rejected": counts[HEALTH_REJECTS],
        **ended,
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
    statement = ledger_sql.change_run(prefix, tuple(changed), tuple(where))
    return len(session.rows(statement, [*changed.values(), *where.values()]))
