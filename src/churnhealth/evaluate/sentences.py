"""What the data can and cannot support, in sentences, in English and Japanese."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from churnhealth.evaluate.intervals import FEW
from churnhealth.evaluate.said import Bounded, Said, in_language, many, with_interval
from churnhealth.evaluate.table_sentences import group_sentences, lift_sentences, segment_sentences

# Below it, rows of a customer are as good as independent.
WORTH_SAYING = 0.05


class _Metrics:
    """Looks up value and bounds of a metric."""

    def __init__(self, metrics: pd.DataFrame) -> None:
        self._by_name = metrics.set_index("metric")[["value", "low", "high"]].to_dict("index")

    def __getitem__(self, name: str) -> Bounded:
        line = self._by_name[name]
        return line["value"], line["low"], line["high"]

    def value(self, name: str) -> float:
        return self[name][0]


def sentences_of(
    metrics: pd.DataFrame,
    lift: pd.DataFrame,
    by_segment: pd.DataFrame,
    groups: pd.DataFrame,
    language: str = "en",
) -> list[str]:
    """Say what a report's tables mean, the most important first.

    Parameters
    ----------
    metrics : pandas.DataFrame
        As made by `metric_table`.
    lift : pandas.DataFrame
        As made by `lift_table`.
    by_segment : pandas.DataFrame
        As made by `calibration_by_segment`; may be empty.
    groups : pandas.DataFrame
        As made by `what_groups_add`; may be empty.
    language : {"en", "ja"}

    Returns
    -------
    list of str
        Whole sentences; figures are shares (0-1) with 90 % intervals.

    Raises
    ------
    SchemaError
        Another language.
    """
    look = _Metrics(metrics)
    parts: list[Callable[[_Metrics], list[Said]]] = [_size, _ranking, _skill, _level, _spread, _shape]
    said = [sentence for part in parts for sentence in part(look)]
    said += lift_sentences(lift) + segment_sentences(by_segment) + group_sentences(groups)
    return in_language(said, language)


def _size(look: _Metrics) -> list[Said]:
    rows, customers, churners = (int(look.value(name)) for name in ("rows", "customers", "churners"))
    in_rows = Said(f" in {rows:,} rows", f"（{rows:,}行）") if rows != customers else Said("", "")
    base = with_interval(look["base_rate"])
    found = [
        Said(
            f"{many(customers, 'customer')}{in_rows.en}, {many(churners, 'churner')}: "
            f"base rate {base.en}.",
            f"顧客{customers:,}件{in_rows.ja}、うち解約{churners:,}件：全体の解約割合 {base.ja}。",
        )
    ]
    together = look.value("row_dependence")
    if together > WORTH_SAYING:
        found.append(
            Said(
                f"Rows of a customer churn together (dependence {together:.2f} of 1); floors and bands "
                "are widened for it.",
                f"同じ顧客の行はまとまって解約します（依存度 {together:.2f}、最大1）。"
                "偶然の幅はその分広げてあります。",
            )
        )
    return found + _few(churners, customers - churners, look.value("base_rate"))


def _few(churners: int, stayers: int, base_rate: float) -> list[Said]:
    if base_rate in (0.0, 1.0):
        english, japanese = ("churned", "全員が解約") if churners else ("stayed", "解約が0件")
        return [
            Said(
                f"Everybody {english}: how well churners are told from stayers cannot be judged.",
                f"{japanese}のため、解約顧客を見分ける力は判断できません。",
            )
        ]
    if min(churners, stayers) >= FEW:
        return []
    return [
        Said(
            "Too few churners or stayers for resampling: losses, average precision and captured MRR are "
            "less certain than their intervals say.",
            "解約または継続の顧客が少なすぎるため、損失・平均適合率・捕捉MRRの不確かさは"
            "区間が示すより大きいとお考えください。",
        )
    ]


def _ranking(look: _Metrics) -> list[Said]:
    value, low, high = look["roc_auc"]
    if not np.isfinite([value, low, high]).all():
        return []
    count, digits = int(look.value("churners")), 2 if high - low > 0.02 else 3
    by_chance = low <= 0.5 <= high
    english = " A ranking by chance cannot be ruled out." if by_chance else ""
    japanese = "偶然の順位付けである可能性を否定できません。" if by_chance else ""
    return [
        Said(
            f"{many(count, 'churner')}: AUC between {low:.{digits}f} and {high:.{digits}f}.{english}",
            f"解約{count:,}件から言えること：AUCは{low:.{digits}f}から{high:.{digits}f}の間です。{japanese}",
        )
    ]


def _skill(look: _Metrics) -> list[Said]:
    value, low, high = look["log_loss_skill"]
    if not np.isfinite([value, low, high]).all():
        return []
    loss, base = look.value("log_loss"), look.value("log_loss_base_rate")
    # The base rate was taken from the same rows: that alone is worth so much to it (chi-squared, 90 %).
    head_start = 2.706 / (2.0 * look.value("customers")) / base
    if -head_start <= high and low <= 0.0:
        verdict = Said(
            "not told apart from the base rate by these data",
            "このデータでは全体の解約割合だけの予測と区別できません",
        )
    elif low > 0.0:
        verdict = Said("better than the base rate", "全体の解約割合だけの予測より優れています")
    else:
        verdict = Said("worse than the base rate", "全体の解約割合だけの予測より劣ります")
    shares = with_interval((value, low, high))
    return [
        Said(
            f"Log loss {loss:.4f} against {base:.4f}: {verdict.en} (skill {shares.en}).",
            f"対数損失 {loss:.4f}（基準 {base:.4f}）：{verdict.ja}。改善率 {shares.ja}。",
        )
    ]


def _level(look: _Metrics) -> list[Said]:
    gap, low, high = look["observed_minus_expected"]
    if not _excludes(low, high, 0.0):
        return []
    observed = look.value("base_rate")
    english, japanese = ("More", "多く") if gap > 0 else ("Fewer", "少なく")
    return [
        Said(
            f"{english} customers churned than predicted: {observed:.3f} observed, "
            f"{observed - gap:.3f} predicted.",
            f"解約は予測より{japanese}なりました：実績 {observed:.3f}、予測 {observed - gap:.3f}。",
        )
    ]


def _spread(look: _Metrics) -> list[Said]:
    value, low, high = look["calibration_slope"]
    if not _excludes(low, high, 1.0):
        return []
    english, japanese = (
        ("too extreme", "極端すぎます") if value < 1.0 else ("too timid", "控えめすぎます")
    )
    shares = with_interval((value, low, high))
    return [
        Said(
            f"The probabilities are {english}: calibration slope {shares.en}.",
            f"確率が{japanese}：較正の傾き {shares.ja}。",
        )
    ]


def _shape(look: _Metrics) -> list[Said]:
    value, floor = look.value("ici"), look.value("ici_floor_95")
    if not np.isfinite([value, floor]).all():
        return []
    if value <= floor:
        verdict = Said(
            "no miscalibration that these data could show", "このデータで分かるずれはありません"
        )
    else:
        verdict = Said("miscalibrated beyond chance", "偶然の幅を超えてずれています")
    return [
        Said(
            f"Mean calibration error (ICI) {value:.4f}, by chance up to {floor:.4f}: {verdict.en}.",
            f"平均較正誤差（ICI）{value:.4f}、偶然だけで{floor:.4f}まで：{verdict.ja}。",
        )
    ]


def _excludes(low: float, high: float, right: float) -> bool:
    return low > right + 1e-9 or high < right - 1e-9
