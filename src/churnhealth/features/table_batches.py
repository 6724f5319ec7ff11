"""A table that is read batch by batch, more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import pandas as pd

from churnhealth.features import panel_checks as checks

SCORING = "scoring panel (rows counted from 1)"
BATCH_ROWS = 50_000


class TableBatches(Protocol):
    """A table that can be read more than once, batch by batch."""

    def head(self) -> pd.DataFrame:
        """Return the first row, or none when there is none, with all columns."""
        ...

    def batches(self, columns: Sequence[str] | None = None) -> Iterable[pd.DataFrame]:
        """Give all rows in batches; only the named columns, None: all of them."""
        ...


class FrameBatches:
    """A table in memory, read as `TableBatches`.

    Parameters
    ----------
    frame : DataFrame
        Never changed.
    rows : int, optional
        Rows per batch; None: all at once.
    """

    def __init__(self, frame: pd.DataFrame, rows: int | None = None) -> None:
        self._frame = checks.own_table(frame, SCORING)
        self._rows = rows or max(1, len(self._frame))

    def head(self) -> pd.DataFrame:
        """Return the first row with all columns."""
        return self._frame.head(1)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Give the rows batch by batch."""
        frame = self._frame if columns is None else self._frame[list(columns)]
        for start in range(0, len(frame), self._rows):
            yield frame.iloc[start : start + self._rows]
