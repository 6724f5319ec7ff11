"""Which options are searched, and between which bounds.

Those of the regressions are not: on wide tables a fit of splines costs more than all trees, and their
penalty is chosen at every fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from churnhealth.model.options import TrainingOptions


@dataclass(frozen=True)
class Choice:
    """One option that is searched.

    Parameters
    ----------
    path : str
        As in `TrainingOptions.to_flat`.
    low, high : float
        Bounds, both included.
    whole : bool
        Whole numbers only.
    log : bool
        Searched on the logarithm.
    """

    path: str
    low: float
    high: float
    whole: bool = False
    log: bool = False


SPACE = (
    Choice("small_trees.leaves", 2, 12, whole=True),
    Choice("small_trees.depth", 1, 5, whole=True),
    Choice("small_trees.column_share", 0.1, 1.0),
    Choice("small_trees.l2", 0.1, 100.0, log=True),
    Choice("small_trees.smallest_leaf", 10, 200, whole=True, log=True),
    Choice("deep_trees.leaves", 8, 63, whole=True, log=True),
    Choice("deep_trees.column_share", 0.1, 1.0),
    Choice("deep_trees.l2", 0.01, 30.0, log=True),
    Choice("deep_trees.smallest_leaf", 5, 100, whole=True, log=True),
    Choice("even_price", 0.05, 5.0, log=True),
)


def options_of(values: Mapping[str, float]) -> TrainingOptions:
    """Return the defaults with the searched numbers replaced."""
    return TrainingOptions.from_flat(values)


def searched_values(options: TrainingOptions) -> dict[str, float]:
    """Return the searched numbers of some options, each moved into its bounds."""
    flat = options.to_flat()
    return {one.path: min(max(flat[one.path], one.low), one.high) for one in SPACE}
