"""Which columns of a panel are segments, within which the probabilities have to be right as well."""

from __future__ import annotations

import pandas as pd

from churnhealth.errors import ConfigError, listed, nearest
from churnhealth.jobs.settings import Settings

# Looked at where they are there and nothing else is declared.
USUAL = ("plan", "touch_model", "lifecycle_stage", "tenure_band", "segment", "industry", "region")
MOST_LEVELS = 30


def segment_columns(settings: Settings, indicators: pd.DataFrame) -> list[str]:
    """Return the segments to judge the model within.

    The columns that `segments` under [panel] names, or, where it names none, those of plan, touch
    model, lifecycle stage, tenure band, segment, industry and region that the panel has, with at most
    30 levels.

    Raises
    ------
    ConfigError
        A declared segment is no indicator of the panel.
    """
    declared = settings.panel_settings.segments if settings.panel_settings else ()
    lacking = [name for name in declared if name not in indicators]
    if lacking:
        raise ConfigError(
            f"panel.segments: expected indicators of the panel, got {listed(lacking)}"
            f"{nearest(lacking[0], indicators.columns)}"
        )
    usual = [name for name in USUAL if name in indicators]
    return list(declared) or [
        name for name in usual if indicators[name].nunique(dropna=False) <= MOST_LEVELS
    ]
