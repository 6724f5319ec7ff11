"""Corrections by segment, only where they help customers that they were not learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize_scalar

from churnhealth.model.calibrate import Calibrator, log_losses
from churnhealth.model.columns import BoolArray, FloatArray
from churnhealth.model.noise import standard_error
from churnhealth.model.stack import SegmentCorrection
from churnhealth.model.weights import OutOfFold

# Nats that a squared log-odd of correction costs, from bold to timid.
PRICES = (2.0, 10.0, 50.0)
LARGEST = 4.0


def learn_corrections(
    margin: FloatArray,
    calibrator: Calibrator,
    matrix: FloatArray,
    told: OutOfFold,
    segments: Sequence[tuple[int, int]],
) -> tuple[tuple[SegmentCorrection, ...], dict[int, float]]:
    """Learn a correction for each segment in turn, on top of those before it.

    Parameters
    ----------
    margin : ndarray, shape (n_rows,)
        The stack's out-of-fold margins.
    calibrator : Calibrator
        What comes after the margin; it stays as it is.
    matrix : ndarray, shape (n_rows, n_columns)
        As `encode_table` gives it.
    told : OutOfFold
        Labels, weights and groups of the rows.
    segments : sequence of (column, number of levels)
        Positions of the segments in the matrix.

    Returns
    -------
    corrections : tuple of SegmentCorrection
        Of the segments where the cross-validated log loss falls by more than one standard error.
    gains : dict of int to float
        Per column, the fall of the cross-validated log loss with its best price.
    """
    corrections: list[SegmentCorrection] = []
    gains: dict[int, float] = {}
    for column, levels in segments:
        codes = np.where(np.isnan(matrix[:, column]), -1, matrix[:, column]).astype(np.int64)
        price, gain = _best_price(margin, calibrator, codes, levels, told)
        gains[column] = float(np.average(gain, weights=told.weight))
        if gains[column] <= standard_error(gain, told.weight, told.customers):
            continue
        everyone = np.ones(len(codes), dtype=bool)
        table = _offsets(margin, calibrator, codes, levels, told, everyone, price)
        correction = SegmentCorrection(column, tuple(table.tolist()))
        corrections.append(correction)
        margin = margin + correction.of(matrix)
    return tuple(corrections), gains


def _best_price(
    margin: FloatArray, calibrator: Calibrator, codes: np.ndarray, levels: int, told: OutOfFold
) -> tuple[float, FloatArray]:
    before = log_losses(calibrator.log_odds(margin), told.y)
    gains = {}
    for price in PRICES:
        shifted = margin.copy()
        for group in np.unique(told.groups):
            test = told.groups == group
            table = _offsets(margin, calibrator, codes, levels, told, ~test, price)
            shifted[test] += np.append(table, 0.0)[codes[test]]
        gains[price] = before - log_losses(calibrator.log_odds(shifted), told.y)
    best = max(gains, key=lambda price: float(np.average(gains[price], weights=told.weight)))
    return best, gains[best]


def _offsets(
    margin: FloatArray,
    calibrator: Calibrator,
    codes: np.ndarray,
    levels: int,
    told: OutOfFold,
    rows: BoolArray,
    price: float,
) -> FloatArray:
    """Return the log-odds of each level; 0 for a level without rows."""
    table = np.zeros(levels)
    for level in range(levels):
        inside = rows & (codes == level)
        if inside.any():
            table[level] = _offset(
                margin[inside], calibrator, told.y[inside], told.weight[inside], price
            )
    return table


def _offset(
    margin: FloatArray, calibrator: Calibrator, y: FloatArray, weight: FloatArray, price: float
) -> float:
    def loss(offset: float) -> float:
        log_odds = calibrator.log_odds(margin + offset)
        return float(weight @ log_losses(log_odds, y)) + price * offset**2

    found = minimize_scalar(loss, bounds=(-LARGEST, LARGEST), method="bounded")
    return float(found.x)
