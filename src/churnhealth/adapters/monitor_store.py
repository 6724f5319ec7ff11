"""What `monitor` needs of a warehouse: past scores in, its own tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from churnhealth.adapters.indicator_reads import IndicatorReads
from churnhealth.domain.contracts import TableContract

if TYPE_CHECKING:
    from churnhealth.adapters.warehouse import RunRecord


class MonitorStore(IndicatorReads, Protocol):
    """The part of the `Warehouse` protocol that monitoring uses."""

    def finished_slices(self) -> pd.DataFrame:
        """Read which slices were scored: cutoff, model_version, first_finished_at, finished_at.

        One row per cutoff and model version, by cutoff and then by when it was last scored or found
        unchanged.
        """
        ...

    def slice_scores(self, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the rows of `health_scores` of one slice, by customer."""
        ...

    def drivers_of(
        self, cutoff: datetime, model_version: str, customer_ids: Sequence[str], most: int
    ) -> pd.DataFrame:
        """Read the `most` strongest drivers of some customers of a slice, by customer and rank."""
        ...

    def publish_monitor(
        self,
        run: RunRecord,
        tables: Mapping[TableContract, pd.DataFrame],
        finished_at: datetime,
        message: str,
    ) -> None:
        """Replace the tables of `domain.monitor_tables` and complete the run, in ONE transaction.

        Raises
        ------
        SchemaError
            A table does not keep its contract. Nothing was written.
        WarehouseError
            The run is not started. Nothing was written.
        """
        ...
