"""Does the model put churners before stayers? Rank measures, lift and captured MRR."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics

from churnhealth.domain.health import FloatArray
from churnhealth.evaluate.checks import check_money, check_rows, check_settings
from churnhealth.evaluate.counts import Counts, count_rows, sum_by

SHARES = (0.05, 0.1, 0.2)
LIFT_COLUMNS = (
    "share",
    "customers",
    "churners",
    "churn_rate",
    "lift",
    "captured_churners",
    "captured_mrr",
)


def roc_auc(y: npt.ArrayLike, p: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """Return the chance that a churner is ranked above a stayer (`sklearn.metrics.roc_auc_score`).

    Ties count one half. 0.5 = no better than chance, 1 = every churner above every stayer.

    Parameters
    ----------
    y : array of shape (n,)
        1 = churned, 0 = stayed.
    p : array of shape (n,)
        Churn probabilities, 0-1.
    sample_weight : array of shape (n,), optional
        Weight of each row, not negative; rows of weight 0 do not count.

    Returns
    -------
    float
        NaN when everybody churned, or nobody.

    Raises
    ------
    SchemaError
        When the input has faults, see `check_truth_and_probability`.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    return _ranked(metrics.roc_auc_score, y, p, sample_weight)


def average_precision(
    y: npt.ArrayLike, p: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the mean precision over the churners found (`sklearn.metrics.average_precision_score`).

    The base rate = no better than chance, 1 = perfect; NaN when everybody churned, or nobody.
    Parameters and errors as in `roc_auc`.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    return _ranked(metrics.average_precision_score, y, p, sample_weight)


def _ranked(
    measure: object, y: npt.ArrayLike, p: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> float:
    rows = check_rows(y, {"p": p}, sample_weight=sample_weight)
    truth, predicted, weight = rows.y, rows.p["p"], rows.weight
    if weight is not None:
        truth, predicted, weight = truth[weight > 0], predicted[weight > 0], weight[weight > 0]
    if truth.min() == truth.max():
        return float("nan")
    return float(measure(truth, predicted, sample_weight=weight))  # type: ignore[operator]


def lift_table(
    y: npt.ArrayLike,
    p: npt.ArrayLike,
    shares: Sequence[float] = SHARES,
    mrr: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """How many of the churners are among the riskiest customers?

    For each share the `k` rows with the highest probability are taken, `k` = share x rows, rounded
    half up, at least 1. Where the cut falls among equal probabilities, every order of the tied rows
    counts the same: the table holds the expected value, so the order of the rows does not matter and
    `churners` need not be whole.

    Parameters
    ----------
    y, p : arrays of shape (n,)
        Truth (1 = churned) and churn probabilities (0-1).
    shares : sequence of float
        Shares of the rows, 0-1.
    mrr : array of shape (n,), optional
        Monthly recurring revenue, one currency, not negative. A row without it (NaN) is left out of
        `captured_mrr`, and only there.

    Returns
    -------
    pandas.DataFrame
        One row per share: `share` (0-1), `customers` (rows taken), `churners`, `churn_rate`
        (churners / customers), `lift` (churn rate / base rate; 1 = no better than chance),
        `captured_churners` (share of all churners, 0-1), `captured_mrr` (share of the churned MRR,
        0-1; NaN without `mrr`). Without churners the last three are NaN.

    Raises
    ------
    SchemaError
        When the input has faults, a share lies outside 0-1, or an amount is negative or infinite.

    Examples
    --------
    >>> table = lift_table([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1], shares=[0.5])
    >>> table[["customers", "churners", "lift"]].to_dict("records")
    [{'customers': 2, 'churners': 1.0, 'lift': 1.0}]
    """
    check_settings(**{f"shares[{place}]": (share, 0.0, 1.0) for place, share in enumerate(shares)})
    amounts = None if mrr is None else check_money("mrr", mrr)
    lengths = {} if amounts is None else {"mrr": amounts.size}
    rows = check_rows(y, {"p": p}, lengths=lengths)
    truth, predicted = rows.y, rows.p["p"]
    counts = count_rows(truth, predicted)
    lost = np.full(counts.probability.shape, np.nan)
    if amounts is not None:
        known = np.where(np.isnan(amounts), 0.0, amounts)
        lost = count_by_probability(predicted, truth * known)
    found = [_lift_row(counts, lost, share) for share in shares]
    return pd.DataFrame(found, columns=list(LIFT_COLUMNS))


def count_by_probability(p: FloatArray, amount: FloatArray) -> FloatArray:
    """Sum an amount over the rows of each distinct probability, ascending; shape (k,)."""
    distinct, place = np.unique(p, return_inverse=True)
    return sum_by(place, amount, distinct.size)


def _lift_row(counts: Counts, lost: FloatArray, share: float) -> dict[str, float]:
    taken = rows_at_share(counts, share)
    churners = in_top(counts, counts.churned, taken)
    rate = churners / taken
    return {
        "share": share,
        "customers": int(taken),
        "churners": churners,
        "churn_rate": rate,
        "lift": ratio(rate, counts.base_rate),
        "captured_churners": ratio(churners, counts.churners),
        "captured_mrr": ratio(in_top(counts, lost, taken), float(lost.sum())),
    }


def rows_at_share(counts: Counts, share: float) -> float:
    """Return share x rows, rounded half up, at least 1."""
    return max(1.0, float(np.floor(share * counts.rows + 0.5)))


def in_top(counts: Counts, amount: FloatArray, taken: float) -> float:
    """Return the expected amount among the `taken` riskiest rows, ties in random order.

    Within a tie the expected amount grows evenly with every row taken, so the cumulative curve over
    the ties, joined by straight lines, is the expectation.

    Parameters
    ----------
    counts : Counts
    amount : FloatArray of shape (k,)
        Amount at each distinct probability, such as `counts.churned`.
    taken : float
        Number of rows, 0 to `counts.rows`.
    """
    rows = np.concatenate([[0.0], np.cumsum(counts.total[::-1])])
    reached = np.concatenate([[0.0], np.cumsum(amount[::-1])])
    return float(np.interp(taken, rows, reached))


def ratio(part: float, whole: float) -> float:
    """Return part / whole; NaN when the whole is 0 or not known.

    Examples
    --------
    >>> ratio(1.0, 4.0), ratio(0.0, 0.0)
    (0.25, nan)
    """
    return part / whole if whole > 0 else float("nan")


def auc_of_counts(counts: Counts) -> float:
    """Return the same as `roc_auc`, from counts."""
    if counts.one_class:
        return float("nan")
    below = np.cumsum(counts.stayed) - counts.stayed / 2.0
    pairs = counts.churners * (counts.rows - counts.churners)
    return float(counts.churned @ below / pairs)


def average_precision_of_counts(counts: Counts) -> float:
    """Return the same as `average_precision`, from counts."""
    if counts.one_class:
        return float("nan")
    found = np.cumsum(counts.churned[::-1])
    taken = np.maximum(np.cumsum(counts.total[::-1]), 1e-300)
    return float(counts.churned[::-1] @ (found / taken) / counts.churners)


def lift_of_counts(counts: Counts, share: float) -> float:
    """Return the lift at a share of the rows, as in `lift_table`, from counts."""
    taken = rows_at_share(counts, share)
    return ratio(in_top(counts, counts.churned, taken) / taken, counts.base_rate)
