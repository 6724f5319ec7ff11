"""Who scores next quarter, champion or challenger? A decision with its reasons, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from churnhealth.domain.promotion_checks import Check, all_checks
from churnhealth.domain.promotion_evidence import GateEvidence, LossDifference, PromotionPolicy

Decision = Literal["promoted", "kept"]


@dataclass(frozen=True)
class Verdict:
    """The decision and why.

    Parameters
    ----------
    decision : {"promoted", "kept"}
        "promoted": the challenger becomes champion. "kept": it does not.
    reasons : tuple of str
        Whole sentences, for the log, the model card and the command line.
    checks : tuple of Check
        Everything that was asked, also what was passed.
    """

    decision: Decision
    reasons: tuple[str, ...]
    checks: tuple[Check, ...] = ()

    @property
    def fired(self) -> tuple[Check, ...]:
        """The checks that found something, those that stop first."""
        found = [one for one in self.checks if one.fired]
        return tuple(sorted(found, key=lambda one: one.level != "stop"))


def decide_promotion(evidence: GateEvidence, policy: PromotionPolicy | None = None) -> Verdict:
    """Decide whether a challenger becomes champion.

    It does when no check of the level "stop" fires: it beats the base rate beyond noise, it is not
    worse than the champion's recipe beyond noise (newer data count, so it need not be better), its
    probabilities can be taken at their word, and nothing looks like a leak. What could not be measured
    is never promoted. Warnings are told and change nothing.

    Parameters
    ----------
    evidence : GateEvidence
    policy : PromotionPolicy, optional
        None: the default thresholds.

    Examples
    --------
    >>> from churnhealth.domain.promotion_evidence import Bounded, Calibration
    >>> right = Calibration(Bounded(0.0, -0.1, 0.1), Bounded(1.0, 0.9, 1.1))
    >>> gain = LossDifference(-0.05, -0.08, -0.02, 0.02)
    >>> evidence = GateEvidence(0.40, 0.45, 4, gain, right)
    >>> decide_promotion(evidence).decision
    'promoted'
    """
    checks = all_checks(evidence, policy or PromotionPolicy())
    stops = [one for one in checks if one.fired and one.level == "stop"]
    warnings = [one for one in checks if one.fired and one.level == "warn"]
    told = [
        *_compared(evidence),
        *(f"{one.code}: {one.found}" for one in warnings),
    ]
    if stops:
        reasons = (*told, *(f"{one.code}: {one.found}" for one in stops))
        return Verdict("kept", reasons, checks)
    return Verdict("promoted", (*told, _why_promoted(evidence.against_champion)), checks)


def _compared(evidence: GateEvidence) -> list[str]:
    losses = f"challenger {evidence.challenger:.4f}, base rate {evidence.base_rate:.4f}"
    learned = [f"Log loss on held-out customers: {losses}."]
    if evidence.champion is None:
        return learned
    return [*learned, f"The champion's recipe, trained on the same rows, has {evidence.champion:.4f}."]


def _why_promoted(gap: LossDifference | None) -> str:
    if gap is None:
        return "There was no champion, and the challenger passes every check: it is promoted."
    if gap.better_beyond_noise:
        how = "better beyond noise"
    elif gap.value < 0:
        how = "better, though within noise"
    elif gap.value == 0:
        how = "equal, and learned from newer data"
    else:
        how = "not worse beyond noise, and learned from newer data"
    return f"The challenger is {how}, so it is promoted."
