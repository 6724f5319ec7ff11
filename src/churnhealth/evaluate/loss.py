"""Log loss and Brier score: how far probabilities lie from what happened."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from churnhealth.domain.health import FloatArray
from churnhealth.errors import SchemaError, listed, nearest
from churnhealth.evaluate.checks import check_rows
from churnhealth.evaluate.counts import EPSILON

LOSSES = ("log_loss", "brier")


def log_loss(y: npt.ArrayLike, p: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """Return the mean log loss, natural logarithm, 0 = perfect (`sklearn.metrics.log_loss`).

    Probabilities of exactly 0 or 1 are clipped by 2.2e-16, so a certain mistake costs about 36.

    Parameters
    ----------
    y : array of shape (n,)
        1 = churned, 0 = stayed.
    p : array of shape (n,)
        Churn probabilities, 0-1.
    sample_weight : array of shape (n,), optional
        Weight of each row, not negative.

    Raises
    ------
    SchemaError
        When the input has faults, see `check_truth_and_probability`.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.5, 0.5]), 4)
    0.6931
    """
    rows = check_rows(y, {"p": p}, sample_weight=sample_weight)
    return float(metrics.log_loss(rows.y, rows.p["p"], labels=[0, 1], sample_weight=rows.weight))


def brier_score(y: npt.ArrayLike, p: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
    """Return the mean squared error of the probability (`sklearn.metrics.brier_score_loss`).

    Parameters and errors as in `log_loss`.

    Examples
    --------
    >>> brier_score([1, 0], [0.5, 0.5])
    0.25
    """
    rows = check_rows(y, {"p": p}, sample_weight=sample_weight)
    return float(metrics.brier_score_loss(rows.y, rows.p["p"], pos_label=1, sample_weight=rows.weight))


def row_losses(y: FloatArray, p: FloatArray, loss: str = "log_loss") -> FloatArray:
    """Return the loss of each row; its mean is `log_loss` or `brier_score`.

    Parameters
    ----------
    y, p : FloatArray of shape (n,)
        Truth (0/1) and churn probabilities (0-1), checked.
    loss : {"log_loss", "brier"}

    Raises
    ------
    SchemaError
        An unknown `loss`.
    """
    if loss == "log_loss":
        inside = np.clip(p, EPSILON, 1.0 - EPSILON)
        return np.asarray(-np.log(np.where(y == 1, inside, 1.0 - inside)))
    if loss == "brier":
        return np.asarray((p - y) ** 2)
    hint = nearest(str(loss), LOSSES)
    fault = f"loss: expected one of {listed(LOSSES)}, got {loss!r}{hint}"
    raise SchemaError("evaluation settings", [fault])


def skill(loss: float, reference: float) -> float:
    """Return the share of the reference's loss that was saved: 1 - loss / reference.

    1 = perfect, 0 = no better than the reference, negative = worse; NaN when the reference is 0.

    Examples
    --------
    >>> skill(0.5, 2.0)
    0.75
    """
    return 1.0 - loss / reference if reference > 0 else float("nan")


def base_rate_losses(base_rate: float) -> tuple[float, float]:
    """Return log loss and Brier score of a model that predicts the base rate for everybody.

    Log loss: -(b log b + (1 - b) log(1 - b)); Brier score: b (1 - b).

    Examples
    --------
    >>> base_rate_losses(0.5)
    (0.6931471805599453, 0.25)
    """
    if base_rate in (0.0, 1.0):
        return 0.0, 0.0
    entropy = -(base_rate * np.log(base_rate) + (1.0 - base_rate) * np.log1p(-base_rate))
    return float(entropy), base_rate * (1.0 - base_rate)
