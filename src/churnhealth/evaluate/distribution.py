"""How many customers have which health score? Counted, so that a picture needs no customer."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import BANDS, FloatArray, health_from_probability
from churnhealth.errors import SchemaError, listed
from churnhealth.evaluate.checks import TABLE, check_rows, check_settings

DISTRIBUTION_COLUMNS = (
    "health_band",
    "score_low",
    "score_high",
    "probability_low",
    "probability_high",
    "customers",
)
# Widths of a bin in points that people find on an axis.
WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def score_distribution(
    churn_probability: npt.ArrayLike, health_band: npt.ArrayLike | None = None, bins: int = 40
) -> pd.DataFrame:
    """Count customers by health score, and by band.

    Parameters
    ----------
    churn_probability : array of shape (n,)
        0-1.
    health_band : array of shape (n,), optional
        "green", "yellow" or "red", as published.
    bins : int
        At most so many bins (one more where values do not begin at a round number), 1 or more. They are
        equally wide, at round numbers, and cover the scores that occur: at 1-3 % a month most scores
        lie in the nineties.

    Returns
    -------
    DataFrame
        One row per bin and band that occur, ascending: `health_band` (None when not given),
        `score_low`, `score_high` (a bin holds its lower end, the last one 100 as well),
        `probability_low`, `probability_high` (the same bin in probabilities, 0-1), `customers`. No
        rows without customers.

    Raises
    ------
    SchemaError
        Probabilities outside 0-1, another band, unequal lengths, or `bins` below 1.

    Examples
    --------
    >>> table = score_distribution([0.02, 0.03, 0.5], ["green", "green", "red"], bins=10)
    >>> table[["health_band", "score_low", "score_high", "customers"]].to_dict("split")["data"]
    [['red', 50.0, 55.0, 1], ['green', 95.0, 100.0, 2]]
    """
    check_settings(bins=(bins, 1, np.inf))
    if np.size(churn_probability) == 0:
        return no_scores()
    lengths = {} if health_band is None else {"health_band": np.size(health_band)}
    n = np.size(churn_probability)
    rows = check_rows(np.zeros(n), {"churn_probability": churn_probability}, lengths=lengths)
    bands = np.full(n, None) if health_band is None else _bands(health_band)
    # Rounded, so that 100 x (1 - 0.9) is 10 and falls where people look for it.
    score = np.round(health_from_probability(rows.p["churn_probability"]), 9)
    width = _width(score, bins)
    place = np.floor(np.round(score / width, 6))
    place = np.minimum(place, math.ceil(100.0 / width) - 1)
    counted = pd.DataFrame({"band": bands, "place": place}).value_counts(dropna=False).reset_index()
    counted["order"] = counted["band"].map({name: at for at, name in enumerate(reversed(BANDS))})
    counted = counted.sort_values(["place", "order"], ignore_index=True)
    low = np.round(counted["place"].to_numpy() * width, 6)
    high = np.minimum(np.round(low + width, 6), 100.0)
    columns = (counted["band"], low, high, _probability(high), _probability(low), counted["count"])
    return pd.DataFrame(dict(zip(DISTRIBUTION_COLUMNS, columns, strict=True)))


def no_scores() -> pd.DataFrame:
    """Return the table of `score_distribution` without rows."""
    return pd.DataFrame(columns=list(DISTRIBUTION_COLUMNS))


def _bands(health_band: npt.ArrayLike) -> npt.NDArray[np.object_]:
    given = np.asarray(health_band, dtype=object)
    foreign = [one for one in pd.unique(given) if one not in BANDS]
    if foreign:
        fault = f"health_band: expected one of {listed(BANDS)}, got {listed(foreign, most=3)}"
        raise SchemaError(TABLE, [fault])
    return given


def _width(score: FloatArray, bins: int) -> float:
    span = float(score.max() - score.min())
    return next((one for one in WIDTHS if one * bins >= span), WIDTHS[-1])


def _probability(score: FloatArray) -> FloatArray:
    return np.asarray(np.round(1.0 - score / 100.0, 8))
