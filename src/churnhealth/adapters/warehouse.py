"""What every warehouse can do, and the records that jobs hand to it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Protocol

import pandas as pd

from churnhealth.adapters.monitor_store import MonitorStore
from churnhealth.adapters.report_store import ReportStore
from churnhealth.domain.list_columns import EXPANSION_VIEW, PREVENTION_VIEW
from churnhealth.domain.tables import (
    HEALTH_DRIVERS,
    HEALTH_GROUP_SCORES,
    HEALTH_INDICATORS,
    HEALTH_SCORES,
)
from churnhealth.errors import WarehouseError
from churnhealth.features.runner import SqlRunner

if TYPE_CHECKING:
    from churnhealth.adapters.staging import StagedScores

CURRENT_VIEW = "health_current"
OUTPUT_VIEWS = (CURRENT_VIEW, PREVENTION_VIEW, EXPANSION_VIEW)
SCORE_JOB = "score"
SLICE_TABLES = (HEALTH_SCORES, HEALTH_GROUP_SCORES, HEALTH_DRIVERS, HEALTH_INDICATORS)


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run when it starts; one row of `health_runs`.

    Parameters
    ----------
    run_id : str
        Unique name of the run.
    job : str
        `score`, `retrain`, `promote` or `rollback`; lower-case letters and underscores.
    cutoff : datetime, optional
        The cutoff that is scored, time zone aware; None when retraining.
    model_version : str, optional
        The model used; None when not known yet.
    input_fingerprint : str, optional
        Hash of what was read; needed to publish scores.
    rows_read : int
        Customers read.
    started_at : datetime
        Time zone aware.

    Raises
    ------
    WarehouseError
        When a name is empty or a time has no time zone.
    """

    run_id: str
    job: str
    cutoff: datetime | None
    model_version: str | None
    input_fingerprint: str | None
    rows_read: int
    started_at: datetime

    def __post_init__(self) -> None:
        if not self.run_id:
            raise WarehouseError("run: expected a run_id, got an empty one")
        checked_job(self.job)
        for name in ("cutoff", "started_at"):
            moment = getattr(self, name)
            if moment is not None:
                object.__setattr__(self, name, utc_moment(f"run {self.run_id!r}: {name}", moment))


@dataclass(frozen=True)
class ScoreSlice:
    """Everything that one run publishes for one cutoff and model version.

    Parameters
    ----------
    scores, group_scores, drivers, indicators : DataFrame
        Columns of `HEALTH_SCORES` (but `risk_rank`, which publishing assigns),
        `HEALTH_GROUP_SCORES`, `HEALTH_DRIVERS`, `HEALTH_INDICATORS`.
    rejects : DataFrame
        Columns source, row_hash, reason, row_json; the warehouse adds run_id.
    """

    scores: pd.DataFrame
    group_scores: pd.DataFrame
    drivers: pd.DataFrame
    indicators: pd.DataFrame
    rejects: pd.DataFrame


@dataclass(frozen=True)
class PublishResult:
    """What publishing did: wrote revision `revision`, or found that it stands there already."""

    status: Literal["completed", "unchanged"]
    revision: int


