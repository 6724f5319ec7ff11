"""Scores of many customers at once, as the report reads them: the same SQL on every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pandas as pd

from churnhealth.adapters import report_sql
from churnhealth.adapters.monitor_reads import MOST_BOUND, MonitorReads
from churnhealth.adapters.score_reads import frame_of
from churnhealth.adapters.warehouse import utc_moment
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.tables import HEALTH_GROUP_SCORES, HEALTH_INDICATORS, HEALTH_SCORES


class ReportReads(MonitorReads):
    """The reads of `ReportStore`, over short sessions."""

    def histories_of(self, customer_ids: Sequence[str]) -> pd.DataFrame:
        """Read some customers' scores by the champions of their cutoffs, by customer, latest first."""
        return self._by_customer(
            HEALTH_SCORES, (), customer_ids, lambda count: report_sql.histories_of(self._prefix, count)
        )

    def slice_groups(self, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the group scores of one slice: customer_id, indicator_group, points, sub_score."""
        values = [utc_moment("cutoff", cutoff), model_version]
        with self._reading() as session:
            self._scored_table(session, HEALTH_GROUP_SCORES.name)
            return frame_of(session.table(report_sql.slice_groups(self._prefix), values))

    def groups_of(
        self, cutoff: datetime, model_version: str, customer_ids: Sequence[str]
    ) -> pd.DataFrame:
        """Read the group scores of some customers of a slice, by customer and indicator group."""
        return self._of_slice(HEALTH_GROUP_SCORES, cutoff, model_version, customer_ids)

    def indicators_of(
        self, cutoff: datetime, model_version: str, customer_ids: Sequence[str]
    ) -> pd.DataFrame:
        """Read the indicators of some customers of a slice, by customer."""
        return self._of_slice(HEALTH_INDICATORS, cutoff, model_version, customer_ids)

    def band_counts(self, most: int) -> pd.DataFrame:
        """Count the customers by band at the newest `most` cutoffs, latest first."""
        with self._reading() as session:
            self._scored_table(session, HEALTH_SCORES.name)
            return frame_of(session.table(report_sql.band_counts(self._prefix, most)))

    def _of_slice(
        self,
        contract: TableContract,
        cutoff: datetime,
        model_version: str,
        customer_ids: Sequence[str],
    ) -> pd.DataFrame:
        slice_ = (utc_moment("cutoff", cutoff), model_version)
        return self._by_customer(
            contract,
            slice_,
            customer_ids,
            lambda count: report_sql.rows_of(contract, self._prefix, count),
        )

    def _by_customer(
        self,
        contract: TableContract,
        before: tuple[object, ...],
        customer_ids: Sequence[str],
        statement: Callable[[int], str],
    ) -> pd.DataFrame:
        """Run a statement for so many customers at a time; it binds `before`, then their ids."""
        ids = sorted(set(customer_ids)) or [""]
        found = []
        with self._reading() as session:
            self._scored_table(session, contract.name)
            for first in range(0, len(ids), MOST_BOUND):
                some = ids[first : first + MOST_BOUND]
                found.append(frame_of(session.table(statement(len(some)), [*before, *some])))
        return pd.concat(found, ignore_index=True)
