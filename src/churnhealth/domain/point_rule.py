"""The points of one indicator, by bins of a number or by levels of a category."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.errors import listed, nearest

BIN_KEYS = ("low", "high", "points")
RULE_KEYS = ("bins", "levels", "missing", "other")
_EXTRA = ("missing", "other")
_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")


@dataclass(frozen=True)
class PointBin:
    """A half-open range of numbers, and what it is worth.

    Parameters
    ----------
    low, high : float
        `low <= value < high`; minus infinity and infinity where it has no end.
    points : float
        High is well.
    """

    low: float
    high: float
    points: float

    def __str__(self) -> str:
        """Write the range as mathematics does, [1, 10)."""
        return f"{'(' if math.isinf(self.low) else '['}{self.low:g}, {self.high:g})"


@dataclass(frozen=True)
class PointRule:
    """The points of one indicator: by bins of a number, or by levels of a category or boolean.

    Parameters
    ----------
    indicator : str
        Name of the column.
    bins : tuple of PointBin
        Not overlapping; in any order, with gaps where a value earns `other`.
    levels : mapping of str to float
        Points by level. A boolean's levels are "true" and "false"; 1 and 0 mean the same.
    missing : float
        Points of a missing value.
    other : float
        Points of a value in no bin, or of a level that is not named.

    Examples
    --------
    >>> logins = PointRule("logins", (PointBin(1, 10, 5), PointBin(10, 20, 10)), missing=-2)
    >>> logins.points(pd.Series([0.0, 1.0, 9.9, 10.0, 20.0, None])).tolist()
    [0.0, 5.0, 5.0, 10.0, 0.0, -2.0]
    """

    indicator: str
    bins: tuple[PointBin, ...] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    missing: float = 0.0
    other: float = 0.0

    def points(self, values: pd.Series[Any]) -> FloatArray:
        """Return the points of each value of the column, shape (n_customers,)."""
        return _points_by_bin(self, values) if self.bins else _points_by_level(self, values)

    def column_fault(self, values: pd.Series[Any]) -> str | None:
        """Return what is wrong with a column: bins need numbers."""
        if not self.bins or _are_numbers(values):
            return None
        example = listed(values.dropna().unique()[:3])
        return f"{self.indicator!r} has bins: expected numbers, got {values.dtype} such as {example}"

    def by_rising_value(self) -> list[float]:
        """Return what numbers are worth, from the lowest to the highest.

        Examples
        --------
        >>> PointRule("logins", (PointBin(1, 10, 5), PointBin(10, 20, 10))).by_rising_value()
        [0.0, 5.0, 10.0, 0.0]
        """
        levels = [_number(level_text(level)) for level in self.levels]
        ends = [end for one in self.bins for end in (one.low, one.high) if math.isfinite(end)]
        steps = sorted({*ends, -math.inf} if self.bins else {at for at in levels if at is not None})
        return [float(one) for one in self.points(pd.Series(steps, dtype=np.float64))]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON and TOML: no infinite ends, no points that are 0 anyway."""
        found: dict[str, Any] = {}
        if self.bins:
            found["bins"] = [_bin_to_dict(one) for one in self.bins]
        if self.levels:
            found["levels"] = {str(level): float(one) for level, one in self.levels.items()}
        return found | {key: float(getattr(self, key)) for key in _EXTRA if getattr(self, key)}


def level_text(value: object) -> str:
    """Write a level as tables of points do: true is 1, false is 0, 3.0 is 3, no blanks around.

    Examples
    --------
    >>> [level_text(one) for one in (True, "false", 3.0, " Pro ")]
    ['1', '0', '3', 'Pro']
    """
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return {"true": "1", "false": "0"}.get(text.lower(), text)


def rule_faults(rule: PointRule) -> Iterator[str]:
    """Tell what is wrong with a rule, whatever table it is used on."""
    name = repr(rule.indicator)
    if rule.bins and rule.levels:
        yield f"{name}: expected bins (of a number) or levels (of a category), got both"
    earned = [*(one.points for one in rule.bins), *rule.levels.values()]
    wrong = [points for points in (*earned, rule.missing, rule.other) if not math.isfinite(points)]
    if wrong:
        yield f"{name}: expected finite points, got {', '.join(map(str, wrong))}"
    if not earned and rule.missing == rule.other:
        yield f"{name}: everybody gets the same; expected bins, levels, or other points for missing"
    words = [level_text(level) for level in rule.levels]
    for word in dict.fromkeys(one for one in words if words.count(one) > 1):
        yield f"{name}: the level {word!r} stands twice (true is 1, false is 0)"
    yield from _bin_faults(name, rule.bins)


