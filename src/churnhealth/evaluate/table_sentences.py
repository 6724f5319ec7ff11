"""What the tables of a report mean, in sentences: the riskiest customers, segments, indicator groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnhealth.domain.indicators import GROUP_LABELS
from churnhealth.evaluate.groups import HARMS, HELPS
from churnhealth.evaluate.said import Said, many
from churnhealth.evaluate.segments import BEYOND, BORDERLINE, TOO_FEW

MOST_NAMED = 5
_HELPS = Said(
    "More log loss with an indicator group shuffled: ", "指標グループを無効にした場合の対数損失の増加："
)
_HARMS = Said(
    "Less log loss with an indicator group shuffled, so it may do harm: ",
    "無効にすると対数損失が下がる（有害の可能性がある）指標グループ：",
)


def lift_sentences(lift: pd.DataFrame) -> list[Said]:
    """Say how many of the churners the riskiest tenth holds."""
    tenth = lift[np.isclose(lift["share"], 0.1) & lift["captured_churners"].notna()]
    said = []
    for line in tenth.to_dict("records"):
        rows, churners, money = int(line["customers"]), line["captured_churners"], line["captured_mrr"]
        known = bool(np.isfinite(money))
        english = f" and {money:.3f} of the churned MRR" if known else ""
        japanese = f"、失われたMRRの{money:.3f}" if known else ""
        said.append(
            Said(
                f"The riskiest tenth ({many(rows, 'row')}) holds {churners:.3f} of the churners"
                f"{english}.",
                f"リスク上位1割（{rows:,}行）に解約顧客の{churners:.3f}{japanese}が含まれます。",
            )
        )
    return said


def segment_sentences(by_segment: pd.DataFrame) -> list[Said]:
    """Say where the probabilities are wrong within a segment, and where nobody can tell."""
    if by_segment.empty:
        return []
    verdict = by_segment["verdict"]
    beyond, borderline = by_segment[verdict == BEYOND], by_segment[verdict == BORDERLINE]
    levels, blunt = len(by_segment), int((verdict == TOO_FEW).sum())
    said = [_beyond(beyond, levels)]
    if len(borderline):
        said.append(
            Said(
                f"Above its own floor, but among so many levels that may be chance: "
                f"{_named(borderline)}.",
                f"単独では偶然の幅を超えるが、多数の区分を見た中での偶然かもしれないもの："
                f"{_named(borderline)}。",
            )
        )
    if blunt:
        said.append(
            Said(
                f"{many(blunt, 'level')} with too few churners to tell a right probability from one "
                "that is wrong by its own size.",
                f"{blunt:,}区分は解約が少なく、確率の正否を判断できません。",
            )
        )
    return said


def _beyond(beyond: pd.DataFrame, levels: int) -> Said:
    if beyond.empty:
        return Said(
            f"{many(levels, 'segment level')}: no gap beyond what chance allows among so many.",
            f"{levels:,}区分のいずれにも、偶然の幅を超えるずれはありません。",
        )
    return Said(
        f"{many(levels, 'segment level')}, {len(beyond)} with a gap beyond chance "
        f"(observed less predicted): {_named(beyond)}.",
        f"{levels:,}区分のうち{len(beyond)}区分に偶然の幅を超えるずれがあります"
        f"（実績-予測）：{_named(beyond)}。",
    )


def _named(lines: pd.DataFrame) -> str:
    records: list[dict[Any, Any]] = lines.to_dict("records")
    worst = sorted(records, key=lambda line: -abs(line["gap"]))
    named = [f"{line['segment']} = {line['level']} ({line['gap']:+.3f})" for line in worst]
    return ", ".join(named[:MOST_NAMED]) + (" ..." if len(named) > MOST_NAMED else "")


def group_sentences(groups: pd.DataFrame) -> list[Said]:
    """Say which indicator groups help on rows that the model has not seen, and which show nothing."""
    if groups.empty:
        return []
    verdict = groups["verdict"]
    said = []
    for one, head in ((HELPS, _HELPS), (HARMS, _HARMS)):
        if (verdict == one).any():
            added = _added(groups[verdict == one])
            said.append(Said(f"{head.en}{added.en}.", f"{head.ja}{added.ja}。"))
    idle = groups.loc[~verdict.isin([HELPS, HARMS]), "indicator_group"].map(_group_words).tolist()
    if idle:
        english, japanese = ", ".join(one.en for one in idle), "、".join(one.ja for one in idle)
        said.append(
            Said(
                f"No contribution that these data could show: {english}.",
                f"このデータでは寄与を確認できない指標グループ：{japanese}。",
            )
        )
    return said


def _group_words(group: str) -> Said:
    """Return the words for a group; one of the user's own is called by its name."""
    labels = GROUP_LABELS.get(group, {})
    return Said(labels.get("en", group), labels.get("ja", group))


def _added(lines: pd.DataFrame) -> Said:
    english, japanese = [], []
    for line in lines.to_dict("records"):
        words, low, high = _group_words(line["indicator_group"]), line["low"], line["high"]
        english.append(f"{words.en} {line['adds']:+.4f} ({low:+.4f} to {high:+.4f})")
        japanese.append(f"{words.ja} {line['adds']:+.4f}（{low:+.4f}〜{high:+.4f}）")
    return Said(", ".join(english), "、".join(japanese))