class Warehouse(SqlRunner, MonitorStore, ReportStore, Protocol):
    """One place to read customers from, to run SQL in, and to write health scores to.

    Every method raises WarehouseError when the warehouse cannot be reached, read or written. Times
    are instants and come back in UTC.
    """

    def describe(self) -> str:
        """Say for people where the warehouse is; no secrets."""
        ...

    def tables(self) -> list[str]:
        """List tables and views; outside the default schema as "schema.table"."""
        ...

    def read_table(self, table: str) -> pd.DataFrame:
        """Read a whole table or view; "schema.table" outside the default schema."""
        ...

    def write_table(self, table: str, frame: pd.DataFrame) -> None:
        """Replace a whole table, in one transaction; never one of the output tables."""
        ...

    def prepare(self) -> None:
        """Create the output tables and the views where they are missing."""
        ...

    def start_run(self, run: RunRecord) -> None:
        """Write the run to the ledger as started, committed by itself.

        The caller holds `job_lock(run.job)`, so an older run of the job that still stands as started
        has died: it becomes failed, with a message.
        """
        ...

    def publish(self, run: RunRecord, slice_: ScoreSlice, finished_at: datetime) -> PublishResult:
        """Write everything that a run scored, and finish the run, in ONE transaction.

        It is `staging` with one batch.

        When the newest finished run of this cutoff and model version read the same (equal
        input_fingerprint), no data change and the run is unchanged. Otherwise a new revision replaces
        the whole slice and the old scores go to `health_scores_history`.

        Raises
        ------
        SchemaError
            When a table does not keep its contract. Nothing was written.
        WarehouseError
            When rows_read is not scored + rejected, when rows belong to another run, or when the run
            is not started. Nothing was written.
        """
        ...

    def staging(self) -> AbstractContextManager[StagedScores]:
        """Open a place for the batches of one run; nothing of it is seen before it is published.

        The caller holds `job_lock(SCORE_JOB)`: what lies there from a run that was killed is removed.
        Nothing stays after the block.
        """
        ...

    def finish_run(
        self, run: RunRecord, finished_at: datetime, *, message: str, model_version: str | None = None
    ) -> None:
        """Complete a run that publishes no scores, such as retrain; `model_version` is what it made."""
        ...

    def write_rejects(self, run_id: str, rejects: pd.DataFrame) -> None:
        """Add the rejects of a run that publishes no scores: source, row_hash, reason, row_json."""
        ...

    def fail_run(self, run_id: str, message: str, finished_at: datetime) -> None:
        """Mark a started run as failed; a run that has ended already is left as it is."""
        ...

    def job_lock(self, job: str) -> AbstractContextManager[None]:
        """Hold the job for one process; the lock dies with the process."""
        ...

    def current_scores(self) -> pd.DataFrame:
        """Read the view `health_current`, lowest health score first."""
        ...

    def customer_lists(self) -> tuple[pd.DataFrame, pd.DataFrame, int]:
        """Read the views `health_prevention` and `health_expansion`, and how many customers are stale.

        Columns as in `domain.list_columns`, by list_rank.
        """
        ...

    def customer_scores(self, customer_id: str) -> pd.DataFrame:
        """Read all rows of `health_scores` of a customer, latest cutoff first."""
        ...

    def riskiest_scores(self, cutoff: datetime, model_version: str, most: int) -> pd.DataFrame:
        """Read the rows of `health_scores` with the first `most` ranks of a slice, by rank."""
        ...

    def customer_history(self, customer_id: str) -> pd.DataFrame:
        """Read a customer's scores by the champions of their cutoffs, latest first.

        Columns of `health_current`; only rows of this customer are read.
        """
        ...

    def customers_scored(self, cutoff: datetime, model_version: str) -> int:
        """Return how many customers one slice has; 0 when there is none."""
        ...

    def alike_customers(self, customer_id: str, limit: int = 50) -> list[str]:
        """Return scored customers whose ids stand beside this one in order or contain it, a few."""
        ...

    def customer_drivers(self, customer_id: str, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the drivers of one score, by rank."""
        ...

    def customer_groups(self, customer_id: str, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the group scores of one score, by indicator group."""
        ...

    def runs(self, limit: int = 20) -> pd.DataFrame:
        """Read the newest rows of the ledger, newest start first."""
        ...


def utc_moment(what: str, moment: datetime) -> datetime:
    """Return a plain datetime in UTC, to the microsecond (what warehouses keep).

    Examples
    --------
    >>> utc_moment("cutoff", pd.Timestamp("2026-04-01", tz="Asia/Tokyo"))
    datetime.datetime(2026, 3, 31, 15, 0, tzinfo=datetime.timezone.utc)
    """
    if moment.tzinfo is None:
        raise WarehouseError(f"{what}: expected a time with a time zone, got {moment}")
    plain = moment.floor("us").to_pydatetime() if isinstance(moment, pd.Timestamp) else moment
    return plain.astimezone(UTC)


def checked_job(job: str) -> str:
    """Return the job's name when it can be part of a file name."""
    if not re.fullmatch(r"[a-z_]+", job):
        raise WarehouseError(f"job: expected lower-case letters and underscores, got {job!r}")
    return job


def checked_prefix(prefix: str) -> str:
    """Return the prefix of our table names when it is plain text.

    Examples
    --------
    >>> checked_prefix("emea_")
    'emea_'
    """
    if not re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*)?", prefix):
        raise WarehouseError(
            f"warehouse prefix: expected letters, digits and underscores, beginning with no digit, "
            f"got {prefix!r}"
        )
    return prefix
