"""The stages of a job: told to people as each begins, and to the log, with counts, as it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from churnhealth.jobs.wiring import Workplace

# Nothing is written anywhere unless somebody adds a handler, such as `jobs.json_log.JsonLog`.
LOG = logging.getLogger("churnhealth.jobs")
LOG.addHandler(logging.NullHandler())
TOLD = "told"


@dataclass
class Stages:
    """Where a job is, and what it knows so far.

    Each stage becomes one record of the logger `churnhealth.jobs`, whose attribute `told` is a dict:
    ts (when it ended, UTC, ISO), job, run_id, stage, status ("done" or "failed"), seconds, everything
    that `tell` was given so far, and error (type, message) where it failed.

    Parameters
    ----------
    workplace : Workplace
        Who is told, and the clock.
    job : str
        "score", "retrain" or "monitor".
    run_id : str, optional
        Its row of the ledger; None for a dry run.
    """

    workplace: Workplace
    job: str
    run_id: str | None = None
    _known: dict[str, Any] = field(default_factory=dict)
    _failed: bool = False

    def tell(self, **facts: object) -> None:
        """Add what became known: this stage's line and all later ones hold it; None is left out."""
        self._known.update({name: value for name, value in facts.items() if value is not None})

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Tell people that a stage begins; tell the log how it ended."""
        self.workplace.progress(name)
        began = self.workplace.clock()
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            self.failed(error, name, began)
            raise
        self._log(logging.INFO, name, "done", began)

    def failed(
        self, error: BaseException, name: str | None = None, began: datetime | None = None
    ) -> None:
        """Tell the log of an error, once."""
        if not self._failed:
            told = {"type": type(error).__name__, "message": str(error)}
            self._log(logging.ERROR, name, "failed", began, error=told)
        self._failed = True

    def _log(
        self, level: int, name: str | None, status: str, began: datetime | None, **more: object
    ) -> None:
        if not LOG.isEnabledFor(level):
            return
        now = self.workplace.clock()
        # A clock that was set back in the middle makes no negative time.
        seconds = 0.0 if began is None else max(0.0, (now - began).total_seconds())
        told = {
            "ts": now.isoformat(),
            "job": self.job,
            "run_id": self.run_id,
            "stage": name,
            "status": status,
            "seconds": round(seconds, 3),
            **self._known,
            **more,
        }
        LOG.log(level, "%s: %s %s", self.job, name, status, extra={TOLD: told})
