"""From history tables to the panels that training and scoring take: one definition for both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnhealth.domain.catalogue import DeclaredIndicator
from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.sources import History
from churnhealth.errors import ArtifactError, NotEnoughDataError, SchemaError, listed, nearest
from churnhealth.features.check_history import check_history
from churnhealth.features.indicator_sql import computable
from churnhealth.features.matrix import NOTES, indicator_matrix
from churnhealth.features.panel import Panel
from churnhealth.features.rejects import reject_rows
from churnhealth.features.render import render
from churnhealth.features.runner import SqlRunner
from churnhealth.features.source_columns import present_columns
from churnhealth.features.source_sql import described, source_ctes
from churnhealth.features.sql_text import with_query
from churnhealth.jobs.settings import Settings
from churnhealth.jobs.sources import (
    check_choices,
    cutoff_dates,
    data_end,
    newest_scoring_cutoff,
    source_runner,
)
from churnhealth.jobs.wiring import Workplace
from churnhealth.labels.at_risk_sql import at_risk_ctes
from churnhealth.labels.cutoffs import require_within_data
from churnhealth.labels.label_table import label_table

MRR = "mrr"
KEY = ["customer_id", "cutoff"]
ASKED = "asked"


@dataclass(frozen=True)
class _Opened:
    """A history that was looked at: its sources, what runs SQL over them, and where they end."""

    history: History
    runner: SqlRunner
    problem: ChurnProblem
    end: dt.date
    known: tuple[DeclaredIndicator, ...]


def history_training_panel(workplace: Workplace, today: dt.date | None = None) -> Panel:
    """Compute indicators and labels of everybody at risk at the configured cutoffs.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, clock.
    today : date, optional
        No cutoff is later, and no label is known that was not known at its local midnight. None: as
        far as the data go.

    Returns
    -------
    Panel
        `y` is NaN where the label is not certain yet, or where the rule gives none.

    Raises
    ------
    SchemaError
        What blocks in the sources, all of it.
    NotEnoughDataError
        Nobody is at risk at any cutoff.
    """
    opened = _open(workplace)
    _require_sound(workplace.settings, opened)
    end = opened.end if today is None else min(opened.end, today)
    cutoffs = cutoff_dates(workplace.settings, end, as_of=today)
    matrix = _matrix(opened, workplace.settings.declarations.used, cutoffs)
    labels = label_table(opened.runner, opened.history, opened.problem, cutoffs, end, opened.known)
    merged = matrix.merge(labels.frame[[*KEY, "churned"]], on=KEY, how="left", validate="one_to_one")
    y = merged.pop("churned").astype("float64").to_numpy()
    notes = [*matrix.attrs[NOTES], *_label_notes(labels.counts)]
    return _panel(opened, merged, matrix.attrs[ASKED], y, notes)


def history_scoring_panel(
    workplace: Workplace, indicators: Sequence[str], problem: ChurnProblem, cutoff: dt.date | None
) -> Panel:
    """Compute a model's indicators for everybody at risk at one cutoff.

    With the rule `renewal` these are the customers with a renewal due; the model knows of no others.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, clock.
    indicators : sequence of str
        The model's, in its order.
    problem : ChurnProblem
        The model's: it says who is at risk.
    cutoff : date, optional
        None: the newest of the calendar, `every` under [scoring] or [cutoffs].

    Raises
    ------
    LeakageError
        The cutoff lies after the end of the data.
    ArtifactError
        The model needs an indicator that no catalogue declares.
    SchemaError
        The sources no longer allow to compute one of its indicators.
    NotEnoughDataError
        Nobody is at risk at the cutoff, or no renewal is due.
    """
    opened = _open(workplace)
    day = cutoff or newest_scoring_cutoff(workplace.settings, opened.end)
    require_within_data([day], opened.end, problem)
    declared = _declared(opened.known, indicators, problem)
    matrix = _matrix(opened, declared, [day], problem)
    absent = [name for name in indicators if name not in matrix]
    if absent:
        faults = [f"the model needs the indicator {name!r}" for name in absent]
        raise SchemaError("history", [*faults, *matrix.attrs[NOTES]])
    due, told = _due_rows(opened, matrix, problem, day)
    notes = [*matrix.attrs[NOTES], *_population_notes(problem, opened.problem), *told]
    return _panel(opened, due, indicators, None, notes)


def history_labels(
    workplace: Workplace, problem: ChurnProblem, cutoffs: Sequence[dt.date]
) -> pd.DataFrame:
    """Label everybody at risk at past cutoffs, by a model's own problem.

    Returns
    -------
    DataFrame
        customer_id, cutoff (instant, UTC), churned (Int8; NA where the label is not certain before the
        end of the data, or the rule gives none).

    Raises
    ------
    LeakageError
        A cutoff lies after the end of the data.
    SchemaError
        The sources no longer hold what the rule reads.
    """
    opened = _open(workplace)
    found = label_table(opened.runner, opened.history, problem, cutoffs, opened.end, opened.known)
    return found.frame[[*KEY, "churned"]]


def _open(workplace: Workplace) -> _Opened:
    settings = workplace.settings
    runner = source_runner(settings, workplace.warehouse)
    history = described(present_columns(settings.history, runner), runner)
    end = data_end(settings, workplace.clock())
    return _Opened(history, runner, settings.problem, end, settings.declarations.known)


def _require_sound(settings: Settings, opened: _Opened) -> None:
    report = check_history(opened.history, opened.runner, check_choices(settings, opened.end))
    blocking = [str(one) for one in report.findings if one.severity == "blocking"]
    if blocking:
        raise SchemaError("history", [*blocking, "`churnhealth check` tells everything"])


def _matrix(
    opened: _Opened,
    indicators: Sequence[DeclaredIndicator],
    cutoffs: Sequence[dt.date],
    problem: ChurnProblem | None = None,
) -> pd.DataFrame:
    asked = problem or opened.problem
    at_risk = at_risk_ctes(
        opened.history, asked, cutoffs, relation_sql=opened.runner.relation_sql, indicators=opened.known
    )
    # MRR at risk is told of customers whether or not the model learns from their MRR.
    names = [one.name for one in indicators]
    money = [one for one in opened.known if one.name == MRR and MRR not in names]
    money = list(computable(opened.history, money).indicators) if money else []
    matrix = indicator_matrix(
        opened.runner, opened.history, [*indicators, *money], at_risk, cutoffs, asked.segments
    )
    asked_for = [name for name in matrix.columns if name not in (*KEY, *(one.name for one in money))]
    matrix.attrs[ASKED] = asked_for
    if matrix.empty:
        days = listed([day.isoformat() for day in cutoffs])
        cohort = f" in the cohort {asked.cohort!r}" if asked.cohort else ""
        raise NotEnoughDataError(
            f"nobody{cohort} is at risk at the cutoffs {days}; other cutoffs may have some"
        )
    return matrix


def _due_rows(
    opened: _Opened, matrix: pd.DataFrame, problem: ChurnProblem, day: dt.date
) -> tuple[pd.DataFrame, list[str]]:
    """Leave out whom the rule does not ask about at a cutoff; whether a renewal is due is known then."""
    if problem.rule != "renewal":
        return matrix, []
    found = label_table(opened.runner, opened.history, problem, [day], opened.end, opened.known).frame
    asked = set(found.loc[found["status"] != "not_due", "customer_id"])
    due = matrix[matrix["customer_id"].isin(asked)]
    if due.empty:
        raise NotEnoughDataError(f"no renewal is due at the cutoff {day}; other cutoffs may have some")
    told = f"{len(matrix) - len(due)} of {len(matrix)} customers have no renewal due: they get no score"
    return due.reset_index(drop=True), [told] if len(due) < len(matrix) else []


def _population_notes(model: ChurnProblem, config: ChurnProblem) -> list[str]:
    """Say for whom the model is, and where churnhealth.toml now says something else."""
    notes = [f"cohort: {model.cohort}"] if model.cohort else []
    if model.cohort != config.cohort:
        was, now = (one.cohort or "everybody at risk" for one in (model, config))
        notes = [f"scored is the model's cohort ({was}), not that of churnhealth.toml ({now}): retrain"]
    if model.segments != config.segments:
        notes.append(
            "the segments are the model's, not those of churnhealth.toml, which were changed: retrain"
        )
    return notes


def _declared(
    catalogue: Sequence[DeclaredIndicator], indicators: Sequence[str], problem: ChurnProblem
) -> list[DeclaredIndicator]:
    known = {one.name: one for one in catalogue}
    segments = [one.name for one in problem.segments.declared] if problem.segments else []
    strange = [name for name in indicators if name not in known and name not in segments]
    if strange:
        raise ArtifactError(
            f"the model needs indicators that the catalogue does not declare: {listed(strange)}"
            f"{nearest(strange[0], known)}; score it where it was trained, or retrain"
        )
    return [known[name] for name in indicators if name in known]


def _panel(
    opened: _Opened,
    table: pd.DataFrame,
    indicators: Sequence[str],
    y: np.ndarray | None,
    notes: list[str],
) -> Panel:
    currency, money_notes = _currency(opened)
    mrr = table[MRR].to_numpy(np.float64) if currency and MRR in table else None
    return Panel(
        table["customer_id"],
        table["cutoff"],
        table[list(indicators)],
        y,
        mrr,
        currency,
        reject_rows(table.iloc[:0], [], "history"),
        [*notes, *money_notes],
        len(table),
    )


def _currency(opened: _Opened) -> tuple[str | None, list[str]]:
    """Return the one currency of the subscriptions; money of several is not added up."""
    if not opened.history.has("subscriptions", "currency"):
        return None, []
    ctes = source_ctes(opened.history, "subscriptions", relation_sql=opened.runner.relation_sql)
    sql = with_query(ctes, "SELECT DISTINCT currency FROM src_subscriptions WHERE currency IS NOT NULL")
    rows = opened.runner.query(render(sql, opened.runner.dialect)).to_pylist()
    found = sorted(row["currency"] for row in rows)
    if len(found) == 1:
        return found[0], []
    return None, [f"MRR at risk is left out: the subscriptions have the currencies {listed(found)}"]


def _label_notes(counts: pd.DataFrame) -> list[str]:
    told = counts[["at_risk", "churners", "stayed", "censored", "not_due", "unknown"]].sum()
    words = ", ".join(f"{int(value):,} {str(name).replace('_', ' ')}" for name, value in told.items())
    return [f"{len(counts)} cutoffs: {words}"]
