"""The scoring job: champion in, explained health scores out, in one transaction."""

from __future__ import annotations

import datetime as dt
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from churnhealth.adapters.staging import StagedScores
from churnhealth.adapters.tracking import ModelRegistry, ModelVersion
from churnhealth.adapters.warehouse import SCORE_JOB
from churnhealth.errors import ArtifactError, TrackingError, listed
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.missing import coverage_line
from churnhealth.features.panel import PanelBatches
from churnhealth.jobs.cards import CustomerCard, riskiest
from churnhealth.jobs.drift import DriftTally, stop_on_drift
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.score_tables import reject_table, score_batch
from churnhealth.jobs.score_tally import ScoreTally
from churnhealth.jobs.scoring_source import read_scoring_batches
from churnhealth.jobs.wiring import Workplace

STAGES = 4
Champion = tuple[ModelVersion, HealthModel]


@dataclass(frozen=True, eq=False)
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
        What the reader should know: that the model knows what came after the cutoff, columns left
        out, levels never seen, drift, groups with more missing values. The ledger keeps them.
    coverage : DataFrame
        How much is known of these customers, as `evaluate.missing.missing_by_group` makes it.
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
    coverage: pd.DataFrame
    riskiest: tuple[CustomerCard, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        coverage = self.coverage.astype(object).where(self.coverage.notna(), None)
        return {
            **vars(self),
            "cutoff": self.cutoff.isoformat(),
            "notes": list(self.notes),
            "coverage": coverage.to_dict("records"),
            "riskiest": [one.to_dict() for one in self.riskiest],
        }


def score(
    workplace: Workplace, *, cutoff: dt.date | None = None, champion: Champion | None = None
) -> ScoreResult:
    """Score all customers of the scoring source at one cutoff and publish them.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, registry, clock.
    cutoff : date, optional
        None: `cutoff_date` under [scoring], else the newest cutoff of the data.
    champion : tuple of ModelVersion and HealthModel, optional
        As `champion_model` read it; None: it is read.

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
    with job_run(workplace, SCORE_JOB) as run:
        return _score(workplace, run, cutoff, champion)


def _score(
    workplace: Workplace, run: JobRun, cutoff: dt.date | None, champion: Champion | None
) -> ScoreResult:
    stages, settings = run.stages, workplace.settings
    with stages.stage("reading the champion"):
        version, model = champion or champion_model(workplace.registry)
        stages.tell(model_version=version.model_version)
    with stages.stage("reading the customers"):
        batches = read_scoring_batches(workplace, model, cutoff)
        tally = ScoreTally(
            version.model_version, settings.scoring.drivers, DriftTally(model, settings.drift.policy)
        )
        started = run.begin(
            rows_read=0, cutoff=batches.cutoff.to_pydatetime(), model_version=version.model_version
        )
    with workplace.warehouse.staging() as staged:
        with stages.stage("scoring and explaining"):
            # A DuckDB file that is still read cannot be written to, the ledger neither.
            with closing(batches):
                _stage(workplace, run, model, batches, staged, tally)
            stages.tell(**tally.counts)
            found = tally.drift.report()
            stop_on_drift(found, settings.drift)
        with stages.stage("publishing"):
            notes = (*hindsight(model, batches.cutoff), *tally.notes, *found.notes)
            record = replace(started, rows_read=tally.rows_read, input_fingerprint=tally.fingerprint())
            published = staged.publish(record, workplace.clock(), _message(found.groups, notes))
            stages.tell(result=published.status, revision=published.revision)
    return ScoreResult(
        run_id=run.run_id,
        status=published.status,
        revision=published.revision,
        cutoff=tally.cutoff,
        model_version=version.model_version,
        **tally.counts,
        bands={band: tally.bands[band] for band in ("green", "yellow", "red")},
        notes=notes,
        coverage=found.groups,
        riskiest=riskiest(workplace.warehouse, tally.cutoff, version.model_version, tally.rows_scored),
    )


def hindsight(model: HealthModel, cutoff: pd.Timestamp) -> tuple[str, ...]:
    """Return a note where a model has learned from what happened after a cutoff; none elsewhere."""
    known = model.label_known_through_
    if known is None or known <= cutoff:
        return ()
    local = known.tz_convert(model.problem.timezone if model.problem else "UTC")
    told = (
        f"in-sample: the model learned from labels that became known up to {local:%Y-%m-%d}, after "
        "this cutoff; these scores are no forecast, and monitoring leaves them out"
    )
    return (told,)


def _message(coverage: pd.DataFrame, notes: tuple[str, ...]) -> str | None:
    """Say what the ledger should remember of a scoring run."""
    return "; ".join(one for one in (*notes, coverage_line(coverage)) if one) or None


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


def champion_model(registry: ModelRegistry) -> Champion:
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


def scoring_model(registry: ModelRegistry, model_version: str) -> HealthModel:
    """Return the model that made published scores, by the name that they carry.

    Raises
    ------
    TrackingError
        The registry has no such version any more, or cannot be read.
    ArtifactError
        Its files are not those that were registered.
    """
    found = [one for one in registry.versions() if one.model_version == model_version]
    if not found:
        raise TrackingError(f"{registry.describe()} has no version {listed([model_version])}")
    return load_version(registry, found[0])


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
