"""What people and jobs read of published scores: the same SQL on every engine, values bound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime

import pandas as pd
import pyarrow as pa

from churnhealth.adapters import ledger_sql, list_sql
from churnhealth.adapters import warehouse_sql as sql
from churnhealth.adapters.arrow_frames import arrow_to_frame
from churnhealth.adapters.arrow_plain import plain_table
from churnhealth.adapters.warehouse import CURRENT_VIEW, utc_moment
from churnhealth.adapters.warehouse_session import Session, known_relations
from churnhealth.domain.contracts import TableContract
from churnhealth.domain.list_columns import EXPANSION_VIEW, PREVENTION_VIEW
from churnhealth.domain.tables import (
    HEALTH_DRIVERS,
    HEALTH_GROUP_SCORES,
    HEALTH_INDICATORS,
    HEALTH_RUNS,
    HEALTH_SCORES,
)
from churnhealth.errors import WarehouseError


class ScoreReads(ABC):
    """The part of the `Warehouse` protocol that reads output tables, over short sessions.

    Parameters
    ----------
    prefix : str
        Before the names of the output tables.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    @abstractmethod
    def _where(self) -> str:
        """Name the place in messages; no secrets."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """Open a session that cannot write."""

    def current_scores(self) -> pd.DataFrame:
        """Read the view `health_current`, lowest health score first.

        Columns of `health_scores`, previous_cutoff, previous_health_score, health_score_change
        (points), is_stale (True: this customer has no score at the newest cutoff).
        """
        return self._select(CURRENT_VIEW, {}, "health_score, customer_id")

    def customer_lists(self) -> tuple[pd.DataFrame, pd.DataFrame, int]:
        """Read `health_prevention`, `health_expansion`, and how many customers are stale."""
        with self._reading() as session:
            self._scored_table(session, EXPANSION_VIEW)
            prevention, expansion = (
                frame_of(session.table(list_sql.read_list(self._prefix, view)))
                for view in (PREVENTION_VIEW, EXPANSION_VIEW)
            )
            stale = session.rows(list_sql.count_stale(self._prefix))[0][0]
            return prevention, expansion, int(stale)

    def customer_scores(self, customer_id: str) -> pd.DataFrame:
        """Read all rows of `health_scores` of a customer, latest cutoff first, then newest score."""
        wanted = {"customer_id": customer_id}
        return self._select(HEALTH_SCORES.name, wanted, "cutoff DESC, scored_at DESC, model_version")

    def riskiest_scores(self, cutoff: datetime, model_version: str, most: int) -> pd.DataFrame:
        """Read the rows of `health_scores` with the first `most` ranks of a slice, by rank."""
        values = [utc_moment("cutoff", cutoff), model_version, most]
        with self._reading() as session:
            self._scored_table(session, HEALTH_SCORES.name)
            return frame_of(session.table(sql.read_riskiest(self._prefix), values))

    def customer_history(self, customer_id: str) -> pd.DataFrame:
        """Read a customer's scores by the champions of their cutoffs, latest first.

        Columns of `health_current`; only rows of this customer are read.
        """
        with self._reading() as session:
            self._scored_table(session, HEALTH_SCORES.name)
            return frame_of(session.table(sql.customer_history(self._prefix), [customer_id]))

    def customers_scored(self, cutoff: datetime, model_version: str) -> int:
        """Return how many customers a slice has, as the ledger tells."""
        values = [utc_moment("cutoff", cutoff), model_version]
        with self._reading() as session:
            self._scored_table(session, HEALTH_RUNS.name)
            found = session.rows(ledger_sql.rows_scored(self._prefix), values)
            return int(found[0][0]) if found else 0

    def alike_customers(self, customer_id: str, limit: int = 50) -> list[str]:
        """Return scored customers with ids near this one: beside it in order, or containing it.

        At most three times `limit`, in order; an id of four characters or more need only be contained
        without its first one.
        """
        tail = customer_id[1:] if len(customer_id) > 3 else customer_id
        with self._reading() as session:
            self._scored_table(session, HEALTH_SCORES.name)
            found = session.rows(sql.alike_customers(self._prefix, limit), [customer_id, tail])
            return sorted(str(row[0]) for row in found)

    def customer_drivers(self, customer_id: str, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the drivers of one score, by rank."""
        return self._of_score(HEALTH_DRIVERS, customer_id, cutoff, model_version, '"rank"')

    def customer_groups(self, customer_id: str, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the group scores of one score, by indicator group."""
        return self._of_score(HEALTH_GROUP_SCORES, customer_id, cutoff, model_version, "indicator_group")

    def customer_indicators(
        self, customer_id: str, cutoff: datetime, model_version: str
    ) -> pd.DataFrame:
        """Read the indicators behind one score; no row when there is none."""
        return self._of_score(HEALTH_INDICATORS, customer_id, cutoff, model_version, "customer_id")

    def sampled_indicators(self, cutoff: datetime, model_version: str, most: int) -> pd.DataFrame:
        """Read the indicators of at most so many customers of a slice, by a hash of their ids."""
        values = [utc_moment("cutoff", cutoff), model_version]
        with self._reading() as session:
            self._scored_table(session, HEALTH_INDICATORS.name)
            return frame_of(session.table(sql.sampled_indicators(self._prefix, most), values))

    def runs(self, limit: int = 20) -> pd.DataFrame:
        """Read the newest rows of the ledger, newest start first."""
        return self._select(HEALTH_RUNS.name, {}, f"started_at DESC, run_id LIMIT {int(limit)}")

    def _of_score(
        self, contract: TableContract, customer_id: str, cutoff: datetime, model_version: str, order: str
    ) -> pd.DataFrame:
        moment = utc_moment("cutoff", cutoff)
        wanted = {"customer_id": customer_id, "cutoff": moment, "model_version": model_version}
        return self._select(contract.name, wanted, order)

    def _select(self, name: str, wanted: Mapping[str, object], order: str) -> pd.DataFrame:
        with self._reading() as session:
            table = self._scored_table(session, name)
            return frame_of(session.table(sql.read(table, tuple(wanted), order), [*wanted.values()]))

    def _scored_table(self, session: Session, name: str) -> str:
        """Return the name of an output table that is there."""
        table = self._prefix + name
        if table not in known_relations(session):
            raise WarehouseError(
                f"{self._where()}: no table {table!r}: nothing has been scored here yet. Score "
                "customers first, or check the warehouse's place and prefix."
            )
        return table


def frame_of(table: pa.Table) -> pd.DataFrame:
    """Return rows as a frame of plain kinds; instants in UTC."""
    return arrow_to_frame(plain_table(table))
