"""Gauss-Radau points on [0, 1] with the end 0 fixed: exact for the polynomials of a tree path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import roots_jacobi

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Points t in (0, 1) with weights w, and the weight of the fixed point t = 0."""

    t: Floats
    w: Floats
    w_zero: float


@lru_cache(maxsize=64)
def radau(n: int) -> Points:
    """Return n free points: with the fixed one the rule is exact up to degree 2 n.

    Golub and Welsch's points for the weight t, divided by t; the fixed point has the weight 1 / (n +
    1)^2.

    Parameters
    ----------
    n : int
        Number of free points, at least 1.

    Examples
    --------
    >>> rule = radau(2)  # exact up to t^4
    >>> bool(abs((rule.w * rule.t**4).sum() - 1 / 5) < 1e-15)
    True
    >>> round(rule.w.sum() + rule.w_zero, 12)
    np.float64(1.0)
    """
    x, weight = roots_jacobi(n, 0.0, 1.0)
    t = (x + 1.0) / 2.0
    return Points(t, weight / 4.0 / t, 1.0 / (n + 1) ** 2)


def points_needed(distinct: Ints) -> Ints:
    """Return how many free points trees need whose paths test at most `distinct` columns.

    The integrand of such a path has the degree distinct - 1.

    Examples
    --------
    >>> points_needed(np.array([1, 2, 3, 4, 5, 9])).tolist()
    [1, 1, 1, 2, 2, 4]
    """
    return np.maximum(1, distinct // 2)
