"""Probability, health score and band."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.health import (
    BAND_LABELS,
    BANDS,
    HealthBands,
    health_from_probability,
    probability_from_health,
)
from churnhealth.errors import ConfigError

PROBABILITY = st.floats(0, 1)


def test_of_the_customers_scored_80_one_in_five_leaves():
    assert probability_from_health([80.0])[0] == pytest.approx(1 / 5)


def test_the_ends_of_the_scale_are_exact():
    assert health_from_probability([0.0, 1.0]).tolist() == [100.0, 0.0]
    assert probability_from_health([100.0, 0.0]).tolist() == [0.0, 1.0]


@given(st.lists(PROBABILITY, min_size=1))
def test_score_and_probability_are_each_others_inverse(probabilities):
    back = probability_from_health(health_from_probability(probabilities))
    np.testing.assert_allclose(back, probabilities, atol=1e-15)


@given(PROBABILITY, PROBABILITY)
def test_a_higher_probability_is_never_a_higher_score(first, second):
    low, high = sorted([first, second])
    scores = health_from_probability([low, high])
    assert scores[0] >= scores[1]
    assert (scores >= 0).all()
    assert (scores <= 100).all()


def test_a_band_begins_at_its_cut_off():
    bands = HealthBands(yellow=0.1, red=0.3)
    below = np.nextafter([0.1, 0.3], 0)
    assert bands.band([0.0, below[0], 0.1, below[1], 0.3, 1.0]).tolist() == [
        "green",
        "green",
        "yellow",
        "yellow",
        "red",
        "red",
    ]


@given(st.lists(PROBABILITY, min_size=2))
def test_bands_follow_the_order_of_risk(probabilities):
    bands = HealthBands(0.2, 0.6).band(sorted(probabilities)).tolist()
    assert bands == sorted(bands, key=BANDS.index)


@pytest.mark.parametrize(
    ("yellow", "red"),
    [
        (0.3, 0.1),
        (0.2, 0.2),
        (0.0, 0.5),
        (0.5, 1.0),
        (-0.1, 0.5),
        (float("nan"), 0.5),
        (0.1, float("nan")),
    ],
)
def test_cut_offs_out_of_order_or_range_are_refused(yellow, red):
    with pytest.raises(ConfigError, match="expected 0 < yellow < red < 1"):
        HealthBands(yellow, red)


@pytest.mark.parametrize(
    ("base_rate", "red"),
    [
        (0.02, 0.06),  # 3 * 0.02
        (0.2, 0.6),  # 3 * 0.2 = (1 + 0.2) / 2
        (0.3, 0.65),  # 3 * 0.3 = 0.9, half-way to certainty is (1 + 0.3) / 2
        (0.9, 0.95),
    ],
)
def test_default_bands_come_from_the_base_rate(base_rate, red):
    bands = HealthBands.from_base_rate(base_rate)
    assert bands.yellow == base_rate
    assert bands.red == pytest.approx(red)


@given(st.floats(1e-9, 1 - 1e-9))
def test_every_base_rate_has_bands(base_rate):
    bands = HealthBands.from_base_rate(base_rate)
    assert 0 < bands.yellow < bands.red < 1


@pytest.mark.parametrize("base_rate", [0.0, 1.0])
def test_a_base_rate_without_churners_or_without_others_has_no_bands(base_rate):
    with pytest.raises(ConfigError):
        HealthBands.from_base_rate(base_rate)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_band_has_words_in_both_languages(language):
    assert tuple(BAND_LABELS[language]) == BANDS
    assert all(BAND_LABELS[language].values())
