"""The rows that a training job may use: read through the one door, known by then, and enough of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from churnhealth.domain.problem import ChurnProblem
from churnhealth.errors import NotEnoughDataError
from churnhealth.features.fingerprint import frame_fingerprint
from churnhealth.features.panel import Panel, training_panel
from churnhealth.jobs.history_panel import history_training_panel
from churnhealth.jobs.settings_sections import ModelSettings
from churnhealth.jobs.wiring import Workplace


def training_rows(workplace: Workplace, today: dt.date | None = None) -> Panel:
    """Return the labelled rows of a project, enough of them to learn from.

    Parameters
    ----------
    workplace : Workplace
        Settings, warehouse, clock.
    today : date, optional
        Train as if today were this date: only rows whose `label_known_at` is not later than its local
        midnight. None: every label that the data give.

    Raises
    ------
    SchemaError
        Faults of the table, all of them.
    NotEnoughDataError
        Too few customers or churners.
    """
    problem = workplace.settings.problem
    panel = read_training_panel(workplace, today)
    if today is not None:
        panel = known_on(panel, problem, today)
    panel = labelled(panel)
    panel.notes.extend(early_notes(panel, problem, workplace.clock()))
    require_enough(panel, workplace.settings.model, today)
    return panel


def read_training_panel(workplace: Workplace, today: dt.date | None = None) -> Panel:
    """Read the panel with its labels, through the same door as for scoring."""
    settings = workplace.settings
    if settings.is_history:
        return history_training_panel(workplace, today)
    frame = workplace.read(settings.panel_source)
    return training_panel(
        frame, settings.panel_columns, settings.problem, cutoff=settings.panel.cutoff_date
    )


def known_on(panel: Panel, problem: ChurnProblem, today: dt.date) -> Panel:
    """Return the rows whose label was certain at local midnight of a date; the others are counted."""
    limit = problem.cutoff_instant(today)
    known_at = panel.cutoff.map({at: problem.label_known_at(at) for at in panel.cutoff.unique()})
    known = (known_at <= limit).to_numpy(dtype=bool)
    left = int((~known).sum())
    note = f"as if today were {today}: {left:,} rows whose label is known only later are left out"
    return _rows_of(panel, known, [note] if left else [])


def labelled(panel: Panel) -> Panel:
    """Return the panel without its censored rows; they are counted in its notes."""
    if panel.y is None or not np.isnan(panel.y).any():
        return panel
    return _rows_of(panel, ~np.isnan(panel.y))


def early_notes(panel: Panel, problem: ChurnProblem, now: dt.datetime) -> list[str]:
    """Say which labels a panel gives before they can be certain; they are taken as they are."""
    known = {at: problem.label_known_at(at) for at in panel.cutoff.unique()}
    early = sorted(at for at, moment in known.items() if moment > now)
    if not early:
        return []
    rows = int(panel.cutoff.isin(early).sum())
    first, last = (at.tz_convert(problem.timezone).date() for at in (early[0], known[early[-1]]))
    told = f"{rows:,} labels, of cutoffs from {first} on, are taken as given, though they can be"
    return [f"{told} certain only on {last}: who has not churned by now may churn yet"]


def _rows_of(panel: Panel, rows: np.ndarray, notes: Sequence[str] = ()) -> Panel:
    return Panel(
        panel.customer_id[rows].reset_index(drop=True),
        panel.cutoff[rows].reset_index(drop=True),
        panel.X[rows].reset_index(drop=True),
        None if panel.y is None else panel.y[rows],
        None if panel.mrr is None else panel.mrr[rows],
        panel.currency,
        panel.rejects,
        [*panel.notes, *notes],
        panel.rows_read,
    )


def require_enough(panel: Panel, least: ModelSettings, today: dt.date | None = None) -> None:
    """Refuse panels from which nothing honest can be learned.

    Raises
    ------
    NotEnoughDataError
        With the numbers needed, the numbers found, and why.
    """
    labels = np.asarray(panel.y)
    found, left = panel.customer_id.nunique(), panel.customer_id[labels == 1].nunique()
    if found >= least.minimum_customers and left >= least.minimum_churners:
        return
    then = f" that is known on {today}" if today is not None else ""
    raise NotEnoughDataError(
        f"expected at least {least.minimum_customers} customers with a label{then}, "
        f"{least.minimum_churners} of them churners, got {found} and {left}. With fewer, the score "
        "would be little more than the base rate and its error could not be measured. Take more cutoffs "
        "or a longer horizon, or lower minimum_customers and minimum_churners under [model] in "
        "churnhealth.toml."
    )


def panel_fingerprint(panel: Panel) -> str:
    """Hash customers, cutoffs, indicators and labels."""
    keys = {
        (0, "customer_id"): panel.customer_id.to_numpy(),
        (0, "cutoff"): panel.cutoff.to_numpy(),
        (0, "label"): panel.y,
    }
    return frame_fingerprint(pd.concat([panel.X, pd.DataFrame(keys, index=panel.X.index)], axis=1))
