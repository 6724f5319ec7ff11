"""What is a free choice in a recipe, with the defaults that did well on all data measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from churnhealth.errors import ConfigError, listed, nearest

# Nats for leaving the even shares: sum((weight - share)^2 / share) costs so much.
EVEN_PRICE = 0.5
SPLINE_KNOTS = 4


def _is_within(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and low <= value <= high


class _Ranged:
    """Numbers that must lie within bounds; all faults are told at once."""

    BOUNDS: ClassVar[Mapping[str, tuple[float, float]]]

    def __post_init__(self) -> None:
        faults = [
            f"{name}: expected a number from {low:g} to {high:g}, got {getattr(self, name)!r}"
            for name, (low, high) in self.BOUNDS.items()
            if not _is_within(getattr(self, name), low, high)
        ]
        if faults:
            raise ConfigError(f"{type(self).__name__}: " + "; ".join(faults))


@dataclass(frozen=True)
class TreeOptions(_Ranged):
    """How bold the trees of a bag are.

    Parameters
    ----------
    learning_rate : float
        What each tree counts for; how many there are is learned.
    leaves : int
        Most leaves of a tree.
    depth : int
        Most splits from the root to a leaf; 0: as many as there are.
    column_share : float
        Share (0-1) of the columns that each split may use.
    l2 : float
        Penalty on the log-odds of a leaf.
    smallest_leaf : int
        Fewest rows in a leaf; fewer on small tables.

    Raises
    ------
    ConfigError
        All numbers that are out of bounds.
    """

    BOUNDS: ClassVar = {
        "learning_rate": (0.001, 1.0),
        "leaves": (2, 1024),
        "depth": (0, 64),
        "column_share": (0.01, 1.0),
        "l2": (0.0, 1e6),
        "smallest_leaf": (1, 100_000),
    }

    learning_rate: float = 0.03
    leaves: int = 6
    depth: int = 3
    column_share: float = 0.4
    l2: float = 10.0
    smallest_leaf: int = 50

    def to_lightgbm(self) -> dict[str, float]:
        """Return LightGBM's parameters, without that for the smallest leaf."""
        return {
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "max_depth": self.depth or -1,
            "feature_fraction_bynode": self.column_share,
            "lambda_l2": self.l2,
        }


SMALL_TREES = TreeOptions()
DEEP_TREES = TreeOptions(leaves=31, depth=0, column_share=0.8, l2=0.0, smallest_leaf=10)


@dataclass(frozen=True)
class TrainingOptions(_Ranged):
    """The free choices of a recipe; what is not here is learned from the data.

    Parameters
    ----------
    small_trees, deep_trees : TreeOptions
        Of the two bags of trees.
    spline_knots : int
        Knots inside the range of each number that the spline regression bends.
    even_price : float
        Nats that the stack's weights pay for leaving an even share; the lower, the more they follow
        the data.

    Raises
    ------
    ConfigError
        All numbers that are out of bounds.

    Examples
    --------
    >>> TrainingOptions(spline_knots=6).changed()
    {'spline_knots': 6}
    >>> TrainingOptions.from_flat({"small_trees.leaves": 8}).small_trees.leaves
    8
    """

    BOUNDS: ClassVar = {"spline_knots": (0, 50), "even_price": (0.0, 1e3)}

    small_trees: TreeOptions = SMALL_TREES
    deep_trees: TreeOptions = DEEP_TREES
    spline_knots: int = SPLINE_KNOTS
    even_price: float = EVEN_PRICE

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainingOptions:
        """Rebuild from `to_dict`; what is missing has its default."""
        trees = {
            name: TreeOptions(**{**asdict(default), **values.get(name, {})})
            for name, default in (("small_trees", SMALL_TREES), ("deep_trees", DEEP_TREES))
        }
        return cls(**{**values, **trees})

    def to_flat(self) -> dict[str, float]:
        """Return every number by its path, such as "small_trees.leaves"."""
        flat = dict[str, float]()
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, TreeOptions):
                flat |= {f"{one.name}.{name}": number for name, number in asdict(value).items()}
            else:
                flat[one.name] = value
        return flat

    @classmethod
    def from_flat(cls, values: Mapping[str, float]) -> TrainingOptions:
        """Return the defaults with some numbers replaced; ConfigError for a path that is none."""
        known = cls().to_flat()
        unknown = [f"{name!r}{nearest(name, known)}" for name in values if name not in known]
        if unknown:
            raise ConfigError(f"TrainingOptions: no such option: {listed(unknown)}")
        nested: dict[str, Any] = {}
        for name, value in values.items():
            group, _, part = name.rpartition(".")
            (nested.setdefault(group, {}) if group else nested)[part] = value
        return cls.from_dict(nested)

    def changed(self) -> dict[str, float]:
        """Return the numbers, by path, that are not the default."""
        default = TrainingOptions().to_flat()
        return {name: value for name, value in self.to_flat().items() if value != default[name]}
