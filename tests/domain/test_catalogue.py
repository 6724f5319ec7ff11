from __future__ import annotations

import re
from pathlib import Path

import pytest

from churnhealth.domain.catalogue import BUILT_IN, catalogue_of
from churnhealth.domain.indicators import GROUP_LABELS
from churnhealth.domain.measures import KINDS
from churnhealth.errors import ConfigError

DOCS = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text(encoding="utf-8")
NAMES = [one.name for one in BUILT_IN]
# The last is an input of the label: what is known only with the end cannot be an indicator.
LABEL_INPUTS = {"B20"}


def mapping() -> dict[str, str]:
    return dict(re.findall(r"^\| (B\d+) \|[^|]*\|(.*)\|$", DOCS, flags=re.MULTILINE))


def test_every_line_of_the_practitioners_is_mapped():
    assert list(mapping()) == [f"B{number}" for number in range(1, 21)]


@pytest.mark.parametrize("line", [f"B{number}" for number in range(1, 21)])
def test_every_line_names_indicators_that_exist_or_says_that_it_feeds_the_label(line):
    named = set(re.findall(r"`(\w+)`", mapping()[line]))
    if line in LABEL_INPUTS:
        assert "Input of the label" in mapping()[line]
        assert not named.intersection(NAMES)
    else:
        assert named.intersection(NAMES)
        assert named.difference(NAMES) <= {"feature", "usage_events"}


def test_every_indicator_stands_behind_some_line():
    named = set(re.findall(r"`(\w+)`", " ".join(mapping().values())))
    assert set(NAMES) <= named


def test_the_table_of_the_docs_is_the_catalogue():
    cells = r" \| ".join([r"`(\w+)`", r"(\w+)", *[r"(.*?)"] * 3, r"(\w+)", r"(\w+)"])
    rows = re.findall(rf"^\| {cells} \|$", DOCS, flags=re.MULTILINE)
    expected = []
    for one in BUILT_IN:
        indicator, measure = one.indicator, one.measure
        words = (indicator.unit, indicator.label_en, indicator.label_ja)
        expected.append((indicator.name, indicator.group, *words, measure.table, measure.kind))
    assert rows == expected


def test_the_docs_explain_every_kind():
    explained = re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", DOCS, flags=re.MULTILINE)
    assert dict(explained) == {kind: gives for kind, (_, gives) in KINDS.items()}


@pytest.mark.parametrize("one", BUILT_IN, ids=NAMES)
def test_an_indicator_has_words_in_two_languages_and_a_known_group(one):
    indicator = one.indicator
    assert indicator.group in GROUP_LABELS
    assert re.fullmatch(r"[a-z][a-z0-9_]*", indicator.name)
    assert indicator.label_en
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", indicator.label_ja)


def test_advice_asks_for_more_use_and_contact_and_for_shorter_waits_and_silences():
    ways = {one.name: one.indicator.direction for one in BUILT_IN if one.indicator.actionable}
    silences = [name for name in ways if name.endswith("recency_days")]
    assert {ways[name] for name in silences} == {"more_is_riskier"}
    own = [name for name in ways if name.startswith(("usage_", "touch")) and name not in silences]
    assert {ways[name] for name in own} == {"more_is_healthier"}
    assert [name for name, way in ways.items() if way == "learned"] == ["inbound_28d"]
    assert ways["resolution_hours_90d"] == ways["onboarding_overdue"] == "more_is_riskier"
    assert ways["goals_share"] == ways["onboarding_share"] == "more_is_healthier"


def test_a_window_stands_in_the_name():
    for one in BUILT_IN:
        found = re.search(r"_(\d+)d$", one.name)
        assert found is None or int(found[1]) == one.measure.window


def test_labels_tell_indicators_apart():
    for language in ("en", "ja"):
        labels = [one.indicator.label(language) for one in BUILT_IN]
        assert len(set(labels)) == len(labels)


def test_what_the_vendor_did_is_no_indicator():
    assert all(one.measure.table != "actions" for one in BUILT_IN)


def test_a_name_that_stands_twice_is_an_error():
    with pytest.raises(ConfigError, match="stand twice: 'mrr'"):
        catalogue_of([one for one in BUILT_IN if one.name == "mrr"] * 2)
