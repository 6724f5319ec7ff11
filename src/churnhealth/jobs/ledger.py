"""A job in the ledger: one at a time, started, and in the end completed or failed with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from churnhealth.adapters.warehouse import RunRecord
from churnhealth.errors import ChurnHealthError
from churnhealth.jobs.stages import Stages
from churnhealth.jobs.wiring import Workplace


@dataclass
class JobRun:
    """A job under way.

    Parameters
    ----------
    run_id : str
        Its name in the ledger.
    started_at : datetime
        When the job began.
    stages : Stages
        Where it is; told to people and to the log.
    """

    workplace: Workplace
    job: str
    run_id: str
    started_at: datetime
    stages: Stages
    begun: bool = False

    def begin(
        self,
        *,
        rows_read: int,
        cutoff: datetime | None = None,
        model_version: str | None = None,
        input_fingerprint: str | None = None,
    ) -> RunRecord:
        """Write the run to the ledger as started, with what is known by now."""
        record = RunRecord(
            run_id=self.run_id,
            job=self.job,
            cutoff=cutoff,
            model_version=model_version,
            input_fingerprint=input_fingerprint,
            rows_read=rows_read,
            started_at=self.started_at,
        )
        self.stages.tell(model_version=model_version, cutoff=record.cutoff)
        self.workplace.warehouse.start_run(record)
        self.begun = True
        return record


@contextmanager
def job_run(workplace: Workplace, job: str) -> Iterator[JobRun]:
    """Hold the job's lock; whatever goes wrong inside is written to the ledger, then raised.

    Parameters
    ----------
    workplace : Workplace
        Warehouse and clock.
    job : str
        "score", "retrain", "promote" or "rollback".
    """
    warehouse = workplace.warehouse
    with warehouse.job_lock(job):
        warehouse.prepare()
        run_id = workplace.new_run_id(job)
        run = JobRun(workplace, job, run_id, workplace.clock(), Stages(workplace, job, run_id))
        try:
            yield run
        except (Exception, KeyboardInterrupt) as error:
            _tell(run, error)
            raise


def _tell(run: JobRun, error: BaseException) -> None:
    """Write the failure down; when even that fails, the first error is the one to be seen."""
    run.stages.failed(error)
    try:
        if not run.begun:
            run.begin(rows_read=0)
        message = f"{type(error).__name__}: {error}"
        run.workplace.warehouse.fail_run(run.run_id, message, run.workplace.clock())
    except ChurnHealthError as second:
        error.add_note(f"The failure could not be written to the ledger: {second}")
