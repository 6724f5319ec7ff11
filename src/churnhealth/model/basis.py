"""The columns that the logistic learner sees: splines, levels and missing flags.

Every basis column belongs to exactly one indicator, so that a linear model over the basis is a sum
of one function per indicator and its explanation is a closed form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import BSpline

from churnhealth.model.columns import ColumnSpec, FloatArray
from churnhealth.model.options import SPLINE_KNOTS

DEGREE = 3
FEWEST_VALUES_FOR_SPLINE = 8
# The columns of a curve lie in 0-1. One that hardly leaves 0 in training must not be blown up to the
# width of the others: a customer in a gap between the training values would get any score.
SMALLEST_CURVE_SCALE = 0.01


@dataclass(frozen=True)
class IndicatorBasis:
    """How one indicator is spread over basis columns.

    Parameters
    ----------
    column : int
        Position of the indicator in the encoded matrix.
    kind : {"number", "category"}
        Numbers get a straight line and, with enough different values, a cubic B-spline; categories
        get one column per level.
    levels : int
        Number of levels of a category.
    knots : tuple of float
        Full B-spline knot vector; empty for a straight line only.
    flag_missing : bool
        Whether a column says that the value is missing. All other columns of a missing value are 0,
        which stands for the average value.
    mean, scale : tuple of float
        Standardisation of every basis column except the flag, learned from known values.
    """

    column: int
    kind: str
    levels: int
    knots: tuple[float, ...]
    flag_missing: bool
    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def width(self) -> int:
        """Number of basis columns."""
        return len(self.mean) + int(self.flag_missing)

    def columns(self, values: FloatArray) -> FloatArray:
        """Return the basis columns, shape (n_customers, width), of one indicator's values."""
        known = ~np.isnan(values)
        out = np.zeros((len(values), self.width))
        if self.mean and known.any():
            raw = _raw_columns(values[known], self.kind, self.levels, self.knots)
            out[known, : len(self.mean)] = (raw - np.asarray(self.mean)) / np.asarray(self.scale)
        if self.flag_missing:
            out[~known, -1] = 1.0
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> IndicatorBasis:
        """Rebuild from `to_dict`."""
        lists = {name: tuple(values[name]) for name in ("knots", "mean", "scale")}
        return cls(**{**values, **lists})


def learn_basis(
    matrix: FloatArray,
    specs: Sequence[ColumnSpec],
    *,
    splines: bool,
    straight: Collection[int] = (),
    interior_knots: int = SPLINE_KNOTS,
) -> tuple[IndicatorBasis, ...]:
    """Learn the basis of every indicator from the encoded training matrix.

    Parameters
    ----------
    matrix : ndarray, shape (n_customers, n_indicators)
        As `encode_table` gives it.
    specs : sequence of ColumnSpec
        The columns of the matrix.
    splines : bool
        Bend numbers by cubic B-splines with knots at quantiles; False: straight lines.
    straight : collection of int
        Columns that stay straight in any case.
    interior_knots : int
        Knots between the smallest and the largest value.

    Returns
    -------
    tuple of IndicatorBasis
        One per indicator that varies; constant ones have no columns and are left out.
    """
    parts = (
        _learn_one(
            position, spec, matrix[:, position], splines and position not in straight, interior_knots
        )
        for position, spec in enumerate(specs)
    )
    return tuple(part for part in parts if part.width)


def basis_matrix(matrix: FloatArray, basis: Sequence[IndicatorBasis]) -> FloatArray:
    """Return all basis columns side by side, shape (n_customers, sum of widths)."""
    if not basis:
        return np.zeros((len(matrix), 0))
    return np.hstack([part.columns(matrix[:, part.column]) for part in basis])


def _learn_one(
    position: int, spec: ColumnSpec, values: FloatArray, splines: bool, interior_knots: int
) -> IndicatorBasis:
    known = values[~np.isnan(values)]
    flag = 0 < len(known) < len(values)
    kind = "category" if spec.kind == "category" else "number"
    knots: tuple[float, ...] = ()
    if kind == "number" and splines and len(np.unique(known)) >= FEWEST_VALUES_FOR_SPLINE:
        knots = _knots(known, interior_knots)
    raw = _raw_columns(known, kind, len(spec.levels), knots)
    mean = raw.mean(axis=0) if len(known) else np.zeros(raw.shape[1])
    scale = raw.std(axis=0) if len(known) else np.zeros(raw.shape[1])
    if not (scale > 0).any():
        return IndicatorBasis(position, kind, 0, (), flag, (), ()) if flag else _nothing(position, kind)
    if knots:
        scale[1:] = np.maximum(scale[1:], SMALLEST_CURVE_SCALE)
    scale[scale < 1e-12] = 1.0
    return IndicatorBasis(
        position, kind, len(spec.levels), knots, flag, tuple(mean.tolist()), tuple(scale.tolist())
    )


def _nothing(position: int, kind: str) -> IndicatorBasis:
    return IndicatorBasis(position, kind, 0, (), flag_missing=False, mean=(), scale=())


def _knots(known: FloatArray, interior_knots: int) -> tuple[float, ...]:
    """Clamped knot vector: quantiles inside, the ends repeated; equal quantiles fall together."""
    inner = np.quantile(known, np.linspace(0.0, 1.0, interior_knots + 2))
    inner = np.unique(inner)
    ends = [inner[0]] * DEGREE, [inner[-1]] * DEGREE
    return tuple(float(knot) for knot in (*ends[0], *inner, *ends[1]))


def _raw_columns(values: FloatArray, kind: str, levels: int, knots: tuple[float, ...]) -> FloatArray:
    if kind == "category":
        return np.asarray(values[:, None] == np.arange(levels), dtype=np.float64)
    line = values[:, None]
    if not knots:
        return line
    # Beyond the training range a curve goes on as its last value, never as a wild polynomial.
    inside = np.clip(values, knots[0], knots[-1])
    curve = BSpline.design_matrix(inside, np.asarray(knots), DEGREE).toarray()
    return np.asarray(np.hstack([inside[:, None], curve]))
