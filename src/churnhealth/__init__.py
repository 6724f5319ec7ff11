"""Customer health scores that are calibrated churn probabilities and explain themselves.

>>> import churnhealth as ch
>>> model = ch.HealthModel(random_state=0)

Names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_OWNERS = {
    "ArtifactError": "errors",
    "Catalogue": "domain.indicators",
    "ChurnHealthError": "errors",
    "ChurnProblem": "domain.problem",
    "ConfigError": "errors",
    "DuckDBWarehouse": "adapters.duckdb_warehouse",
    "EvaluationReport": "evaluate.report",
    "Explanation": "explain.explanation",
    "HealthBands": "domain.health",
    "HealthModel": "estimator",
    "Indicator": "domain.indicators",
    "LeakageError": "errors",
    "MlflowRegistry": "adapters.tracking_mlflow",
    "NotEnoughDataError": "errors",
    "PanelColumns": "features.panel",
    "PointTable": "domain.scorecard",
    "SchemaError": "errors",
    "TrackingError": "errors",
    "TrainingOptions": "model.options",
    "WarehouseError": "errors",
    "beyond_training": "explain.ranges",
    "day_of_change": "explain.change_day",
    "evaluate_model": "evaluate.report",
    "explain_customer": "jobs.explain_customer",
    "health_from_probability": "domain.health",
    "healthy_against_churned": "evaluate.side_by_side",
    "history_scoring_panel": "jobs.history_panel",
    "history_training_panel": "jobs.history_panel",
    "indicator_series": "jobs.card_day",
    "kpi": "jobs.kpi",
    "monitor": "jobs.monitor",
    "open_workplace": "jobs.wiring",
    "read_panel_file": "adapters.panel_files",
    "retrain": "jobs.retrain",
    "score": "jobs.score",
    "score_change": "explain.change",
    "scoring_panel": "features.panel_scoring",
    "search_options": "search.options",
    "simulate_project": "jobs.simulate_project",
    "training_panel": "features.panel",
    "what_would_help": "explain.improve",
    "write_report": "jobs.report",
}

__all__ = [*sorted(_OWNERS), "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that owns it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("churnhealth")
    if name not in _OWNERS:
        raise AttributeError(f"module 'churnhealth' has no attribute {name!r}")
    return getattr(importlib.import_module(f"churnhealth.{_OWNERS[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
