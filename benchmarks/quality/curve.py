"""Small tables: draws of 200 to 2,000 customers at a low churn rate, judged on customers left over."""

from __future__ import annotations

import numpy as np
from benchmarks.quality.sets import DataSet, Fold, IntArray

SIZES = (200, 500, 1_000, 2_000)
RATES = (0.03, 0.10)
DRAWS = 13


def curve_name(name: str, rate: float, size: int) -> str:
    """Name under which results of a point of the curve are kept.

    >>> curve_name("telco", 0.03, 200)
    'telco-3pct-200'
    """
    return f"{name}-{round(100 * rate)}pct-{size}"


def curve_set(data: DataSet, rate: float, size: int) -> DataSet:
    """Return the same customers with a fold for each draw."""
    folds = tuple(draw(data.y, rate, size, number) for number in range(DRAWS))
    return DataSet(data.frame, data.y, folds, data.customer_id)


def draw(y: IntArray, rate: float, size: int, number: int) -> Fold:
    """Draw customers to learn from and customers to judge, both with the share `rate` of churners.

    Draws of one number are nested: the 200 are among the 500, and all sizes are judged on the same
    customers, those that none of them learned from.

    >>> y = np.repeat([1, 0], [1000, 9000])
    >>> small, large = draw(y, 0.03, 200, 0), draw(y, 0.03, 2000, 0)
    >>> len(small[0]), y[small[0]].sum(), set(small[0]) <= set(large[0])
    (200, np.int64(6), True)
    >>> bool((small[1] == large[1]).all()), bool(set(large[0]) & set(large[1]))
    (True, False)
    >>> round(y[small[1]].mean(), 3)
    np.float64(0.03)
    """
    rng = np.random.default_rng([number, round(1000 * rate)])
    churners, stayers = rng.permutation(np.flatnonzero(y == 1)), rng.permutation(np.flatnonzero(y == 0))
    most, few = round(max(SIZES) * rate), round(size * rate)
    left_stayers = stayers[max(SIZES) - most :]
    left_churners = churners[most:][: round(len(left_stayers) * rate / (1 - rate))]
    train = np.concatenate([churners[:few], stayers[: size - few]])
    return np.sort(train), np.sort(np.concatenate([left_churners, left_stayers]))
