"""The one door to Altair: where it is missing, the message names the extra that brings it."""

from __future__ import annotations

from typing import Any, TypeAlias

from churnhealth.errors import MissingDependencyError

try:
    import altair as alt
except ImportError as error:
    raise MissingDependencyError(
        "pictures need the package altair; pip install churnhealth[plots]"
    ) from error

__all__ = ["Layer", "alt", "layered"]

# Some of Altair's own methods are declared to return anything.
Layer: TypeAlias = Any


def layered(*layers: Layer) -> alt.LayerChart:
    """Return charts on top of each other, the first below."""
    return alt.LayerChart(layer=list(layers))
