"""What the report needs of a warehouse: rows of many customers at once, and counts of bands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd


class ReportStore(Protocol):
    """The part of the `Warehouse` protocol that the report uses."""

    def histories_of(self, customer_ids: Sequence[str]) -> pd.DataFrame:
        """Read some customers' scores by the champions of their cutoffs, by customer, latest first.

        Columns of `health_current`.
        """
        ...

    def slice_groups(self, cutoff: datetime, model_version: str) -> pd.DataFrame:
        """Read the group scores of one slice: customer_id, indicator_group, points, sub_score."""
        ...

    def groups_of(
        self, cutoff: datetime, model_version: str, customer_ids: Sequence[str]
    ) -> pd.DataFrame:
        """Read the group scores of some customers of a slice, by customer and indicator group."""
        ...

    def indicators_of(
        self, cutoff: datetime, model_version: str, customer_ids: Sequence[str]
    ) -> pd.DataFrame:
        """Read the indicators of some customers of a slice, by customer."""
        ...

    def band_counts(self, most: int) -> pd.DataFrame:
        """Count the customers by band at the newest `most` cutoffs, as their champions scored them.

        One row per cutoff and band that has customers, the latest cutoff first: cutoff, model_version,
        health_band, customers, mrr_at_risk (missing where no MRR is known).
        """
        ...
