"""Which contributions are a customer's strongest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from churnhealth.domain.health import FloatArray

IntArray = npt.NDArray[np.int64]


def strongest(points: FloatArray, top: int) -> IntArray:
    """Return the columns of the largest contributions, up or down, the largest first.

    Parameters
    ----------
    points : ndarray, shape (n_customers, n_columns)
        Contributions in any unit.
    top : int
        How many; at most all columns.

    Returns
    -------
    ndarray of int, shape (n_customers, min(top, n_columns))
        Equal sizes keep the order of columns.

    Examples
    --------
    >>> strongest(np.array([[1.0, -3.0, 2.0, 3.0]]), 3).tolist()
    [[1, 3, 2]]
    """
    size = -np.abs(points)
    if top >= points.shape[1]:
        return np.argsort(size, axis=1, kind="stable")
    part = np.sort(np.argpartition(size, top - 1, axis=1)[:, :top], axis=1)
    found = np.take_along_axis(size, part, axis=1)
    order = np.take_along_axis(part, np.argsort(found, axis=1, kind="stable"), axis=1)
    # A partition does not say which of equal ones it takes; what adds nothing is told by nobody.
    smallest = found.max(axis=1)
    tied = (smallest < 0.0) & ((size <= smallest[:, None]).sum(axis=1) > top)
    order[tied] = np.argsort(size[tied], axis=1, kind="stable")[:, :top]
    return order
