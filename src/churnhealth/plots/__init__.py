"""Pictures of the tables of evaluate and explain; nothing is computed here.

Names are loaded when they are first used, so that importing the package needs no Altair.
"""

from __future__ import annotations

import importlib
from typing import Any

_OWNERS = {
    "backtest_differences": "backtest",
    "backtest_over_windows": "backtest",
    "beeswarm": "swarm",
    "calibration_over_time": "over_time",
    "drift_bars": "drift",
    "driver_bars": "drivers",
    "importance_bars": "importance",
    "indicator_history": "history",
    "lift_by_capacity": "lift",
    "picture_png": "render",
    "picture_svg": "render",
    "profit_by_capacity": "lift",
    "reliability_diagram": "reliability",
    "retention_cohorts": "cohorts",
    "save_picture": "render",
    "score_histogram": "distribution",
    "score_history": "history",
    "shap_explanation": "shap_view",
    "two_axes_matrix": "two_axes",
    "waterfall": "drivers",
}

__all__ = sorted(_OWNERS)


def __getattr__(name: str) -> Any:
    """Load a public name from the module that owns it."""
    if name not in _OWNERS:
        raise AttributeError(f"module 'churnhealth.plots' has no attribute {name!r}")
    return getattr(importlib.import_module(f"churnhealth.plots.{_OWNERS[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)
