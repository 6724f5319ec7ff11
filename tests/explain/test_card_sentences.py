"""Sentences of the card by hand: units, plurals, missing values, Japanese."""

from __future__ import annotations

import datetime as dt

import pytest

from churnhealth.domain.catalogue import BUILT_IN, catalogue_of
from churnhealth.explain.card_sentences import (
    beyond_sentence,
    day_sentence,
    help_sentence,
    model_sentence,
    moved_sentence,
    unseen_sentence,
    without_window,
)

BUILT = catalogue_of(BUILT_IN)


@pytest.mark.parametrize(
    ("name", "before", "after", "english", "japanese"),
    [
        (
            "usage_events_28d", 12.0, 5.0,
            "Usage events in the last 28 days: 12 → 5", "直近28日の利用回数：12回→5回",
        ),
        ("usage_recency_days", 3.0, 1.0, "Last use: 3 → 1 day ago", "最終利用：3日前→1日前"),
        (
            "usage_seats_share_28d", 0.123, 0.5,
            "Share of seats active in the last 28 days: 12 % → 50 %",
            "直近28日の契約席数に対する利用率：12%→50%",
        ),
        (
            "mrr", 120000.0, None,
            "Recurring revenue per month: 120,000 → no data", "月次経常収益：120,000→データなし",
        ),
        (
            "usage_trend_90d", 0.01, -0.025,
            (
                "Trend of usage events in the last 90 days: "
                "0.3 more → 0.75 fewer events a day every 30 days"
            ),
            "直近90日の利用回数の傾き：30日で1日あたり0.3回増→0.75回減",
        ),
        ("nps_last", None, 1.0, "Last NPS answer: no data → 1 point", "直近のNPS回答：データなし→1点"),
        ("plan", "Basic", "Pro\nplus", "Plan: Basic → Pro plus", "プラン：Basic→Pro plus"),
        ("end_announced", 0, 1, "End of a contract announced: no → yes", "解約予告：なし→あり"),
        (
            "mrr_change_90d", 0.0, -0.25,
            "Recurring revenue against 90 days ago: unchanged → down 25 %",
            "月次経常収益の90日前比：変化なし→25%減",
        ),
    ],
)  # fmt: skip
def test_what_moved(name: str, before: object, after: object, english: str, japanese: str) -> None:
    assert moved_sentence(BUILT[name], before, after, -9.0, "en") == f"{english}. Health −9 points"
    assert moved_sentence(BUILT[name], before, after, 1.0, "ja") == f"{japanese}。健全度 +1点"


def test_what_would_help_never_claims_a_cause() -> None:
    told = help_sentence(BUILT["tickets_unresolved_90d"], 4.0, 0.0, 1200, 2.5, "en")
    assert told == (
        "Unresolved tickets in the last 90 days: 4 → 0, as a quarter of 1,200 similar customers have. "
        "Health +2.5 points"
    )
    assert help_sentence(BUILT["usage_recency_days"], 40.0, 2.0, 25, 0.5, "ja") == (
        "最終利用：40日前→2日前（類似顧客25社の4分の1が達している水準）。健全度 +0.5点"
    )


@pytest.mark.parametrize(
    ("rates", "every", "english", "japanese"),
    [
        ((55.9, 14.2), "week", "fell: 56 → 14 a week", "減少：週あたり56回→14回"),
        ((0.96, 3.04), "week", "rose: 1 → 3 a week", "増加：週あたり1回→3回"),
        ((0.0, 0.456), "30 days", "rose: 0 → 0.46 in 30 days", "増加：30日あたり0回→0.46回"),
        ((4.25, 1.0), "day", "fell: 4.2 → 1 a day on average", "減少：1日平均4.2回→1回"),
    ],
)
def test_rates_are_rounded_to_what_can_be_read(
    rates: tuple[float, float], every: str, english: str, japanese: str
) -> None:
    day = dt.date(2026, 3, 4)
    assert (
        day_sentence("logins", "logins", day, rates, every, "en")
        == f"From 2026-03-04 on, logins {english}"
    )
    told = day_sentence("ログイン回数", "logins", day, rates, every, "ja")
    assert told == f"2026年3月4日から、ログイン回数が{japanese}"


def test_values_and_levels_outside_the_training_data() -> None:
    low = beyond_sentence(BUILT["touch_recency_days"], 400.0, 1.0, 365.0, "en")
    assert low == "Last contact: 400 days ago; outside the 1 to 365 of the training data"
    assert beyond_sentence(BUILT["usage_ratio_28d"], 9.0, 0.0, 4.5, "ja") == (
        "直近28日の利用回数の前28日比：9倍（学習データの範囲0倍〜4.5倍の外）"
    )
    assert unseen_sentence(BUILT["plan"], "Gold", "en") == "Plan: Gold; not in the training data"


@pytest.mark.parametrize("part", ["model", "added", "dropped"])
def test_every_part_of_a_new_model_has_words_in_both_languages(part: str) -> None:
    assert model_sentence(BUILT["plan"], part, -1.0, "en").startswith("Plan: ")
    assert model_sentence(BUILT["plan"], part, -1.0, "ja").startswith("プラン：")


def test_windows_are_taken_off_the_labels_of_all_counts() -> None:
    counts = [one for one in BUILT_IN if one.measure.kind in ("count", "distinct", "sum")]
    assert len(counts) > 20
    for one in counts:
        english, japanese = (without_window(one.indicator.label(lang), lang) for lang in ("en", "ja"))
        assert english
        assert "days" not in english
        assert japanese
        assert "直近" not in japanese
