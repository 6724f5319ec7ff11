"""Every metric at once, from counts: what a resample or a simulated world is judged by."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.special import xlogy

from churnhealth.evaluate.calibration import (
    Floor,
    SlopeIntercept,
    ece_of_counts,
    floor_of,
    in_the_large_of_counts,
    slope_of_counts,
)
from churnhealth.evaluate.counts import EPSILON, Counts, coarsen
from churnhealth.evaluate.discrimination import (
    auc_of_counts,
    average_precision_of_counts,
    lift_of_counts,
)
from churnhealth.evaluate.loss import base_rate_losses, skill
from churnhealth.evaluate.smooth import CalibrationCurve, ici_of_counts

FLOOR_LEVEL = 0.95


def metrics_of_counts(
    counts: Counts, curve: CalibrationCurve | None = None, slope: SlopeIntercept | None = None
) -> dict[str, float]:
    """Return every metric that depends on the counts alone, by name; NaN where not defined.

    Parameters
    ----------
    counts : Counts
    curve : CalibrationCurve, optional
        Prepared for the same probabilities; the knots are placed by `counts` when not given.
    slope : SlopeIntercept, optional
        Near the answer, to begin from.
    """
    level, line = in_the_large_of_counts(counts), slope_of_counts(counts, slope)
    return losses_of_counts(counts) | {
        "roc_auc": auc_of_counts(counts),
        "average_precision": average_precision_of_counts(counts),
        "lift_at_10pct": lift_of_counts(counts, 0.1),
        "calibration_slope": line.slope,
        "calibration_intercept": line.intercept,
        "calibration_in_the_large": level.log_odds_offset,
        "observed_minus_expected": level.observed_minus_expected,
        "ece": ece_of_counts(counts),
        "ici": ici_of_counts(counts, curve or CalibrationCurve.over(counts)),
        "base_rate": counts.base_rate,
    }


def losses_of_counts(counts: Counts) -> dict[str, float]:
    """Return log loss, Brier score and their skills against the base rate of the same counts."""
    inside = np.clip(counts.probability, EPSILON, 1.0 - EPSILON)
    gained = xlogy(counts.churned, inside).sum() + xlogy(counts.stayed, 1.0 - inside).sum()
    squares = counts.churned @ (1.0 - counts.probability) ** 2 + counts.stayed @ counts.probability**2
    loss, brier = -float(gained) / counts.rows, float(squares) / counts.rows
    base_loss, base_brier = base_rate_losses(counts.base_rate)
    return {
        "log_loss": loss,
        "log_loss_base_rate": base_loss,
        "log_loss_skill": skill(loss, base_loss),
        "brier": brier,
        "brier_skill": skill(brier, base_brier),
    }


def metrics_of_resamples(resamples: Iterable[Counts], counts: Counts) -> dict[str, list[float]]:
    """Return the metrics of every resample, by name; empty without resamples.

    Parameters
    ----------
    resamples : iterable of Counts
        All at the probabilities of `counts`. The knots of the smooth curve stay where `counts` puts
        them.
    counts : Counts
        What was resampled.
    """
    curve, slope = CalibrationCurve.over(counts), slope_of_counts(counts)
    found = [metrics_of_counts(drawn, curve, slope) for drawn in resamples]
    return {name: [one[name] for one in found] for name in (found[0] if found else ())}


def calibration_floors(counts: Counts, worlds: Iterable[Counts]) -> dict[str, Floor]:
    """Return ECE and ICI of a perfect model with these probabilities.

    The same as `calibration_floor` for both at once, in worlds of counts rather than of rows.

    Parameters
    ----------
    counts : Counts
        Places the knots of the smooth curve.
    worlds : iterable of Counts
        At the probabilities of `coarsen(counts)`, which are the truth there: `simulated_counts` for
        independent rows, `clustered_worlds` otherwise. None: NaN.

    Returns
    -------
    dict
        `ece` and `ici`, each a Floor with the 95 % quantile.
    """
    curve = CalibrationCurve.over(coarsen(counts))
    found = [(ece_of_counts(world), ici_of_counts(world, curve)) for world in worlds]
    return {
        "ece": floor_of([ece for ece, _ in found], FLOOR_LEVEL),
        "ici": floor_of([ici for _, ici in found], FLOOR_LEVEL),
    }
