"""Reading back the indicators that were scored."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import pandas as pd


class IndicatorReads(Protocol):
    """The part of the `Warehouse` protocol that reads the table `health_indicators`."""

    def customer_indicators(
        self, customer_id: str, cutoff: datetime, model_version: str
    ) -> pd.DataFrame:
        """Read the indicators behind one score; no row when there is none."""
        ...

    def sampled_indicators(self, cutoff: datetime, model_version: str, most: int) -> pd.DataFrame:
        """Read the indicators of at most so many customers of a slice.

        Chosen by a hash of their ids: the same ones each time, and not by what their ids say.
        """
        ...
