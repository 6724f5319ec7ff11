"""The points score that teams make by hand: bins and levels with points, added up; high is well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.point_rule import PointRule, parsed_rule, rule_faults
from churnhealth.errors import ConfigError, SchemaError, nearest


@dataclass(frozen=True)
class PointTable:
    """A points score: each indicator earns points, and their total says how well a customer stands.

    Parameters
    ----------
    rules : tuple of PointRule
        One per indicator.

    Raises
    ------
    ConfigError
        All faults of the table: bins that overlap or hold nothing, bins and levels together, points
        that are no finite number, an indicator that stands twice.

    Examples
    --------
    >>> table = PointTable.from_dict(
    ...     {
    ...         "logins_a_day": {
    ...             "bins": [
    ...                 {"low": 1, "high": 10, "points": 5},
    ...                 {"low": 10, "high": 20, "points": 10},
    ...             ]
    ...         },
    ...         "plan": {"levels": {"Pro": 3}, "missing": -1},
    ...     }
    ... )
    >>> table.points(pd.DataFrame({"logins_a_day": [0, 1, 10], "plan": ["Pro", "Basic", None]}))
       logins_a_day  plan
    0           0.0   3.0
    1           5.0   0.0
    2          10.0  -1.0
    """

    rules: tuple[PointRule, ...] = ()

    def __post_init__(self) -> None:
        names = self.indicators
        twice = dict.fromkeys(name for name in names if names.count(name) > 1)
        faults = [f"{name!r} stands twice" for name in twice]
        _raise(faults + [fault for rule in self.rules for fault in rule_faults(rule)])

    @property
    def indicators(self) -> tuple[str, ...]:
        """The names of the indicators, in order."""
        return tuple(rule.indicator for rule in self.rules)

    def points(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the points of every indicator.

        Parameters
        ----------
        frame : DataFrame, shape (n_customers, n_columns)
            The indicators of the table, and any others.

        Returns
        -------
        DataFrame, shape (n_customers, n_rules)
            One column per indicator of the table, in its order; the index of `frame`.

        Raises
        ------
        SchemaError
            All indicators that are no columns, stand twice, or hold no numbers where there are bins.
        """
        names = [str(name) for name in frame.columns]
        found = {name: frame.iloc[:, at] for at, name in enumerate(names)}
        told = [_column_fault(rule, names, found) for rule in self.rules]
        faults = [fault for fault in told if fault]
        if faults:
            raise SchemaError("points", faults)
        columns = [rule.points(found[rule.indicator]) for rule in self.rules]
        matrix = np.column_stack(columns) if columns else np.zeros((len(frame), 0))
        return pd.DataFrame(matrix, index=frame.index, columns=list(self.indicators))

    def total(self, frame: pd.DataFrame) -> pd.Series[float]:
        """Return the sum of the points of each customer, named "points"; high is well."""
        return self.points(frame).sum(axis=1).rename("points")

    def among(self, indicators: Iterable[str]) -> PointTable:
        """Return the rules of these indicators only."""
        kept = set(indicators)
        return PointTable(tuple(rule for rule in self.rules if rule.indicator in kept))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON and TOML, by indicator."""
        return {rule.indicator: rule.to_dict() for rule in self.rules}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PointTable:
        """Build a table from plain values, as `to_dict` gives them.

        Parameters
        ----------
        values : mapping of str to mapping
            By indicator: `bins`, a list of `low`, `high` and `points` (without `low` or `high` a bin
            has no end there), or `levels`, points by level; `missing`, the points of a missing value,
            and `other`, those of a value in no bin or of a level that is not named, both 0 unless told.

        Raises
        ------
        ConfigError
            All faults of the values, unknown keys included.
        """
        faults: list[str] = []
        parsed = [parsed_rule(str(name), one, faults) for name, one in values.items()]
        rules = tuple(rule for rule in parsed if rule is not None)
        _raise(faults + [fault for rule in rules for fault in rule_faults(rule)] if faults else [])
        return cls(rules)


def _raise(faults: list[str]) -> None:
    if faults:
        raise ConfigError("\n".join(f"points: {fault}" for fault in faults))


def _column_fault(rule: PointRule, names: list[str], found: Mapping[str, pd.Series[Any]]) -> str | None:
    count = names.count(rule.indicator)
    if count == 0:
        return f"no column is called {rule.indicator!r}{nearest(rule.indicator, names)}"
    if count > 1:
        return f"{count} columns are called {rule.indicator!r}"
    return rule.column_fault(found[rule.indicator])
