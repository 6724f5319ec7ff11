"""Whether a run may publish, and whether a slice of frames is what the run says."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from churnhealth.adapters.warehouse import SCORE_JOB, SLICE_TABLES, RunRecord, ScoreSlice
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_REJECTS, HEALTH_SCORES
from churnhealth.errors import WarehouseError, listed

_UNRANKED = replace(
    HEALTH_SCORES, columns=tuple(one for one in HEALTH_SCORES.columns if one.name != "risk_rank")
)


def checked_run(run: RunRecord, scored: int, rejected: int) -> None:
    """Check that a run can publish so many scored and rejected customers.

    Raises
    ------
    WarehouseError
        When the run is no score run or lacks its cutoff, model version or fingerprint, or when
        customers read are not customers scored plus rejected.
    """
    if run.job != SCORE_JOB:
        raise WarehouseError(
            f"run {run.run_id!r}: only the job {SCORE_JOB!r} publishes, got {run.job!r}"
        )
    needed = ("cutoff", "model_version", "input_fingerprint")
    lacking = [name for name in needed if getattr(run, name) is None]
    if lacking:
        raise WarehouseError(f"run {run.run_id!r}: publishing scores needs {listed(lacking)}, got none")
    if run.rows_read != scored + rejected:
        raise WarehouseError(
            f"run {run.run_id!r}: expected customers read = scored + rejected, "
            f"got {run.rows_read} read, {scored} scored, {rejected} rejected"
        )


def checked_slice(run: RunRecord, slice_: ScoreSlice) -> dict[TableContract, pd.DataFrame]:
    """Check everything that a run wants to publish; return the tables with their contracts.

    Raises
    ------
    SchemaError
        For the first table that does not keep its contract; names all of its faults.
    WarehouseError
        When the run cannot publish (see `checked_run`), or when a row belongs to another slice.
    """
    scored = (slice_.scores, slice_.group_scores, slice_.drivers, slice_.indicators)
    tables = dict(zip(SLICE_TABLES, scored, strict=True))
    tables[HEALTH_REJECTS] = slice_.rejects.assign(run_id=run.run_id)
    for contract, frame in tables.items():
        if contract is HEALTH_SCORES:
            contract = _UNRANKED
        contract.check(frame)
    _check_belongs(run, tables)
    checked_run(run, len(slice_.scores), len(slice_.rejects))
    return tables


def _check_belongs(run: RunRecord, tables: dict[TableContract, pd.DataFrame]) -> None:
    scored = set(tables[HEALTH_SCORES]["customer_id"])
    for contract in SLICE_TABLES:
        frame = tables[contract]
        own = (frame["cutoff"] == run.cutoff) & (frame["model_version"] == run.model_version)
        if contract is HEALTH_SCORES:
            own &= frame["run_id"] == run.run_id
        if not own.all():
            raise WarehouseError(
                f"{contract.name}: expected only rows of run {run.run_id!r}, cutoff {run.cutoff}, "
                f"model version {run.model_version!r}, got {(~own).sum()} others"
            )
        unknown = set(frame["customer_id"].unique()) - scored
        if unknown:
            raise WarehouseError(
                f"{contract.name}: expected only customers who are in {HEALTH_SCORES.name}, "
                f"got {len(unknown)} others"
            )
