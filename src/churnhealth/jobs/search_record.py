"""What a search for options leaves behind: a sentence, numbers and the table of its trials."""

from __future__ import annotations

import pandas as pd

from churnhealth.estimator import HealthModel
from churnhealth.model.options import TrainingOptions
from churnhealth.search.decision import SearchResult, default_loss


def options_told(options: TrainingOptions) -> str:
    """Write the options that are not the default.

    Examples
    --------
    >>> options_told(TrainingOptions())
    'the defaults'
    >>> options_told(TrainingOptions.from_flat({"small_trees.leaves": 8, "even_price": 0.25}))
    'the defaults but small_trees.leaves 8, even_price 0.25'
    """
    changed = ", ".join(f"{name} {value:.4g}" for name, value in options.changed().items())
    return f"the defaults but {changed}" if changed else "the defaults"


def options_note(model: HealthModel, searched: SearchResult | None) -> str:
    """Say which options a model was fitted with, and why."""
    if searched is not None:
        return searched.reason
    return f"Options: {options_told(model.options_)}."


def search_metrics(searched: SearchResult | None) -> dict[str, float]:
    """Return what a search found as numbers; log losses in nats per row of the inner folds."""
    if searched is None:
        return {}
    done = searched.trials[searched.trials["state"] == "complete"]
    return {
        "search_trials": float(len(searched.trials)),
        "search_log_loss": float(done["log_loss"].min()),
        "search_log_loss_default": default_loss(searched.trials),
        "search_found": float(searched.found),
    }


def search_tables(searched: SearchResult | None) -> dict[str, pd.DataFrame]:
    """Return the table of all trials, of earlier calls too."""
    return {} if searched is None else {"search_trials": searched.trials}
