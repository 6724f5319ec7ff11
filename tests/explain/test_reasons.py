from __future__ import annotations

import pytest

from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.explain.explanation import ALL_OTHERS
from churnhealth.explain.reasons import number_text, reason

CATALOGUE = Catalogue(
    (
        Indicator("tenure", "contract", "months", label_en="tenure", label_ja="契約月数"),
        Indicator("nps", "satisfaction", label_en="NPS", label_ja="NPS"),
    )
)


@pytest.mark.parametrize(
    ("indicator", "value", "typical", "points", "english", "japanese"),
    [
        (
            "tenure", 2, 29.0, -8.14,
            "tenure: 2 months (typical: 29 months), health −8.1 points",
            "契約月数:2か月(標準:29か月)、健全度 −8.1点",
        ),
        (
            "nps:missing", None, 8.0, 0.6,
            "NPS: no data, health +0.6 points", "NPS:データなし、健全度 +0.6点",
        ),
        ("plan", "Pro", None, -0.01, "plan: Pro, health ±0.0 points", "plan:Pro、健全度 ±0.0点"),
        (ALL_OTHERS, None, None, 1.25, "all others, health +1.2 points", "その他すべて、健全度 +1.2点"),
    ],
)  # fmt: skip
def test_sentences(
    indicator: str, value: object, typical: object, points: float, english: str, japanese: str
) -> None:
    assert reason(indicator, value, typical, points, CATALOGUE, "en") == english
    assert reason(indicator, value, typical, points, CATALOGUE, "ja") == japanese


def test_a_sentence_never_claims_a_cause() -> None:
    sentence = reason("tenure", 2, 29.0, -8.0, CATALOGUE, "en")
    assert "because" not in sentence


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'en' or 'ja'"):
        reason("tenure", 2, 29.0, -8.0, CATALOGUE, "fr")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12, "12"),
        (12.0, "12"),
        (1234.5, "1234"),
        (12345.6, "12,346"),
        (0.00012345, "0.0001234"),
    ],
)
def test_numbers_are_written_for_people(value: float, text: str) -> None:
    assert number_text(value) == text
