"""The scoring job: champion in, explained health scores out, in one transaction."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from churnhealth.adapters.tracking import ModelRegistry, ModelVersion
from churnhealth.adapters.warehouse import ScoreSlice
from churnhealth.errors import ArtifactError, TrackingError
from churnhealth.estimator import HealthModel
from churnhealth.features.fingerprint import frame_fingerprint
from churnhealth.features.panel import Panel, scoring_panel
from churnhealth.jobs.cards import CustomerCard, riskiest
from churnhealth.jobs.declarations_changed import require_unchanged
from churnhealth.jobs.history_panel import history_scoring_panel
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.score_tables import score_tables
from churnhealth.jobs.wiring import Workplace

STAGES = 4


@dataclass(frozen=True)
class ScoreResult:
    """What a scoring job did.

    Parameters
    ----------
    run_id : str
        Row of `health_runs`.
    status : {"completed", "unchanged"}
        "unchanged": the same customers were scored by the same model before; nothing was written.
    revision : int
        Number of the slice for this cutoff and model, from 1.
    cutoff : datetime
        The cutoff that was scored, UTC.
    model_version : str
        The champion.
    rows_read, rows_scored, rows_rejected : int
        Read is scored plus rejected.
    bands : dict of str to int
        Customers per band.
    notes : tuple of str
        What the reader should know: columns left out, levels never seen.
    riskiest : tuple of CustomerCard
        The customers with the highest churn probability.
    """

    run_id: str
    status: Literal["completed", "unchanged"]
    revision: int
    cutoff: dt.datetime
    model_version: str
    rows_read: int
    rows_scored: int
    rows_rejected: int
    bands: dict[str, int]
    notes: tuple[str, ...]
    riskiest: tuple[CustomerCard, ...]


def score(workplace: Workplace, *, cutoff: dt.date | None = None) -> ScoreResult:
    """Score all customers of the scoring source at one cutoff and publish them.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, registry, clock.
    cutoff : date, optional
        None: `cutoff_date` under [scoring], else the newest cutoff of the data.

    Returns
    -------
    ScoreResult

    Raises
    ------
    ChurnHealthError
        No champion, a damaged artifact, faults of the table, a warehouse that cannot be written.
        Scores that were published before stay as they are.
    """
    with job_run(workplace, "score") as run:
        return _score(workplace, run, cutoff)


def _score(workplace: Workplace, run: JobRun, cutoff: dt.date | None) -> ScoreResult:
    settings = workplace.settings
    workplace.progress("reading the champion")
    version, model = champion_model(workplace.registry)
    workplace.progress("reading the customers")
    panel = read_scoring_panel(workplace, model, cutoff)
    moment = panel.cutoff.iloc[0].to_pydatetime()
    record = run.begin(
        rows_read=panel.rows_read,
        cutoff=moment,
        model_version=version.model_version,
        input_fingerprint=_fingerprint(panel, version, settings.scoring.drivers),
    )
    workplace.progress("scoring and explaining")
    tables = score_tables(
        model,
        panel,
        model_version=version.model_version,
        run_id=run.run_id,
        scored_at=run.started_at,
        drivers=settings.scoring.drivers,
    )
    workplace.progress("publishing")
    published = workplace.warehouse.publish(record, tables, workplace.clock())
    return ScoreResult(
        run_id=run.run_id,
        status=published.status,
        revision=published.revision,
        cutoff=moment,
        model_version=version.model_version,
        rows_read=panel.rows_read,
        rows_scored=len(panel.X),
        rows_rejected=len(panel.rejects),
        bands=_band_counts(tables),
        notes=(*panel.notes, *_unseen_notes(model, panel)),
        riskiest=riskiest(tables),
    )


def champion_model(registry: ModelRegistry) -> tuple[ModelVersion, HealthModel]:
    """Fetch the champion's artifact and read it with our own loader; no code of it is run.

    Raises
    ------
    TrackingError
        There is no champion yet.
    ArtifactError
        The artifact is damaged, or is not the one that was registered.
    """
    version = registry.champion()
    if version is None:
        raise TrackingError(
            f"there is no champion in {registry.describe()}; `churnhealth retrain` trains one, "
            "`churnhealth promote VERSION` takes one of those in `churnhealth history`"
        )
    return version, load_version(registry, version)


def load_version(registry: ModelRegistry, version: ModelVersion) -> HealthModel:
    """Fetch and read one registered version; see `champion_model`."""
    with tempfile.TemporaryDirectory(prefix="churnhealth-") as folder:
        model = HealthModel.load(registry.download(version.version, Path(folder) / "artifact"))
    if model.artifact_hash_ != version.artifact_hash:
        raise ArtifactError(
            f"model version {version.model_version}: expected the artifact {version.artifact_hash[:12]}…"
            f", got {str(model.artifact_hash_)[:12]}…: it was exchanged after it was registered; retrain"
        )
    return model


def read_scoring_panel(workplace: Workplace, model: HealthModel, cutoff: dt.date | None) -> Panel:
    """Read the customers to be scored, through the same door as for training."""
    settings = workplace.settings
    require_unchanged(settings, model.catalogue_)
    problem = model.problem or settings.problem
    indicators = [column.name for column in model.model_.columns]
    if settings.is_history:
        day = cutoff or settings.scoring.cutoff_date
        return history_scoring_panel(workplace, indicators, problem, day)
    source = settings.scoring_source
    frame = workplace.read(source)
    given = cutoff or settings.scoring.cutoff_date
    columns = settings.panel_columns
    if given is None and columns.cutoff is None:
        given = settings.panel.cutoff_date
    return scoring_panel(
        frame,
        columns,
        problem,
        indicators=indicators,
        cutoff=given,
        max_reject_share=settings.scoring.max_reject_share,
        source=str(source),
    )


def _fingerprint(panel: Panel, version: ModelVersion, drivers: int) -> str:
    """Hash everything that the published tables depend on, except names of runs and times."""
    frame = panel.X.copy()
    frame[(0, "customer_id")] = panel.customer_id.to_numpy()
    if panel.mrr is not None:
        frame[(0, "mrr")] = panel.mrr
    rejects = sorted(panel.rejects["row_hash"] + panel.rejects["reason"])
    cutoff = panel.cutoff.iloc[0].isoformat()
    extra = [cutoff, version.model_version, str(panel.currency), str(drivers), *rejects]
    return frame_fingerprint(frame, extra=extra)


def _band_counts(tables: ScoreSlice) -> dict[str, int]:
    counts = Counter(tables.scores["health_band"])
    return {band: counts[band] for band in ("green", "yellow", "red")}


def _unseen_notes(model: HealthModel, panel: Panel) -> list[str]:
    unseen = model.unseen_levels(panel.X)
    return [
        f"{name}: {rows} customers have a level never seen in training" for name, rows in unseen.items()
    ]
