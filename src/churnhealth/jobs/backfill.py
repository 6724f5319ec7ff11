"""Backfill: past cutoffs scored one after the other, each a run and a publication of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import ChurnHealthError, ConfigError
from churnhealth.jobs.score import ScoreResult, champion_model, score
from churnhealth.jobs.scoring_source import panel_cutoffs
from churnhealth.jobs.sources import data_end, scoring_cutoffs
from churnhealth.jobs.wiring import Workplace


@dataclass(frozen=True, eq=False)
class BackfillFailure:
    """The cutoff (local date) at which a backfill stopped, and why."""

    cutoff: str
    error: ChurnHealthError


@dataclass(frozen=True, eq=False)
class BackfillResult:
    """What a backfill did.

    Parameters
    ----------
    runs : tuple of ScoreResult
        The runs that ended well, by cutoff.
    failure : BackfillFailure, optional
        None: all of them did.
    left : tuple of str
        Local dates of the cutoffs that were not tried after a failure.
    timezone : str
        Of the local dates.
    """

    runs: tuple[ScoreResult, ...]
    failure: BackfillFailure | None
    left: tuple[str, ...]
    timezone: str

    @property
    def done(self) -> tuple[str, ...]:
        """Local dates of the cutoffs that stand published now."""
        problem = ChurnProblem(timezone=self.timezone)
        return tuple(local_text(run.cutoff, problem) for run in self.runs)

    @property
    def message(self) -> str:
        """What failed, what was done, and what to do; empty where nothing failed."""
        if self.failure is None:
            return ""
        return (
            f"the cutoff {self.failure.cutoff} failed: {self.failure.error}\n"
            f"Scored before it, and kept: {', '.join(self.done) or 'none'}. "
            f"Not tried: {', '.join(self.left) or 'none'}. Run the same command again when the cause is "
            "mended: what is scored already will be unchanged."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: the runs, and the error of the cutoff that failed, or None."""
        failed = self.failure and {
            "cutoff": self.failure.cutoff,
            "type": type(self.failure.error).__name__,
            "message": str(self.failure.error),
        }
        return {
            "runs": [run.to_dict() for run in self.runs],
            "failed": failed,
            "not_tried": list(self.left),
        }


def backfill(workplace: Workplace, since: dt.date, until: dt.date | None = None) -> BackfillResult:
    """Score every cutoff from one date to another with today's champion, the oldest first.

    Of a history: the days of the scoring calendar (`every` under [scoring], else under [cutoffs]), and
    `until` itself. Of a panel: the cutoffs that it has. A cutoff that was scored from the same input by
    the same model is unchanged. Cutoffs before the champion's labels were known are scored too, and
    each such run says in the ledger that it is in-sample. The view `health_current` goes on showing the
    newest cutoff of all.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, registry, clock.
    since, until : date
        First and last cutoff; without `until` the newest that there is.

    Returns
    -------
    BackfillResult
        Where a cutoff fails, those before it stay published and those after it are not tried.

    Raises
    ------
    ConfigError
        No cutoff lies between the dates, or the customers to be scored have no cutoff column.
    ChurnHealthError
        There is no champion, or the sources cannot be read.
    Exception
        What nobody foresaw, with a note of the cutoffs that were scored before.
    """
    cutoffs = _cutoffs(workplace, since, until)
    champion = champion_model(workplace.registry)
    problem = workplace.settings.problem
    names = [local_text(one, problem) for one in cutoffs]
    runs: list[ScoreResult] = []
    for place, cutoff in enumerate(cutoffs):
        here = _naming(workplace, f"{names[place]} ({place + 1} of {len(cutoffs)})")
        try:
            runs.append(score(here, cutoff=cutoff, champion=champion))
        except ChurnHealthError as error:
            failure = BackfillFailure(names[place], error)
            left = tuple(names[place + 1 :])
            return BackfillResult(tuple(runs), failure, left, problem.timezone)
        except Exception as error:
            error.add_note(f"Scored before it, and kept: {', '.join(names[:place]) or 'none'}.")
            raise
    return BackfillResult(tuple(runs), None, (), problem.timezone)


def local_text(moment: dt.date, problem: ChurnProblem) -> str:
    """Write a cutoff as its local date; with the time where it is no midnight.

    Examples
    --------
    >>> instant = dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)
    >>> local_text(instant, ChurnProblem(timezone="Asia/Tokyo"))
    '2026-04-01'
    """
    local = problem.cutoff_instant(moment).tz_convert(problem.timezone)
    return f"{local:%Y-%m-%d}" if local == local.normalize() else f"{local:%Y-%m-%d %H:%M}"


def _cutoffs(workplace: Workplace, since: dt.date, until: dt.date | None) -> Sequence[dt.date]:
    if until is not None and since > until:
        raise ConfigError(f"backfill: expected --since not after --cutoff, got {since} and {until}")
    settings = workplace.settings
    if settings.is_history:
        return scoring_cutoffs(settings, data_end(settings, workplace.clock()), since, until)
    return panel_cutoffs(workplace, since, until)


def _naming(workplace: Workplace, name: str) -> Workplace:
    return replace(workplace, progress=lambda stage: workplace.progress(f"{name}: {stage}"))
