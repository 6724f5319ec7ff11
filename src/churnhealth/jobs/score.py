"""The scoring job: champion in, explained health scores out, in one transaction."""

from __future__ import annotations

import datetime as dt
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from churnhealth.adapters.staging import StagedScores
from churnhealth.adapters.tracking import ModelRegistry, ModelVersion
from churnhealth.errors import ArtifactError, TrackingError
from churnhealth.estimator import HealthModel
from churnhealth.features.panel import PanelBatches
from churnhealth.jobs.cards import CustomerCard, riskiest
from churnhealth.jobs.drift import DriftTally, stop_on_drift
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.score_tables import reject_table, score_batch
from churnhealth.jobs.score_tally import ScoreTally
from churnhealth.jobs.scoring_source import read_scoring_batches
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
        What the reader should know: columns left out, levels never seen, drift.
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
        No champion, a damaged artifact, faults of the table, more drift than `[drift]` lets pass, a
        warehouse that cannot be written.
        Scores that were published before stay as they are.
    """
    with job_run(workplace, "score") as run:
        return _score(workplace, run, cutoff)


def _score(workplace: Workplace, run: JobRun, cutoff: dt.date | None) -> ScoreResult:
    workplace.progress("reading the champion")
    version, model = champion_model(workplace.registry)
    workplace.progress("reading the customers")
    batches = read_scoring_batches(workplace, model, cutoff)
    settings = workplace.settings
    drift = DriftTally(model, settings.drift.policy)
    tally = ScoreTally(version.model_version, settings.scoring.drivers, drift)
    cutoff_read = batches.cutoff.to_pydatetime()
    started = run.begin(rows_read=0, cutoff=cutoff_read, model_version=version.model_version)
    workplace.progress("scoring and explaining")
    with workplace.warehouse.staging() as staged:
        # A DuckDB file that is still read cannot be written to, the ledger neither.
        with closing(batches):
            _stage(workplace, run, model, batches, staged, tally)
        found = drift.report()
        stop_on_drift(found, settings.drift)
        record = replace(started, rows_read=tally.rows_read, input_fingerprint=tally.fingerprint())
        workplace.progress("publishing")
        published = staged.publish(record, workplace.clock())
    return ScoreResult(
        run_id=run.run_id,
        status=published.status,
        revision=published.revision,
        cutoff=tally.cutoff,
        model_version=version.model_version,
        rows_read=tally.rows_read,
        rows_scored=tally.rows_scored,
        rows_rejected=tally.rows_rejected,
        bands={band: tally.bands[band] for band in ("green", "yellow", "red")},
        notes=(*tally.notes, *found.notes),
        riskiest=riskiest(workplace.warehouse, tally.cutoff, version.model_version, tally.rows_scored),
    )


def _stage(
    workplace: Workplace,
    run: JobRun,
    model: HealthModel,
    batches: PanelBatches,
    staged: StagedScores,
    tally: ScoreTally,
) -> None:
    """Score batch after batch, and put them aside."""
    for panel in batches:
        tally.read(model, panel)
        if panel.X.empty:
            staged.add_rejects(reject_table(panel.rejects))
            continue
        batch = score_batch(
            model, panel, scored_at=run.started_at, drivers=workplace.settings.scoring.drivers
        )
        tally.scored(panel, batch)
        staged.add(batch)


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
