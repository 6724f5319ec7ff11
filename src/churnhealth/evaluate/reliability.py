"""The reliability table: what was predicted, what happened, and what chance allows, bin by bin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.calibration import BINS
from churnhealth.evaluate.checks import IntArray, check_rows, check_settings
from churnhealth.evaluate.clusters import design_effect, row_dependence
from churnhealth.evaluate.counts import count_rows, equal_mass_bins
from churnhealth.evaluate.poisson_binomial import churner_interval


def reliability_table(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    bins: int = BINS,
    level: float = 0.9,
    customer_id: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Observed against predicted in bins of equal mass, with the band that chance allows.

    The band is a consistency band (Brocker & Smith 2007, Weather and Forecasting 22): where the
    observed share lies with probability `level` or more if every probability is true, from the exact
    distribution of the number of churners (Poisson-binomial). One bin in ten may fall outside a band
    of 0.9 by chance. Where rows of a customer hang together, the band is as many times wider as the
    standard error of the share (`design_effect`).

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1).
    bins : int
        At most so many bins, 1 or more; ties stay together as in `expected_calibration_error`.
    level : float
        Coverage of each band, 0-1.
    customer_id : array of shape (n,), optional
        Whose row it is; each row its own customer when not given.

    Returns
    -------
    pandas.DataFrame
        One row per bin, ascending: `bin` (1, 2, ...), `low`, `high` (smallest and largest
        probability), `customers` (rows), `mean_predicted`, `observed`, `band_low`, `band_high`
        (shares, 0-1), `inside` (bool: the observed share lies in the band, ends included).

    Raises
    ------
    SchemaError
        When the input has faults or a setting is out of range.

    Examples
    --------
    >>> table = reliability_table([0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75], bins=2)
    >>> table[["customers", "mean_predicted", "observed", "inside"]].to_dict("split")["data"]
    [[2, 0.25, 0.0, True], [2, 0.75, 1.0, True]]
    """
    check_settings(bins=(bins, 1, np.inf), level=(level, 0.0, 1.0))
    checked = check_rows(y, {"p": p}, customer_id=customer_id)
    truth, predicted, customer = checked.y, checked.p["p"], checked.customer
    counts = count_rows(truth, predicted)
    number = equal_mass_bins(counts, bins)
    bin_of_row = number[np.searchsorted(counts.probability, predicted)]
    dependence = row_dependence(truth, predicted, customer)
    found = [
        {"bin": place + 1} | _line(truth[here], predicted[here], customer[here], level, dependence)
        for place in range(number.max() + 1)
        for here in [bin_of_row == place]
    ]
    return pd.DataFrame(found)


def _line(
    y: FloatArray, p: FloatArray, customer: IntArray, level: float, dependence: float
) -> dict[str, float]:
    counts = count_rows(y, p)
    expected, rows = float(counts.total @ counts.probability), counts.rows
    wider = np.sqrt(design_effect(p, customer, dependence))
    low, high = (
        float(np.clip(expected + wider * (bound - expected), 0.0, rows)) if wider > 1.0 else bound
        for bound in churner_interval(counts.probability, counts.total, level)
    )
    return {
        "low": float(p.min()),
        "high": float(p.max()),
        "customers": int(rows),
        "mean_predicted": expected / rows,
        "observed": counts.churners / rows,
        "band_low": low / rows,
        "band_high": high / rows,
        "inside": low <= counts.churners <= high,
    }
