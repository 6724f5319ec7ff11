"""What a scoring run counts while its batches go by."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pyarrow.compute as pc

from churnhealth.adapters.score_batch import ScoreBatch
from churnhealth.errors import SchemaError
from churnhealth.estimator import HealthModel
from churnhealth.features.fingerprint import TableFingerprint
from churnhealth.features.panel import Panel
from churnhealth.jobs.drift import DriftTally


class ScoreTally:
    """Rows, bands, notes, and the fingerprint of the input, which no cut into batches changes.

    Parameters
    ----------
    model_version : str
        The model, of which the published tables depend as well.
    drivers : int
        Drivers per customer, of which they depend too.
    drift : DriftTally
        Counts the customers for the comparison with the model's reference.
    """

    def __init__(self, model_version: str, drivers: int, drift: DriftTally) -> None:
        self.drift = drift
        self.rows_read = 0
        self.rows_scored = 0
        self.bands: Counter[str] = Counter()
        self._notes: dict[str, None] = {}
        self._unseen: Counter[str] = Counter()
        self._rejects: list[str] = []
        self._input = TableFingerprint()
        self._about = (model_version, drivers)
        self._cutoff: datetime | None = None
        self._currency: str | None = None

    def read(self, model: HealthModel, panel: Panel) -> None:
        """Count a batch that was read."""
        self.rows_read += panel.rows_read
        self._notes.update(dict.fromkeys(panel.notes))
        self._rejects += list(panel.rejects["row_hash"] + panel.rejects["reason"])
        self._currency = panel.currency
        if panel.X.empty:
            return
        self._cutoff = panel.cutoff.iloc[0].to_pydatetime()
        frame = panel.X.copy()
        # No indicator has a pair for its name.
        frame[(0, "customer_id")] = panel.customer_id.to_numpy()
        if panel.mrr is not None:
            frame[(0, "mrr")] = panel.mrr
        self._input.add(frame)
        if any(column.kind == "category" for column in model.model_.columns):
            self._unseen.update(model.unseen_levels(panel.X))

    def scored(self, panel: Panel, batch: ScoreBatch) -> None:
        """Count a batch that was scored, and its customers."""
        self.rows_scored += len(batch.scores)
        self.drift.add(panel.X, batch.scores["churn_probability"].to_numpy())
        found = pc.value_counts(batch.scores["health_band"].cast("string"))
        self.bands.update({one["values"]: one["counts"] for one in found.to_pylist()})

    @property
    def cutoff(self) -> datetime:
        """The cutoff of all batches; SchemaError when no row passed."""
        if self._cutoff is None:
            raise SchemaError("scoring panel", ["expected customers to score, got none"])
        return self._cutoff

    @property
    def counts(self) -> dict[str, int]:
        """Rows read, scored and rejected, by these names."""
        return {
            "rows_read": self.rows_read,
            "rows_scored": self.rows_scored,
            "rows_rejected": self.rows_rejected,
        }

    @property
    def rows_rejected(self) -> int:
        """Rows that could not be scored."""
        return len(self._rejects)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know: columns left out, levels never seen."""
        unseen = [
            f"{name}: {rows} customers have a level never seen in training"
            for name, rows in self._unseen.items()
        ]
        return (*self._notes, *unseen)

    def fingerprint(self) -> str:
        """Hash everything that the published tables depend on, except names of runs and times."""
        version, drivers = self._about
        about = [self.cutoff.isoformat(), version, str(self._currency), str(drivers)]
        return self._input.digest(extra=[*about, *sorted(self._rejects)])
