"""The check: every source looked at, all faults told at once, and what can be learned from the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from churnhealth.domain.sources import History
from churnhealth.errors import ChurnHealthError, SchemaError
from churnhealth.features.check_history import check_history
from churnhealth.features.check_result import Finding, SourcesReport
from churnhealth.features.coverage import COVERAGE_COLUMNS, indicator_coverage
from churnhealth.features.runner import SqlRunner
from churnhealth.features.source_columns import present_columns
from churnhealth.features.source_sql import described
from churnhealth.jobs.check_cutoffs import COLUMNS, count_cutoffs, what_can_be_learned
from churnhealth.jobs.ledger import job_run
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.sources import check_choices, cutoff_dates, data_end, source_runner
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.at_risk_sql import at_risk_ctes

STAGES = 4


@dataclass(frozen=True)
class CheckResult:
    """What the check found.

    Parameters
    ----------
    run_id : str
        Row of `health_runs`.
    report : SourcesReport
        Findings, counts, coverage and rejects of the tables.
    cutoffs : DataFrame
        cutoff, customers, churners, stayed, unlabelled, censored; empty when labels cannot be made.
    learned : tuple of str
        What can be learned from so many, or why nothing was counted.
    coverage : DataFrame
        Customers at risk with a value, per indicator and cutoff; as from
        `features.coverage.indicator_coverage`, the worst covered first; empty like `cutoffs`.
    """

    run_id: str
    report: SourcesReport
    cutoffs: pd.DataFrame
    learned: tuple[str, ...]
    coverage: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Can indicators and labels be computed from these tables?"""
        return self.report.passed

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what was found, what blocks first."""
        return self.report.findings

    def raise_if_blocked(self) -> None:
        """Raise one SchemaError with everything that blocks; return when nothing does."""
        blocking = [str(one) for one in self.findings if one.severity == "blocking"]
        if blocking:
            raise SchemaError("history", blocking)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        cutoffs, coverage = (
            one.assign(cutoff=one["cutoff"].astype(str)) for one in (self.cutoffs, self.coverage)
        )
        return {
            "run_id": self.run_id,
            **self.report.to_dict(),
            "cutoffs": cutoffs.to_dict("records"),
            "learned": list(self.learned),
            "indicator_coverage": coverage.to_dict("records"),
            "rejects_kept": len(self.report.rejects),
        }


def check(workplace: Workplace) -> CheckResult:
    """Check the history of a project, and keep its bad rows in `health_rejects`.

    Parameters
    ----------
    workplace : Workplace
        Settings with [sources.*], warehouse, clock.

    Returns
    -------
    CheckResult
        Not `passed` when something blocks, or a source has more bad rows than `max_reject_share`; the
        run then stands as failed in the ledger. Wrong data raise nothing.

    Raises
    ------
    ConfigError
        The project has a panel, or its settings cannot be used.
    WarehouseError
        The warehouse cannot be written to.
    """
    history = workplace.settings.history
    runner = source_runner(workplace.settings, workplace.warehouse)
    with job_run(workplace, "check") as run:
        end = data_end(workplace.settings, run.started_at)
        workplace.progress("checking the tables")
        report = check_history(history, runner, check_choices(workplace.settings, end))
        workplace.progress("counting customers and churners")
        counted = _learnable(workplace, history, runner, report, end)
        workplace.progress("keeping the bad rows")
        record = run.begin(rows_read=int(report.sources["rows"].sum()))
        if len(report.rejects):
            workplace.warehouse.write_rejects(run.run_id, report.rejects)
        result = CheckResult(run.run_id, report, *counted)
        if result.passed:
            workplace.warehouse.finish_run(record, workplace.clock(), message=_message(report))
        else:
            workplace.warehouse.fail_run(run.run_id, _message(report), workplace.clock())
        return result


def _learnable(
    workplace: Workplace, history: History, runner: SqlRunner, report: SourcesReport, end: dt.date
) -> tuple[pd.DataFrame, tuple[str, ...], pd.DataFrame]:
    """Count customers, churners and values; where the tables do not allow it, say why."""
    none = pd.DataFrame(columns=list(COLUMNS))
    uncovered = pd.DataFrame(columns=list(COVERAGE_COLUMNS))
    if any(one.severity == "blocking" and one.check != "share" for one in report.findings):
        told = "Customers and churners are not counted before what blocks is mended."
        return none, (told,), uncovered
    settings = workplace.settings
    try:
        dates = cutoff_dates(settings, end)
        known = described(present_columns(history, runner), runner)
        counts, churners = count_cutoffs(
            known, settings.problem, dates, end, runner, settings.declarations.known
        )
        workplace.progress("counting the values of indicators")
        covered = _covered(settings, known, dates, runner)
    except ChurnHealthError as error:
        return none, (f"Customers and churners cannot be counted: {error}",), uncovered
    minimum = settings.model
    learned = what_can_be_learned(
        counts, churners, settings.problem, minimum.minimum_customers, minimum.minimum_churners
    )
    return counts, learned, covered


def _covered(
    settings: Settings, known: History, dates: Sequence[dt.date], runner: SqlRunner
) -> pd.DataFrame:
    problem, declared = settings.problem, settings.declarations
    at_risk = at_risk_ctes(
        known, problem, dates, relation_sql=runner.relation_sql, indicators=declared.known
    )
    return indicator_coverage(runner, known, declared.used, at_risk, dates, problem.segments)


def _message(report: SourcesReport) -> str:
    """Say in one line what the ledger should remember."""
    rejected, rows = int(report.sources["rejected"].sum()), int(report.sources["rows"].sum())
    blocking = sum(one.severity == "blocking" for one in report.findings)
    return f"{len(report.findings)} findings, {blocking} blocking; {rejected} of {rows} rows are bad"
