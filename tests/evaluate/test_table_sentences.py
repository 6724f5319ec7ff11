import pandas as pd

from churnhealth.evaluate.groups import GROUP_COLUMNS
from churnhealth.evaluate.table_sentences import group_sentences, segment_sentences


def _segments(*lines):
    return pd.DataFrame(lines, columns=["segment", "level", "gap", "verdict"])


def _groups(*lines):
    told = [
        (name, 0.4, 0.4 + adds, adds, low, high, 0.01, verdict)
        for name, adds, low, high, verdict in lines
    ]
    return pd.DataFrame(told, columns=list(GROUP_COLUMNS))


def test_empty_tables_say_nothing():
    assert segment_sentences(_segments()) == []
    assert group_sentences(_groups()) == []


def test_every_verdict_about_segments_has_its_sentence():
    said = segment_sentences(
        _segments(
            ("plan", "A", 0.1, "beyond chance"),
            ("plan", "B", -0.05, "borderline"),
            ("region", "east", 0.2, "too few to tell"),
            ("region", "west", 0.0, "within chance"),
        )
    )
    assert [one.en for one in said] == [
        "4 segment levels, 1 with a gap beyond chance (observed less predicted): plan = A (+0.100).",
        "Above its own floor, but among so many levels that may be chance: plan = B (-0.050).",
        (
            "1 level with too few churners to tell a right probability from one that is wrong by its "
            "own size."
        ),
    ]
    assert "plan = A (+0.100)" in said[0].ja
    assert "plan = B (-0.050)" in said[1].ja
    assert said[2].ja.startswith("1区分は解約が少なく")


def test_groups_that_help_do_harm_or_show_nothing_are_told_apart():
    said = group_sentences(
        _groups(
            ("usage", 0.05, 0.04, 0.06, "helps"),
            ("support", 0.01, -0.01, 0.02, "not shown"),
            ("touch", 0.0, -0.01, 0.01, "not shown"),
            ("outcome", -0.02, -0.03, -0.01, "harms"),
        )
    )
    assert [one.en for one in said] == [
        "More log loss with an indicator group shuffled: usage +0.0500 (+0.0400 to +0.0600).",
        (
            "Less log loss with an indicator group shuffled, so it may do harm: "
            "outcome -0.0200 (-0.0300 to -0.0100)."
        ),
        "No contribution that these data could show: support, touch.",
    ]
    assert said[0].ja == (
        "指標グループを無効にした場合の対数損失の増加：利用状況 +0.0500（+0.0400〜+0.0600）。"
    )
    assert said[2].ja.endswith("サポート、接点。")
