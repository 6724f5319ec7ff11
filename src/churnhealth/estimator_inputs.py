"""What `HealthModel.fit` is given beside the indicators: customers, cutoffs, segments, labels' order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_consistent_length

from churnhealth.domain.problem import ChurnProblem
from churnhealth.domain.scorecard import PointTable
from churnhealth.errors import ConfigError, SchemaError, nearest
from churnhealth.model.columns import FloatArray, IntArray
from churnhealth.model.options import TrainingOptions


def customer_codes(customer_id: Any, frame: pd.DataFrame) -> IntArray | None:
    """Return a number per customer; None without customers.

    Raises
    ------
    SchemaError
        A row has no customer.
    """
    if customer_id is None:
        return None
    check_consistent_length(frame, customer_id)
    codes, _ = pd.factorize(pd.Series(np.asarray(customer_id, dtype=object)))
    if (codes < 0).any():
        rows = np.flatnonzero(codes < 0)[:5].tolist()
        raise SchemaError("customer_id", [f"missing in {int((codes < 0).sum())} rows, first at {rows}"])
    return codes.astype(np.int64)


@dataclass(frozen=True)
class Moments:
    """When rows were asked about, and when their labels were certain.

    Parameters
    ----------
    cutoff, known_at : ndarray of int, shape (n_rows,)
        Nanoseconds since 1970.
    """

    cutoff: IntArray
    known_at: IntArray


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """What a model learns from, checked; no row has weight 0.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_indicators)
        Indicators.
    y, weight : ndarray, shape (n_rows,)
        1 churned, 0 not; row weights.
    customers : ndarray of int, shape (n_rows,), optional
        Customer codes.
    cutoff : ndarray of int, shape (n_rows,), optional
        Nanoseconds since 1970.
    label_known_through : Timestamp, optional
        Instant at which the newest label was certain; None without cutoffs.
    """

    frame: pd.DataFrame
    y: FloatArray
    weight: FloatArray
    customers: IntArray | None
    cutoff: IntArray | None
    label_known_through: pd.Timestamp | None


def moments_of(cutoff: Any, frame: pd.DataFrame, problem: ChurnProblem) -> Moments | None:
    """Return when each row was asked about and when its label was certain; None without cutoffs.

    Raises
    ------
    SchemaError
        A row has no cutoff.
    """
    if cutoff is None:
        return None
    check_consistent_length(frame, cutoff)
    dates = pd.Series(cutoff).reset_index(drop=True)
    if dates.isna().any():
        rows = np.flatnonzero(dates.isna())[:5].tolist()
        raise SchemaError("cutoff", [f"missing in {int(dates.isna().sum())} rows, first at {rows}"])
    codes, unique = pd.factorize(dates)
    asked = np.asarray([problem.cutoff_instant(date).value for date in unique], dtype=np.int64)
    known = np.asarray([problem.label_known_at(date).value for date in unique], dtype=np.int64)
    return Moments(asked[codes], known[codes])


def check_segments(segments: Sequence[str], frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the names of the segments, which must be columns of text or categories.

    Raises
    ------
    ConfigError
        A name is not a column, or the column holds numbers.
    """
    names = [str(name) for name in frame.columns]
    for one in segments:
        if one not in names:
            raise ConfigError(f"segments: no column is called {one!r}{nearest(one, names)}")
        if pd.api.types.is_numeric_dtype(frame[one]):
            raise ConfigError(
                f"segments: expected text or categories in {one!r}, got {frame[one].dtype}; "
                "make bands of a number first"
            )
    return tuple(segments)


def check_monotone(monotone: Mapping[str, int] | None, frame: pd.DataFrame) -> dict[str, int]:
    """Return the direction that each named indicator must have.

    Raises
    ------
    ConfigError
        All names that are not columns, columns without an order, and directions other than 1 and -1.
    """
    names = [str(name) for name in frame.columns]
    faults = []
    for one, direction in (monotone or {}).items():
        if one not in names:
            faults.append(f"no column is called {one!r}{nearest(one, names)}")
        elif not pd.api.types.is_numeric_dtype(frame[one]):
            faults.append(f"{one!r} holds {frame[one].dtype}, which has no order")
        if direction not in (1, -1):
            faults.append(f"{one!r}: expected 1 (more of it, more churn) or -1, got {direction!r}")
    if faults:
        raise ConfigError("monotone: " + "; ".join(faults))
    return dict(monotone or {})


def check_points(points: PointTable | None, monotone: Mapping[str, int] | None) -> PointTable | None:
    """Return the point table, whose points must go the way that `monotone` asks for.

    Raises
    ------
    ConfigError
        It is no PointTable, or its points rise and fall against a direction.
    """
    if points is None:
        return None
    if not isinstance(points, PointTable):
        raise ConfigError(
            f"points: expected a PointTable, got {type(points).__name__}; "
            "PointTable.from_dict makes one from plain values"
        )
    faults = [
        f"{rule.indicator!r} earns {' then '.join(f'{one:g}' for one in rule.by_rising_value())} points "
        f"as it rises, against monotone {direction}"
        for rule in points.rules
        if (direction := (monotone or {}).get(rule.indicator, 0))
        and (np.diff(rule.by_rising_value()) * direction > 0).any()
    ]
    if faults:
        raise ConfigError("points: " + "; ".join(faults))
    return points


def check_options(options: TrainingOptions | None) -> TrainingOptions:
    """Return the options, or the defaults; ConfigError for what is none."""
    if options is None:
        return TrainingOptions()
    if not isinstance(options, TrainingOptions):
        raise ConfigError(
            f"options: expected TrainingOptions, got {type(options).__name__}; "
            "TrainingOptions.from_flat makes them from numbers by name"
        )
    return options


def sorted_classes(negative: Any, positive: Any) -> npt.NDArray[Any]:
    """Return both labels in scikit-learn's order."""
    try:
        return np.unique(np.asarray([negative, positive]))
    except TypeError:
        return np.asarray([negative, positive], dtype=object)


def plain_value(value: Any) -> Any:
    """Return a JSON value for a label that may be a NumPy scalar."""
    return value.item() if isinstance(value, np.generic) else value
