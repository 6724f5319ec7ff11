"""The search for options inside a retraining: on which rows, where it is kept, what it starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from churnhealth.adapters.file_lock import file_lock
from churnhealth.features.panel import Panel
from churnhealth.jobs.backtest import judged_windows
from churnhealth.jobs.recipe import unfitted
from churnhealth.jobs.score import load_version
from churnhealth.jobs.wiring import Workplace
from churnhealth.model.options import TrainingOptions
from churnhealth.search.decision import SearchResult
from churnhealth.search.judge import Told
from churnhealth.search.options import search_options

FILE = "search.db"
WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Search:
    """A wish to search.

    Parameters
    ----------
    seconds : float
        Time for it, above 0; the trial that runs when it is over is finished.
    told : callable
        Told after each trial how far the search is.
    """

    seconds: float
    told: Callable[[Told], object] = lambda _: None


def searched_options(
    workplace: Workplace, panel: Panel, search: Search, champion: TrainingOptions | None = None
) -> SearchResult:
    """Look for options on the rows whose labels were known at the oldest window that will be judged.

    No window that judges the recipe has been seen by the search, for it knows no label from it. What
    was tried is kept in `models/search.db` in the project's folder, trial by trial: the next search on
    the same rows and settings goes on from there.

    Parameters
    ----------
    workplace : Workplace
        Settings; the folder of the project.
    panel : Panel
        All labelled rows.
    search : Search
        For how long.
    champion : TrainingOptions, optional
        Tried first, after the defaults.

    Raises
    ------
    MissingDependencyError
        optuna is not installed.
    WarehouseError
        Another search of this project runs.
    """
    _, (oldest, *_) = judged_windows(workplace, panel)
    model, given = unfitted(workplace, panel, oldest.train)
    path = study_path(workplace)
    with file_lock(path.with_suffix(".lock"), "the search for options", WAIT_SECONDS):
        return search_options(
            model,
            given.table,
            given.label,
            cutoff=given.cutoff,
            customer_id=given.customer_id,
            seconds=search.seconds,
            study=path,
            given=() if champion is None else (champion,),
            told=search.told,
        )


def study_path(workplace: Workplace) -> Path:
    """Return the file that keeps the trials of a project."""
    return workplace.settings.folder / "models" / FILE


def champion_options(workplace: Workplace) -> TrainingOptions | None:
    """Return the options of the model that scores today; None without one.

    Raises
    ------
    TrackingError, ArtifactError
        The champion is gone or damaged.
    """
    version = workplace.registry.champion()
    return None if version is None else load_version(workplace.registry, version).options_
