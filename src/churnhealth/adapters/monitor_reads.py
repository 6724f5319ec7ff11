"""Past scores as `monitor` reads them: the same SQL on every engine, values bound."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from churnhealth.adapters import monitor_sql
from churnhealth.adapters.score_reads import ScoreReads, frame_of
from churnhealth.domain.tables import HEALTH_DRIVERS, HEALTH_RUNS, HEALTH_SCORES

# Values bound to one statement.
MOST_BOUND = 500


class MonitorReads(ScoreReads):
    """The reads of `MonitorStore`, over short sessions."""

    def finished_slices(self) -> pd.DataFrame:
        """Read which slices were scored, by cutoff and when that was last done."""
        with self._reading() as session:
            self._scored_table(session, HEALTH_RUNS.name)
            return frame_of(session.table(monitor_sql.finished_slices(self._prefix)))

    def slice_scores(self, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the rows of `health_scores` of one slice, by customer."""
        wanted = {"cutoff": cutoff, "model_version": model_version}
        return self._select(HEALTH_SCORES.name, wanted, "customer_id")

    def drivers_of(
        self, cutoff: datetime, model_version: str, customer_ids: Sequence[str], most: int
    ) -> pd.DataFrame:
        """Read the `most` strongest drivers of some customers of a slice, by customer and rank."""
        found = []
        with self._reading() as session:
            self._scored_table(session, HEALTH_DRIVERS.name)
            for first in range(0, max(len(customer_ids), 1), MOST_BOUND):
                some = list(customer_ids[first : first + MOST_BOUND]) or [""]
                statement = monitor_sql.drivers_of(self._prefix, len(some), most)
                found.append(frame_of(session.table(statement, [cutoff, model_version, *some])))
        return pd.concat(found, ignore_index=True)
