"""Sentences: one per shape of indicator, in both languages, against a golden file and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnhealth.adapters.telco import telco_catalogue
from churnhealth.domain.catalogue import BUILT_IN, catalogue_of
from churnhealth.domain.indicators import Catalogue, Indicator
from churnhealth.explain.explanation import ALL_OTHERS, Explanation
from churnhealth.explain.reasons import points_text, reason, reasons

GOLDEN = Path(__file__).parent / "golden" / "sentences.txt"
BUILT = catalogue_of(BUILT_IN)
CATALOGUE = Catalogue(
    (
        Indicator("tenure", "contract", "months", label_en="tenure", label_ja="契約月数"),
        Indicator("nps", "satisfaction", "points", label_en="NPS", label_ja="NPS"),
        Indicator("plan", "contract", label_en="plan", label_ja="プラン"),
        Indicator("partner", "profile", "flag", label_en="partner", label_ja="配偶者"),
    )
)


@pytest.mark.parametrize(
    ("indicator", "value", "typical", "points", "english", "japanese"),
    [
        (
            "tenure", 2, 29.0, -8.14,
            "Tenure: 2 months; 29 is typical. Health −8.1 points",
            "契約月数：2か月（標準は29か月）。健全度 −8.1点",
        ),
        (
            "tenure", 29, 29.0, 0.0,
            "Tenure: 29 months, as is typical. Health ±0 points",
            "契約月数：29か月（標準並み）。健全度 ±0点",
        ),
        (
            "nps:missing", None, 8.0, 0.6,
            "NPS: no data. Health +0.6 points", "NPS：データなし。健全度 +0.6点",
        ),
        ("nps", None, 8.0, 1.0, "NPS: no data. Health +1 point", "NPS：データなし。健全度 +1点"),
        ("plan", "Pro", None, -0.01, "Plan: Pro. Health ±0 points", "プラン：Pro。健全度 ±0点"),
        (
            "plan", "Pro", "Basic", 2.0,
            "Plan: Pro (most common: Basic). Health +2 points",
            "プラン：Pro（最も多いのは「Basic」）。健全度 +2点",
        ),
        (
            "plan:segment", "Pro", "Basic", 2.0,
            "Customers of this segment (plan: Pro). Health +2 points",
            "このセグメントの顧客（プラン：Pro）。健全度 +2点",
        ),
        (
            "partner", 0, 1.0, -1.0,
            "Partner: no (most common: yes). Health −1 point",
            "配偶者：なし（最も多いのは「あり」）。健全度 −1点",
        ),
        ("partner", 0, 0.5, -2.0, "Partner: no. Health −2 points", "配偶者：なし。健全度 −2点"),
        ("usage", 3.5, None, -2.0, "Usage: 3.5. Health −2 points", "usage：3.5。健全度 −2点"),
        (
            ALL_OTHERS, None, None, 1.25,
            "All other indicators together. Health +1.2 points", "その他の指標の合計。健全度 +1.2点",
        ),
    ],
)  # fmt: skip
def test_sentences(
    indicator: str, value: object, typical: object, points: float, english: str, japanese: str
) -> None:
    assert reason(indicator, value, typical, points, CATALOGUE, "en") == english
    assert reason(indicator, value, typical, points, CATALOGUE, "ja") == japanese


@pytest.mark.parametrize(
    ("count", "ratio", "english", "japanese"),
    [
        (5.0, 5 / 12, "half of the period before, or less (12 → 5)", "の半分以下（12回→5回）"),
        (9.0, 0.75, "25 % fewer than the period before (12 → 9)", "の25%減（12回→9回）"),
        (12.0, 1.0, "about as many as the period before (12 → 12)", "とほぼ同じ（12回→12回）"),
        (15.0, 1.25, "25 % more than the period before (12 → 15)", "の25%増（12回→15回）"),
        (30.0, 2.5, "2.5 times the period before (12 → 30)", "の2.5倍（12回→30回）"),
    ],
)
def test_a_ratio_tells_both_counts_where_the_customer_has_them(
    count: float, ratio: float, english: str, japanese: str
) -> None:
    told = [_one("usage_ratio_28d", ratio, {"usage_events_28d": count}, lang) for lang in ("en", "ja")]
    assert told[0] == f"Usage events in the last 28 days: {english}. Health −9 points"
    assert told[1] == f"直近28日の利用回数が前の期間{japanese}。健全度 −9点"


def test_a_ratio_without_counts_tells_the_ratio() -> None:
    told = _one("usage_ratio_28d", 0.4, {}, "ja")
    assert told == "直近28日の利用回数の前28日比：半分以下。健全度 −9点"
    # 5 / 0.42 is no whole number: these counts are not behind this ratio.
    assert "→" not in _one("usage_ratio_28d", 0.42, {"usage_events_28d": 5.0}, "ja")
    assert "none, after some" in _one("usage_ratio_28d", 0.0, {"usage_events_28d": 0.0}, "en")


def test_a_level_is_told_with_its_share_of_customers() -> None:
    shares = {"plan": {"Basic": 0.62}}
    assert _one("plan", "Basic", {}, "en", level_shares=shares) == (
        "Plan: Basic (62 % of customers). Health −9 points"
    )
    assert _one("plan", "Basic", {}, "ja", level_shares=shares) == (
        "プラン：Basic（顧客の62%）。健全度 −9点"
    )


def test_a_value_outside_the_training_data_is_told() -> None:
    ranges = {"tickets_28d": (0.0, 9.0)}
    assert _one("tickets_28d", 40.0, {}, "en", ranges=ranges) == (
        "Tickets in the last 28 days: 40; outside the 0 to 9 of the training data. Health −9 points"
    )
    assert "（学習データの範囲0件〜9件の外）" in _one("tickets_28d", 40.0, {}, "ja", ranges=ranges)
    assert "outside" not in _one("tickets_28d", 9.0, {}, "en", ranges=ranges)


def test_the_same_drivers_give_the_same_sentences_alone_and_together() -> None:
    drivers = pd.DataFrame(
        {
            "indicator": ["tenure", "plan", "tenure"],
            "value": [2, "Pro", 2],
            "typical_value": [29.0, "Basic", 29.0],
            "contribution_points": [-8.0, 1.0, 3.0],
        }
    )
    alone = [
        reason(name, value, typical, points, CATALOGUE, "en")
        for name, value, typical, points in drivers.itertuples(index=False)
    ]
    assert reasons(drivers, CATALOGUE, "en") == alone


@pytest.mark.parametrize("points", [-3.0, 3.0])
def test_no_indicator_is_good_or_bad_beforehand(points: float) -> None:
    for name in ("touches_28d", "tickets_28d", "joined_90d"):
        told = {sign: reason(name, 9, 2.0, sign * points, BUILT, "en") for sign in (1, -1)}
        assert told[1].partition(". ")[0] == told[-1].partition(". ")[0]


def test_a_sentence_never_claims_a_cause() -> None:
    text = GOLDEN.read_text(encoding="utf-8")
    assert not any(word in text for word in ("because", "due to", "cause", "ため", "原因", "おかげ"))


def test_punctuation_is_full_width_in_japanese_and_plain_in_english() -> None:
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        japanese = any("\u3040" <= one <= "\u30ff" for one in line)
        assert not set(line) & set(":()-" if japanese else "：（）。"), line


def test_another_language_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'en' or 'ja'"):
        reason("tenure", 2, 29.0, -8.0, CATALOGUE, "fr")


def test_points_have_their_sign_and_a_true_minus() -> None:
    assert points_text(-0.96, "en") == "Health −1 point"
    assert points_text(12.34, "ja") == "健全度 +12.3点"


def test_the_sentences_are_those_of_the_golden_file() -> None:
    """Read by people; after a change of words, read them again and write the file anew."""
    assert "\n".join(golden_sentences()) + "\n" == GOLDEN.read_text(encoding="utf-8")


def golden_sentences() -> list[str]:
    """Write what three customers read: every built-in indicator, its missing value, and Telco's."""
    usual: dict[str, tuple[object, object]] = {
        "share": (0.123, 0.45), "change": (-0.2, 0.0), "ratio": (0.42, 1.02), "flag": (0.0, 1.0),
        "days ago": (41.0, 3.0), "": ("製造業", "SaaS"), "currency/month": (12000.0, 98000.0),
        "hours": (17.234, 4.5), "events/day/day": (-0.031, 0.003), "events/user": (3.217, 8.0),
        "points": (6.0, 8.0),
    }  # fmt: skip
    lines = []
    for one in BUILT.values():
        value, typical = usual.get(one.unit, (1.0, 1234.0))
        for language in ("en", "ja"):
            lines.append(reason(one.name, value, typical, -9.04, BUILT, language))
            lines.append(reason(f"{one.name}:missing", None, typical, 0.6, BUILT, language))
    telco = telco_catalogue()
    for name, value, typical in (
        ("tenure", 1, 29.0), ("monthly_charges", 70.35, 65.5), ("total_charges", 1397.475, 20.0),
        ("tech_support", "No", "No"), ("internet_service", "No", "DSL"), ("female", 0, 1.0),
        ("paperless_billing", 1, 1.0), ("senior_citizen", 1, 0.0),
    ):  # fmt: skip
        lines += [reason(name, value, typical, -3.14, telco, language) for language in ("en", "ja")]
    return lines


def _one(name: str, value: object, others: dict[str, object], language: str, **more: object) -> str:
    values = pd.DataFrame({name: [value], **{key: [one] for key, one in others.items()}}, index=["A"])
    points = pd.DataFrame(np.zeros(values.shape), index=["A"], columns=values.columns)
    points[name] = -9.0
    catalogue = BUILT if name in BUILT else CATALOGUE
    typical = pd.Series(dtype=object)
    explanation = Explanation(80.0, points, values, typical, catalogue, points, **more)
    return reasons(explanation.drivers(top=1), catalogue, language, explanation=explanation)[0]
