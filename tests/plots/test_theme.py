"""Colours that the colour-blind can tell apart, and letters that can be read on them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from churnhealth.domain.health import BANDS
from churnhealth.plots import theme
from churnhealth.plots.theme import BAND_SHAPES, SHAPES, Look, shortened
from churnhealth.plots.words import LANGUAGES, WORDS

# Vienot, Brettel and Mollon (1999), Color Research and Application 24: linear RGB as dichromats see it.
TO_LMS = np.array(
    [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
)
BLIND = {
    "none": np.eye(3),
    "protanopia": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
    "deuteranopia": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
}


def _linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255.0
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _seen(colour: str, kind: str) -> np.ndarray:
    return np.linalg.solve(TO_LMS, BLIND[kind] @ TO_LMS @ _linear(colour))


def _contrast(one: str, other: str) -> float:
    light = sorted(_linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return float((light[1] + 0.05) / (light[0] + 0.05))


@pytest.mark.parametrize("kind", BLIND)
@pytest.mark.parametrize("name", ["light", "dark"])
def test_bands_and_directions_are_told_apart_by_everybody(kind: str, name: str) -> None:
    look = Look("en", name)
    pairs = [*itertools.combinations(BANDS, 2), ("raises", "lowers"), ("main", "warning")]
    for one, other in pairs:
        distance = np.abs(_seen(look.colour(one), kind) - _seen(look.colour(other), kind)).max()
        assert distance > 0.12, (one, other)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_letters_can_be_read(name: str) -> None:
    look = Look("en", name)
    assert _contrast(look.colour("text"), look.colour("background")) > 10
    assert _contrast(look.colour("muted"), look.colour("background")) > 4.5


def test_bands_differ_by_shape_and_order_as_well() -> None:
    assert len(set(BAND_SHAPES.values())) == len(BANDS)
    assert len(set(SHAPES)) == len(SHAPES)
    assert Look("en", "light").bands == ["green", "yellow", "red"]
    assert Look("ja", "light").bands == ["健全", "注意", "危険"]


def test_every_word_is_there_in_both_languages() -> None:
    for key, words in WORDS.items():
        assert len(words) == len(LANGUAGES)
        assert all(words), key
    english, japanese = (Look(language, "light") for language in LANGUAGES)
    assert english.word("cell_customers", n=3) == "3 customers"
    assert japanese.word("cell_customers", n=3) == "3社"
    assert english.told("drift", "stop") == "too much"
    assert english.told("drift", "(unheard of)") == "(unheard of)"


def test_places_for_values_are_the_same_in_both_languages() -> None:
    fields = [
        {part.partition("}")[0] for part in word.split("{")[1:]}
        for words in WORDS.values()
        for word in words
    ]
    assert fields[::2] == fields[1::2]


def test_long_texts_are_shortened_at_the_end() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"


def test_japanese_letters_come_from_a_font_that_has_them() -> None:
    for fonts in theme.FONTS.values():
        assert fonts.startswith("Noto Sans CJK JP")
        assert fonts.endswith("sans-serif")
