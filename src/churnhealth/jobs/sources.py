"""From settings to the history: who runs its SQL, where the data end, which cutoffs there are."""

from __future__ import annotations

import datetime as dt

from churnhealth.adapters.file_tables import FileTables
from churnhealth.adapters.warehouse import Warehouse
from churnhealth.errors import ConfigError, listed
from churnhealth.features.check_columns import SourceChoices
from churnhealth.features.check_history import CheckChoices
from churnhealth.features.runner import SqlRunner
from churnhealth.jobs.settings import Settings
from churnhealth.labels.cutoffs import calendar_cutoffs

_FREQUENCIES = {"week": "weekly", "month": "monthly", "quarter": "quarterly"}
# As many cutoffs as make two years, where the file does not say.
_USUAL_COUNTS = {"week": 104, "month": 24, "quarter": 8}


def source_runner(settings: Settings, warehouse: Warehouse) -> SqlRunner:
    """Return what runs the SQL over the history tables: the warehouse, or DuckDB over files.

    Raises
    ------
    ConfigError
        Some sources are tables and others files.
    """
    files = [name for name, one in settings.sources.items() if one.file is not None]
    if files and len(files) < len(settings.sources):
        tables = [name for name in settings.sources if name not in files]
        raise ConfigError(
            f"sources: expected all of them in the warehouse or all in files, got tables for "
            f"{listed(tables)} and files for {listed(files)}; load the files into the warehouse"
        )
    return FileTables() if files else warehouse


def data_end(settings: Settings, now: dt.datetime) -> dt.date:
    """Return the first local day that is not in the data.

    Parameters
    ----------
    settings : Settings
        `data_end` under [cutoffs], else today: what happens today is not whole yet.
    now : datetime
        Time zone aware.
    """
    return settings.cutoffs.data_end or now.astimezone(settings.problem.zone).date()


def cutoff_dates(settings: Settings, end: dt.date, *, as_of: dt.date | None = None) -> list[dt.date]:
    """Return the cutoffs that [cutoffs] describes, oldest first.

    Parameters
    ----------
    settings : Settings
    end : date
        The first local day that is not in the data.
    as_of : date, optional
        The day that counts as today: where `last` is later, it is this day.

    Raises
    ------
    LeakageError
        One lies after the end of the data.
    """
    chosen = settings.cutoffs
    count = chosen.count
    if count is None and chosen.first is None:
        count = _USUAL_COUNTS[chosen.every]
    last = chosen.last
    if last is not None and as_of is not None:
        last = min(last, as_of)
    return calendar_cutoffs(
        _FREQUENCIES[chosen.every],
        end,
        settings.problem,
        start=chosen.first,
        end=last,
        last=count,
    )


def scoring_cutoffs(
    settings: Settings, end: dt.date, since: dt.date, until: dt.date | None = None
) -> list[dt.date]:
    """Return the cutoffs of a backfill of a history, oldest first.

    Parameters
    ----------
    settings : Settings
        `every` under [scoring] is the calendar, else `every` under [cutoffs].
    end : date
        The first local day that is not in the data.
    since, until : date
        First and last day. `until` is a cutoff of its own, on the calendar or not; without it the last
        is the newest of the calendar.

    Raises
    ------
    LeakageError
        `until` lies after the end of the data.
    ConfigError
        No cutoff lies there.
    """
    every = _FREQUENCIES[settings.scoring.every or settings.cutoffs.every]
    newest = calendar_cutoffs(every, end, settings.problem, end=until, last=1)[0]
    found = []
    if until is None or newest >= since:
        found = calendar_cutoffs(every, end, settings.problem, start=since, end=until)
    return [*found, until] if until is not None and until not in found else found


def newest_scoring_cutoff(settings: Settings, end: dt.date) -> dt.date:
    """Return the cutoff that is scored where none is asked for: the newest of the calendar."""
    if settings.scoring.every is None:
        return cutoff_dates(settings, end)[-1]
    every = _FREQUENCIES[settings.scoring.every]
    return calendar_cutoffs(every, end, settings.problem, last=1)[0]


def check_choices(settings: Settings, end: dt.date) -> CheckChoices:
    """Return how the file wants its sources to be checked."""
    return CheckChoices(
        data_end=end,
        grace_days=settings.problem.grace_days,
        max_reject_share=settings.check.max_reject_share,
        max_reject_rows=settings.check.max_reject_rows,
        sources={name: SourceChoices(one.key, one.churned) for name, one in settings.sources.items()},
    )