def parsed_rule(name: str, values: object, faults: list[str]) -> PointRule | None:
    """Read a rule from plain values; None, with its faults added, where they have another form.

    Parameters
    ----------
    name : str
        Of the indicator.
    values : mapping
        `bins` (a list of `low`, `high`, `points`; without `low` or `high` a bin has no end there) or
        `levels` (points by level); `missing` and `other`, 0 unless told.
    faults : list of str
        What is wrong is added here.
    """
    found = list(_form_faults(values))
    faults += [f"{name!r}: {fault}" for fault in found]
    if found or not isinstance(values, Mapping):
        return None
    bins = tuple(
        PointBin(float(one.get("low", -math.inf)), float(one.get("high", math.inf)), one["points"])
        for one in values.get("bins", ())
    )
    extra = {one: values[one] for one in _EXTRA if one in values}
    return PointRule(name, bins, dict(values.get("levels", {})), **extra)


def _form_faults(values: object) -> Iterator[str]:
    if not isinstance(values, Mapping):
        yield f"expected a section with {listed(RULE_KEYS)}, got {values!r}"
        return
    yield from _unknown(values, RULE_KEYS)
    yield from _no_numbers({key: values[key] for key in _EXTRA if key in values})
    bins, levels = values.get("bins", ()), values.get("levels", {})
    if isinstance(levels, Mapping):
        yield from _no_numbers({f"levels.{level}": points for level, points in levels.items()})
    else:
        yield f"levels: expected points by level, such as {{Pro = 3}}, got {levels!r}"
    if not isinstance(bins, (list, tuple)):
        yield f"bins: expected a list of {{low = 1, high = 10, points = 5}}, got {bins!r}"
        return
    for at, one in enumerate(bins, start=1):
        yield from (f"bin {at}: {fault}" for fault in _bin_form_faults(one))


def _bin_form_faults(values: object) -> Iterator[str]:
    if not isinstance(values, Mapping):
        yield f"expected {{low = 1, high = 10, points = 5}}, got {values!r}"
        return
    yield from _unknown(values, BIN_KEYS)
    yield from _no_numbers({key: values[key] for key in BIN_KEYS if key in values})
    if "points" not in values:
        yield "points are missing"


def _unknown(values: Mapping[Any, Any], known: tuple[str, ...]) -> Iterator[str]:
    for key in values:
        if key not in known:
            yield f"unknown key {key!r}{nearest(str(key), known)}; known are {listed(known)}"


def _no_numbers(values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        too_large = isinstance(value, int) and abs(value) > sys.float_info.max
        if isinstance(value, bool) or not isinstance(value, (int, float)) or too_large:
            yield f"{key}: expected a number, got {value!r}"


def _bin_faults(name: str, bins: tuple[PointBin, ...]) -> Iterator[str]:
    empty = [one for one in bins if not one.low < one.high]
    for one in empty:
        yield f"{name}: expected low < high, got low {one.low:g} and high {one.high:g}"
    rising = sorted((one for one in bins if one not in empty), key=lambda one: one.low)
    for left, right in itertools.pairwise(rising):
        if right.low < left.high:
            yield f"{name}: the bins {left} and {right} overlap"


def _bin_to_dict(one: PointBin) -> dict[str, float]:
    return {key: float(getattr(one, key)) for key in BIN_KEYS if math.isfinite(getattr(one, key))}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _points_by_bin(rule: PointRule, values: pd.Series[Any]) -> FloatArray:
    known = values.notna().to_numpy()
    numbers = values[known].astype(object).astype(np.float64).to_numpy()
    earned = np.full(len(numbers), float(rule.other))
    for one in rule.bins:
        earned[(numbers >= one.low) & ((numbers < one.high) | math.isinf(one.high))] = one.points
    points = np.full(len(values), float(rule.missing))
    points[known] = earned
    return points


def _points_by_level(rule: PointRule, values: pd.Series[Any]) -> FloatArray:
    known = {level_text(level): points for level, points in rule.levels.items()}
    codes, uniques = pd.factorize(values)
    words = [level_text(one) for one in uniques]
    # Blank text is a missing value, as in the indicators; missing ones have the code -1.
    by_code = [known.get(word, rule.other) if word else rule.missing for word in words]
    return np.asarray([*by_code, rule.missing], dtype=np.float64)[codes]


def _are_numbers(values: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return not pd.api.types.is_complex_dtype(values.dtype)
    return pd.api.types.infer_dtype(values, skipna=True) in _NUMBERS
