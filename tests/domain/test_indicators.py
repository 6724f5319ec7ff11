"""Indicators, what is inferred from a name, and the catalogue."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnhealth.domain.indicators import (
    GROUP_LABELS,
    OTHER,
    Catalogue,
    Indicator,
    infer_indicator,
)
from churnhealth.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "group", "label"),
    [
        ("monthly_charges", "contract", "monthly charges"),
        ("MonthlyCharges", "contract", "monthly charges"),
        ("logins_30d", "usage", "logins 30d"),
        ("nps", "satisfaction", "NPS"),
        ("open.ticket", "support", "open ticket"),
        ("events attended", "engagement", "events attended"),
        ("meeting_held", "touch", "meeting held"),
        ("onboard_done", "onboarding", "onboard done"),
        ("roi", "outcome", "ROI"),
        ("training_usage", "engagement", "training usage"),
        ("excused", OTHER, "excused"),
        ("座席数", "contract", "座席数"),
        ("直近28日ログイン回数", "usage", "直近28日ログイン回数"),
        ("月額利用料金", "contract", "月額利用料金"),
        ("問合せ件数", "support", "問合せ件数"),
        ("利用満足度", "satisfaction", "利用満足度"),
        ("導入完了率", "onboarding", "導入完了率"),
        ("担当者面談回数", "touch", "担当者面談回数"),
        ("セミナー参加回数", "engagement", "セミナー参加回数"),
        ("目標達成率", "outcome", "目標達成率"),
        ("業種", OTHER, "業種"),
        ("!!!", OTHER, "!!!"),
    ],
)
def test_group_and_label_are_inferred_from_the_name(name, group, label):
    indicator = infer_indicator(name)
    assert (indicator.name, indicator.group, indicator.label_en) == (name, group, label)
    assert (indicator.direction, indicator.actionable, indicator.unit) == ("learned", False, "")


@given(st.text())
def test_any_name_can_be_inferred_and_shown(name):
    indicator = infer_indicator(name)
    assert indicator.name == name
    assert indicator.group in GROUP_LABELS
    assert indicator.label("en") or not name


def test_labels_fall_back_from_japanese_to_english_to_the_name():
    both = Indicator("a", label_en="logins", label_ja="ログイン")
    assert (both.label(), both.label("ja")) == ("logins", "ログイン")
    assert Indicator("a", label_en="logins").label("ja") == "logins"
    assert Indicator("a", label_ja="ログイン").label("en") == "a"
    assert Indicator("a").label("ja") == "a"


def test_an_unknown_direction_is_refused():
    with pytest.raises(ConfigError, match=r"indicator 'a': expected direction one of .* got 'up'"):
        Indicator("a", direction="up")


def test_a_catalogue_is_a_mapping_in_order():
    catalogue = Catalogue((Indicator("b"), Indicator("a", group="usage")))
    assert list(catalogue) == ["b", "a"]
    assert len(catalogue) == 2
    assert catalogue["a"].group == "usage"
    assert "c" not in catalogue
    assert catalogue.get("c") is None


def test_an_indicator_stands_once_in_a_catalogue():
    with pytest.raises(ConfigError, match="these stand twice: 'a'"):
        Catalogue((Indicator("a"), Indicator("b"), Indicator("a", group="usage")))


def test_a_catalogue_of_columns_keeps_what_is_declared_and_infers_the_rest():
    declared = Catalogue((Indicator("nps", group="own"), Indicator("gone")), {"own": {"en": "Own"}})
    catalogue = declared.for_columns(["logins", "nps"])
    assert list(catalogue) == ["logins", "nps"]
    assert catalogue["nps"].group == "own"
    assert catalogue["logins"] == infer_indicator("logins")
    assert catalogue.group_label("own") == "Own"


def test_group_labels_come_from_the_user_then_from_us_then_from_the_name():
    catalogue = Catalogue((), {"usage": {"en": "Use"}, "own": {"ja": "独自"}})
    assert catalogue.group_label("usage") == "Use"
    assert catalogue.group_label("usage", "ja") == "Use"
    assert catalogue.group_label("support", "ja") == "サポート"
    assert catalogue.group_label("own", "ja") == "独自"
    assert catalogue.group_label("own") == "own"
    assert catalogue.group_label("unknown") == "unknown"


def test_every_built_in_group_has_words_in_both_languages():
    assert all(
        labels.keys() == {"en", "ja"} and all(labels.values()) for labels in GROUP_LABELS.values()
    )


def test_a_catalogue_survives_json():
    catalogue = Catalogue((infer_indicator("mrr"), Indicator('q"', unit="円")), {"own": {"ja": "独自"}})
    assert Catalogue.from_dict(json.loads(json.dumps(catalogue.to_dict()))) == catalogue
