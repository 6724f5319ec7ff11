from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from churnhealth.model.calibrate import NO_CALIBRATOR, Calibrator
from churnhealth.model.segments import learn_corrections
from churnhealth.model.weights import OutOfFold


def world(gap: float, n: int = 8000) -> tuple[np.ndarray, np.ndarray, OutOfFold]:
    """Honest margins but for a segment of two levels, whose log-odds lie `gap` to either side."""
    rng = np.random.default_rng(0)
    margin = rng.normal(-1.5, 1.0, n)
    segment = rng.integers(0, 2, n).astype(float)
    y = (rng.random(n) < expit(margin + gap * (2.0 * segment - 1.0))).astype(float)
    told = OutOfFold(margin[:, None], y, np.ones(n), np.arange(n) % 5)
    return margin, segment[:, None], told


def test_a_known_gap_is_corrected() -> None:
    margin, matrix, told = world(0.5)
    (found,), gains = learn_corrections(margin, NO_CALIBRATOR, matrix, told, [(0, 2)])
    assert found.log_odds == pytest.approx((-0.5, 0.5), abs=0.12)  # two standard errors
    assert gains[0] > 0.0


def test_without_a_gap_there_is_no_correction() -> None:
    margin, matrix, told = world(0.0)
    assert learn_corrections(margin, NO_CALIBRATOR, matrix, told, [(0, 2)])[0] == ()


def test_the_correction_is_learned_through_the_calibrator() -> None:
    margin, matrix, told = world(0.5)
    half = Calibrator("sigmoid", (0.5,))
    (found,), _ = learn_corrections(2.0 * margin, half, matrix, told, [(0, 2)])
    # The calibrator halves what comes before it, so twice as much is needed.
    assert found.log_odds == pytest.approx((-1.0, 1.0), abs=0.25)


def test_a_segment_without_churners_is_pulled_down_but_not_to_nothing() -> None:
    rng = np.random.default_rng(1)
    margin = np.full(2000, logit(0.2))
    segment = (np.arange(2000) < 200).astype(float)
    y = np.where(segment == 1, 0.0, (rng.random(2000) < 0.22).astype(float))
    told = OutOfFold(margin[:, None], y, np.ones(2000), np.arange(2000) % 5)
    (found,), _ = learn_corrections(margin, NO_CALIBRATOR, segment[:, None], told, [(0, 2)])
    assert -4.0 < found.log_odds[1] < -1.0


def test_missing_segments_and_levels_without_rows_stay_as_they_are() -> None:
    margin, matrix, told = world(0.5)
    matrix[:100] = np.nan
    (found,), _ = learn_corrections(margin, NO_CALIBRATOR, matrix, told, [(0, 3)])
    assert found.log_odds[2] == 0.0
    assert found.of(matrix)[:100].tolist() == [0.0] * 100
