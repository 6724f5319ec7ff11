"""The monitoring job: what became of past scores, and whether a retrain is due."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from churnhealth.adapters.tracking import ModelVersion
from churnhealth.domain.retrain_due import DueCheck, decide_retrain, is_due
from churnhealth.estimator import HealthModel
from churnhealth.evaluate.realised import periods_table, score_evidence
from churnhealth.evaluate.surprises import lead_time_quantiles, lead_times, surprises
from churnhealth.jobs.drift import DriftReport, DriftTally
from churnhealth.jobs.ledger import JobRun, job_run
from churnhealth.jobs.monitor_tables import monitor_tables, with_reasons
from churnhealth.jobs.past_models import past_models
from churnhealth.jobs.past_scores import PastSlice, choose_slices, labels_end, read_past_scores
from churnhealth.jobs.score import champion_model
from churnhealth.jobs.stored_rows import stored_rows
from churnhealth.jobs.wiring import Workplace

STAGES = 5
# The distribution of so many customers is that of all of them.
MOST_COMPARED = 50_000


@dataclass(frozen=True, eq=False)
class MonitorResult:
    """What a monitoring job found; its tables are in the warehouse.

    Parameters
    ----------
    run_id : str
        Row of `health_runs`.
    model_version : str
        The champion.
    due : bool
        Is a retrain due?
    checks : tuple of DueCheck
        Why, or why not.
    periods : DataFrame
        Columns of `health_monitor_periods` but run_id: predicted and observed churners.
    customers : DataFrame
        Columns of `health_monitor_customers` but run_id: green but churned, red but stayed.
    lead_times : DataFrame
        Columns of `health_monitor_lead_times` but run_id.
    lead_quantiles : dict of str to float
        As `lead_time_quantiles` gives them.
    drift : DriftReport
        Of the newest scored cutoff against the champion's reference.
    drift_cutoff : Timestamp, optional
        That cutoff; None when nothing was scored.
    notes : tuple of str
        What was left out, and why.
    """

    run_id: str
    model_version: str
    due: bool
    checks: tuple[DueCheck, ...]
    periods: pd.DataFrame
    customers: pd.DataFrame
    lead_times: pd.DataFrame
    lead_quantiles: dict[str, float]
    drift: DriftReport
    drift_cutoff: pd.Timestamp | None
    notes: tuple[str, ...]

    def of_kind(self, kind: str) -> pd.DataFrame:
        """Return the periods of one kind: cutoff, month, model or all."""
        return self.periods[self.periods["period_kind"] == kind]


def monitor(workplace: Workplace, *, since: dt.date | None = None) -> MonitorResult:
    """Join past scores with what happened since, and publish what was found.

    Only windows whose labels are known by now count, and only scores by models that had not learned
    from later labels; a customer whose label is not known is neither churned nor stayed.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, registry, clock.
    since : date, optional
        The first cutoff looked at; None: `lookback_days` under [monitor] before now.

    Raises
    ------
    ChurnHealthError
        No champion, nothing scored yet, faults of the sources, a warehouse that cannot be written. The
        tables of an earlier run stay as they are.
    """
    with job_run(workplace, "monitor") as run:
        return _monitor(workplace, run, since)


def _monitor(workplace: Workplace, run: JobRun, since: dt.date | None) -> MonitorResult:
    stages = run.stages
    with stages.stage("reading the champion"):
        champion = champion_model(workplace.registry)
        version, model = champion
    with stages.stage("reading past scores and what happened since"):
        slices, notes = _slices(workplace, champion, run.started_at, since)
        scores = read_past_scores(workplace, slices)
        record = run.begin(rows_read=len(scores), model_version=version.model_version)
        stages.tell(rows_read=len(scores), cutoffs=len(slices))
    with stages.stage("judging them"):
        judged, unlabelled = _judged(scores)
        periods = periods_table(judged, unlabelled, version.model_version)
        leads = lead_times(scores)
        stages.tell(rows_judged=len(judged))
    with stages.stage("looking for drift"):
        drift, drift_cutoff = _drift(workplace, version, model)
        checks = _checks(workplace, champion, judged, drift, run.started_at)
        customers = with_reasons(workplace.warehouse, surprises(judged))
    result = MonitorResult(
        run_id=run.run_id,
        model_version=version.model_version,
        due=is_due(checks),
        checks=checks,
        periods=periods,
        customers=customers,
        lead_times=leads,
        lead_quantiles=lead_time_quantiles(leads),
        drift=drift,
        drift_cutoff=drift_cutoff,
        notes=notes,
    )
    with stages.stage("publishing"):
        tables = monitor_tables(result, run.started_at)
        workplace.warehouse.publish_monitor(record, tables, workplace.clock(), told(result))
        stages.tell(result="due" if result.due else "not due")
    return result


def told(result: MonitorResult) -> str:
    """Say the verdict in one line, as the ledger keeps it."""
    reasons = " ".join(check.reason_en for check in result.checks if check.status == "due")
    return f"a retrain is due: {reasons}" if result.due else "no retrain is due"


def _slices(
    workplace: Workplace,
    champion: tuple[ModelVersion, HealthModel],
    now: dt.datetime,
    since: dt.date | None,
) -> tuple[list[PastSlice], tuple[str, ...]]:
    settings = workplace.settings
    finished = workplace.warehouse.finished_slices()
    first = pd.Timestamp(now) - pd.Timedelta(days=settings.monitor.lookback_days)
    if since is not None:
        first = settings.problem.cutoff_instant(since)
    finished = finished[finished["cutoff"] >= first]
    models, gone = past_models(workplace, finished["model_version"], champion)
    slices, left_out = choose_slices(finished, models, labels_end(workplace, now))
    return slices, (*gone, *left_out)


def _judged(scores: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the scores with a known label, and how many of each closed period have none."""
    known = scores["churned"].notna()
    closed = scores["closed"].astype(bool)
    counted = scores[closed & ~known].groupby("period").size()
    return scores[known], {str(period): int(rows) for period, rows in counted.items()}


def _drift(
    workplace: Workplace, version: ModelVersion, model: HealthModel
) -> tuple[DriftReport, pd.Timestamp | None]:
    """Compare the newest customers that the champion scored with its reference."""
    tally = DriftTally(model, workplace.settings.drift.policy)
    finished = workplace.warehouse.finished_slices()
    own = finished.loc[finished["model_version"] == version.model_version, "cutoff"]
    if own.empty or model.drift_reference_ is None:
        return tally.report(), None
    cutoff = pd.Timestamp(own.max())
    stored = workplace.warehouse.sampled_indicators(
        cutoff.to_pydatetime(), version.model_version, MOST_COMPARED
    )
    columns = model.model_.columns
    # An indicator that was not stored is missing.
    tally.add(stored_rows(stored, columns).reindex(columns=[one.name for one in columns]))
    return tally.report(), cutoff


def _checks(
    workplace: Workplace,
    champion: tuple[ModelVersion, HealthModel],
    judged: pd.DataFrame,
    drift: DriftReport,
    now: dt.datetime,
) -> tuple[DueCheck, ...]:
    version, model = champion
    settings = workplace.settings
    own = judged[judged["model_version"] == version.model_version]
    through = model.label_known_through_
    age = None if through is None else (pd.Timestamp(now) - through) / pd.Timedelta(days=1)
    return decide_retrain(
        score_evidence(own, random_state=settings.model.random_state),
        drift.verdict,
        drift.notes,
        age,
        drifted_ja=drift.notes_ja,
        max_age_days=settings.monitor.max_age_days,
        minimum_churners=settings.monitor.minimum_churners,
    )
