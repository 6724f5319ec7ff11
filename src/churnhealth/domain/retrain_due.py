"""Is a retrain due? A decision with reasons, from what became of the champion's scores."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Literal

Status = Literal["due", "ok", "unknown"]


@dataclass(frozen=True)
class ScoreEvidence:
    """What became of the champion's scores whose labels are known.

    Parameters
    ----------
    customers, churners : int
        Scores, and those after which the customer churned.
    predicted, low, high : float
        Churners predicted, and the range that chance allows at `level`.
    ici, ici_floor : float
        Mean distance from a smooth calibration curve, and what a perfect model seldom exceeds (0-1).
    log_loss, log_loss_base_rate : float
        Nats.
    level : float
        Of range and floor, 0-1.
    """

    customers: int
    churners: int
    predicted: float
    low: float
    high: float
    ici: float
    ici_floor: float
    log_loss: float
    log_loss_base_rate: float
    level: float


@dataclass(frozen=True)
class DueCheck:
    """One reason for a retrain, or against it.

    Parameters
    ----------
    name : str
        calibration_level, calibration_shape, log_loss, drift or age; stable.
    status : {"due", "ok", "unknown"}
    reason_en, reason_ja : str
        Why, in words.
    """

    name: str
    status: Status
    reason_en: str
    reason_ja: str

    def reason(self, language: str = "en") -> str:
        """Return why, in English or Japanese ("ja")."""
        return self.reason_ja if language == "ja" else self.reason_en


def decide_retrain(
    scores: ScoreEvidence | None,
    drift: str,
    drifted: tuple[str, ...],
    age_days: float | None,
    *,
    drifted_ja: tuple[str, ...] = (),
    max_age_days: int = 92,
    minimum_churners: int = 10,
) -> tuple[DueCheck, ...]:
    """Say whether a retrain is due, check by check; it is when any of them is.

    Parameters
    ----------
    scores : ScoreEvidence, optional
        None when no window of the champion's scores is closed.
    drift : {"ok", "warn", "stop", "unknown"}
        Of the newest scored cutoff against the champion's reference.
    drifted, drifted_ja : tuple of str
        What drifted, in words, English and Japanese.
    age_days : float, optional
        Days since all labels that the champion learned from were known; None when not kept.
    max_age_days : int
        More than so many are too old: a quarter.
    minimum_churners : int
        Churners observed or predicted, whichever are more, below which past scores tell nothing.

    Examples
    --------
    >>> [check.name for check in decide_retrain(None, "stop", (), 100.0) if check.status == "due"]
    ['drift', 'age']
    """
    return (
        *_score_checks(scores, minimum_churners),
        _drift_check(drift, drifted, drifted_ja),
        _age_check(age_days, max_age_days),
    )


def is_due(checks: tuple[DueCheck, ...]) -> bool:
    """Return whether any check calls for a retrain."""
    return any(check.status == "due" for check in checks)


def _score_checks(scores: ScoreEvidence | None, minimum: int) -> tuple[DueCheck, ...]:
    names = ("calibration_level", "calibration_shape", "log_loss")
    if scores is None:
        why = "No window of the champion's scores is closed yet."
        why_ja = "現行モデルのスコアで、結果が確定した期間がまだありません。"
        return tuple(DueCheck(name, "unknown", why, why_ja) for name in names)
    if max(scores.churners, scores.predicted) < minimum:
        why = (
            f"Too few to tell: {scores.churners} churners, {scores.predicted:.1f} predicted, at least "
            f"{minimum} are needed."
        )
        why_ja = (
            f"件数が少なく判定できません：解約{scores.churners}件、予測{scores.predicted:.1f}件"
            f"（{minimum}件以上必要）。"
        )
        return tuple(DueCheck(name, "unknown", why, why_ja) for name in names)
    return _level_check(scores), _shape_check(scores), _loss_check(scores)


def _level_check(scores: ScoreEvidence) -> DueCheck:
    inside = scores.low <= scores.churners <= scores.high
    return DueCheck(
        "calibration_level",
        "ok" if inside else "due",
        f"{scores.churners} of {scores.customers} scores were followed by churn, {scores.predicted:.1f} "
        f"were predicted: {'within' if inside else 'outside'} what chance allows, {scores.low:.0f} to "
        f"{scores.high:.0f} ({scores.level:.0%}).",
        f"スコア{scores.customers}件のうち解約{scores.churners}件、予測{scores.predicted:.1f}件："
        f"偶然の範囲（{scores.low:.0f}〜{scores.high:.0f}件、{scores.level:.0%}）の"
        f"{'内' if inside else '外'}です。",
    )


def _shape_check(scores: ScoreEvidence) -> DueCheck:
    if isnan(scores.ici_floor):
        why, why_ja = "No calibration curve could be drawn.", "較正曲線を描けませんでした。"
        return DueCheck("calibration_shape", "unknown", why, why_ja)
    beyond = scores.ici > scores.ici_floor
    return DueCheck(
        "calibration_shape",
        "due" if beyond else "ok",
        f"Probabilities lie {scores.ici:.4f} from the observed rates on average; a perfect model shows "
        f"{'less than' if beyond else 'up to'} {scores.ici_floor:.4f} by chance ({scores.level:.0%}).",
        f"解約確率と実際の解約率のずれは平均{scores.ici:.4f}です。完全なモデルでも偶然に"
        f"{scores.ici_floor:.4f}{'未満' if beyond else 'まで'}はずれます（{scores.level:.0%}）。",
    )


def _loss_check(scores: ScoreEvidence) -> DueCheck:
    better = scores.log_loss < scores.log_loss_base_rate
    return DueCheck(
        "log_loss",
        "ok" if better else "due",
        f"Log loss {scores.log_loss:.4f}, {'below' if better else 'not below'} that of the churn rate "
        f"for everybody, {scores.log_loss_base_rate:.4f}.",
        f"対数損失は{scores.log_loss:.4f}で、全員に平均解約率を当てた場合の"
        f"{scores.log_loss_base_rate:.4f}を{'下回ります' if better else '下回りません'}。",
    )


def _drift_check(verdict: str, drifted: tuple[str, ...], drifted_ja: tuple[str, ...]) -> DueCheck:
    told, told_ja = "; ".join(drifted), "；".join(drifted_ja or drifted)
    if verdict == "stop":
        why, why_ja = f"The newest customers differ: {told}.", f"最新の顧客は異なります：{told_ja}。"
        return DueCheck("drift", "due", why, why_ja)
    if verdict == "unknown":
        return DueCheck("drift", "unknown", f"{told}.", f"{told_ja}。")
    if verdict == "warn":
        return DueCheck("drift", "ok", f"Some drift: {told}.", f"一部に変化があります：{told_ja}。")
    why, why_ja = "No drift beyond the thresholds.", "しきい値を超える変化はありません。"
    return DueCheck("drift", "ok", why, why_ja)


def _age_check(age_days: float | None, most: int) -> DueCheck:
    if age_days is None:
        why = "The model does not keep when its labels were known."
        return DueCheck("age", "unknown", why, "学習に使った結果の確定日がモデルに記録されていません。")
    old = age_days > most
    return DueCheck(
        "age",
        "due" if old else "ok",
        f"The champion's labels were known {age_days:.0f} days ago, {'more than' if old else 'at most'} "
        f"{most}.",
        f"現行モデルの学習結果が確定したのは{age_days:.0f}日前で、上限の{most}日"
        f"{'を超えています' if old else '以内です'}。",
    )
