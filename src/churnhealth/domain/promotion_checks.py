"""The checks of the promotion gate: what each found, how grave it is, and what to do about it.

Codes are stable: a code keeps its meaning, and a check that goes is not replaced under its code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from churnhealth.domain.promotion_evidence import (
    Bounded,
    Calibration,
    GateEvidence,
    LossDifference,
    PromotionPolicy,
)

Level = Literal["stop", "warn"]

# With fewer indicators it is natural that one of them tells most.
FEWEST_INDICATORS = 5
NAMED = 5


@dataclass(frozen=True)
class Check:
    """One question to the evidence, and its answer.

    Parameters
    ----------
    code : str
        Stable, such as "CH-G01".
    level : {"stop", "warn"}
        "stop": when it fires, the challenger is not promoted.
    fired : bool
        Was something found?
    found : str
        What was found, in one sentence.
    advice : str
        What to do when it fires.
    """

    code: str
    level: Level
    fired: bool
    found: str
    advice: str

    @property
    def outcome(self) -> str:
        """Return "passed", or the level of a check that fired."""
        return self.level if self.fired else "passed"


def all_checks(evidence: GateEvidence, policy: PromotionPolicy) -> tuple[Check, ...]:
    """Ask every question; those about a champion only where there is one."""
    asked = [
        _measured(evidence),
        _base_rate(evidence, policy),
        _baselines(evidence, policy),
        _champion_judged(evidence),
        _champion(evidence, policy),
        _level(evidence, policy),
        _slope(evidence, policy),
        _calibration_error(evidence),
        _bands(evidence, policy),
        _drivers(evidence),
        _lone_indicator(evidence, policy),
        _proportion(evidence, policy),
        _collapse(evidence, policy),
    ]
    return tuple(one for one in asked if one is not None)


def _measured(evidence: GateEvidence) -> Check:
    finite = math.isfinite(evidence.challenger) and math.isfinite(evidence.base_rate)
    found = (
        f"Log loss on the newest judged rows: challenger {evidence.challenger:.4f}, base rate "
        f"{evidence.base_rate:.4f}."
    )
    advice = "Look for probabilities or labels that are missing; judge more customers."
    return Check("CH-G01", "stop", not finite, found, advice)


def _base_rate(evidence: GateEvidence, policy: PromotionPolicy) -> Check:
    gap, newest = evidence.against_base_rate, evidence.newest_against_base_rate
    worse_now = newest is not None and newest.worse_beyond_noise
    beaten = gap.value + policy.base_rate_errors * gap.standard_error < 0.0 and not worse_now
    over = "the newest rows" if evidence.windows == 1 else f"all {evidence.windows} judged windows"
    told = f"challenger less base rate {gap.value:+.4f}, standard error {gap.standard_error:.4f}"
    if worse_now and newest is not None:
        found = (
            "The challenger is worse than the base rate on the newest window, beyond noise "
            f"({newest.value:+.4f}, interval {newest.low:+.4f} to {newest.high:+.4f})."
        )
    elif beaten:
        found = f"The challenger beats the base rate beyond noise over {over} ({told})."
    else:
        found = (
            f"The challenger is not below the base rate beyond noise over {over} ({told}): from these "
            f"data nothing was learned. {_others(evidence)}"
        ).strip()
    advice = (
        "Bring indicators that tell more, more customers, or a longer horizon; `churnhealth check` says "
        "what the data can support."
    )
    return Check("CH-G02", "stop", not beaten, found, advice)


def _others(evidence: GateEvidence) -> str:
    """Say which simpler models beat the base rate where the challenger does not."""
    able = [
        name for name, one in evidence.baselines_against_base_rate.items() if one.better_beyond_noise
    ]
    if able:
        return f"Simpler models do beat it: {', '.join(able)}."
    return "No model beats the base rate." if evidence.baselines_against_base_rate else ""


def _baselines(evidence: GateEvidence, policy: PromotionPolicy) -> Check:
    better = [
        f"{name} by {one.value:.4f} ({one.low:.4f} to {one.high:.4f})"
        for name, one in evidence.against_baselines.items()
        if _behind(one, evidence, policy)
    ]
    found = (
        f"A simpler model has the lower log loss, beyond noise: {', '.join(better)}."
        if better
        else "No simpler model is better beyond noise."
    )
    advice = "Use the simpler model, or find out what misleads the larger one."
    return Check("CH-G03", "stop", bool(better), found, advice)


def _behind(gap: LossDifference, evidence: GateEvidence, policy: PromotionPolicy) -> bool:
    """Is the challenger worse beyond noise, and by more than nothing?"""
    return gap.worse_beyond_noise and gap.value > policy.least_lead * evidence.base_rate


def _champion_judged(evidence: GateEvidence) -> Check | None:
    if evidence.champion_fault is None:
        return None
    found = f"The champion cannot be judged on these rows, so it is kept: {evidence.champion_fault}"
    advice = "Restore what the champion needs, or promote the new version by hand."
    return Check("CH-G04", "stop", True, found, advice)  # noqa: FBT003


def _champion(evidence: GateEvidence, policy: PromotionPolicy) -> Check | None:
    gap = evidence.against_champion
    if gap is None or evidence.champion_fault is not None:
        return None
    unknown = not math.isfinite(gap.value) or not math.isfinite(gap.low)
    fired = unknown or _behind(gap, evidence, policy)
    told = f"challenger less champion {gap.value:+.4f}, interval {gap.low:+.4f} to {gap.high:+.4f}"
    worse = "worse" if fired else "not worse"
    found = (
        f"The challenger's recipe is {worse} than the champion's beyond noise ({told})."
        if math.isfinite(gap.low)
        else f"The two recipes could not be compared ({told})."
    )
    advice = "Look at what was changed in the recipe: indicators, segments, settings."
    return Check("CH-G05", "stop", fired, found, advice)


def _level(evidence: GateEvidence, policy: PromotionPolicy) -> Check:
    ours = evidence.calibration.in_the_large
    tolerated = (-policy.in_the_large, policy.in_the_large)
    fired = not math.isfinite(ours.value) or _outside(ours, tolerated)
    before = evidence.champion_calibration
    cured = _better_than(ours, before.in_the_large if before else None, 0.0)
    found = f"Level: {_told(ours)} log-odds to add to every prediction, 0 is right."
    return _calibrated("CH-G06", found, fired=fired, would_help=cured)


def _slope(evidence: GateEvidence, policy: PromotionPolicy) -> Check:
    ours = evidence.calibration.slope
    fired = _outside(ours, (policy.slope_low, policy.slope_high))
    before = evidence.champion_calibration
    cured = _better_than(ours, before.slope if before else None, 1.0)
    found = f"Calibration slope: {_told(ours)}, 1 is right, below 1 the probabilities are too extreme."
    if not math.isfinite(ours.value):
        found = "Calibration slope: no finite line fits best, so it is not judged."
    return _calibrated("CH-G07", found, fired=fired, would_help=cured)


def _calibrated(code: str, found: str, *, fired: bool, would_help: bool) -> Check:
    """Stop, unless the champion's recipe is as far off: keeping it would cure nothing."""
    advice = "Look at drift between the cutoffs: prices, plans, how customers are counted, the season."
    if fired and not would_help:
        return Check(code, "warn", fired, f"{found} The champion's recipe is as far off.", advice)
    return Check(code, "stop", fired, found, advice)


def _outside(measured: Bounded, tolerated: tuple[float, float]) -> bool:
    """Does the whole interval lie outside what is tolerated? NaN: no."""
    return measured.high < tolerated[0] or measured.low > tolerated[1]


def _better_than(ours: Bounded, theirs: Bounded | None, right: float) -> bool:
    """Would the champion's recipe be nearer to what is right? Also when it is not known."""
    if theirs is None or not math.isfinite(theirs.value) or not math.isfinite(ours.value):
        return True
    return abs(theirs.value - right) < abs(ours.value - right)


def _calibration_error(evidence: GateEvidence) -> Check:
    ours: Calibration = evidence.calibration
    fired = ours.error > ours.error_floor
    found = (
        f"Calibration error {ours.error:.4f}; 95 % of perfect models stay below {ours.error_floor:.4f}."
    )
    return Check("CH-G08", "warn", fired, found, "Look at the reliability table, bin by bin.")


def _bands(evidence: GateEvidence, policy: PromotionPolicy) -> Check | None:
    if not evidence.customers_compared:
        return None
    share = evidence.band_changes / evidence.customers_compared
    found = (
        f"{evidence.band_changes} of {evidence.customers_compared} customers change their band "
        f"({share:.0%})."
    )
    advice = "Tell the team before the next scores; set the bands under [health] to keep them in place."
    return Check("CH-G09", "warn", share > policy.band_share, found, advice)


def _drivers(evidence: GateEvidence) -> Check | None:
    if not evidence.customers_compared:
        return None
    flipped = evidence.flipped_drivers
    found = (
        f"Drivers that now work the other way: {_listed(flipped)}."
        if flipped
        else "No driver changed its sign."
    )
    advice = "Ask whether the world changed or the data did; `direction` fixes what is known."
    return Check("CH-G10", "warn", bool(flipped), found, advice)


def _lone_indicator(evidence: GateEvidence, policy: PromotionPolicy) -> Check:
    order = sorted(evidence.lone_aucs.items(), key=lambda one: -one[1])
    above = [f"{name!r} (AUC {auc:.3f})" for name, auc in order if auc > policy.lone_auc]
    best = f"; the strongest is {order[0][0]!r} with AUC {order[0][1]:.3f}" if order else ""
    found = (
        f"By itself it tells who churned, as if it knew the answer: {_listed(above)}."
        if above
        else f"No indicator tells by itself who churned{best}."
    )
    advice = (
        "Find out when the column is written: what is filled in after the churn must be left out "
        "(`ignore` under [panel], `exclude` under [catalogue])."
    )
    return Check("CH-G11", "stop", bool(above), found, advice)


def _proportion(evidence: GateEvidence, policy: PromotionPolicy) -> Check | None:
    if len(evidence.importance) < FEWEST_INDICATORS:
        return None
    name, share = max(evidence.importance.items(), key=lambda one: one[1])
    found = f"The strongest of {len(evidence.importance)} indicators, {name!r}, carries {share:.0%}."
    advice = "Make sure that it is known before the cutoff, and that the others are filled."
    return Check("CH-G12", "warn", share > policy.importance_share, found, advice)


def _collapse(evidence: GateEvidence, policy: PromotionPolicy) -> Check:
    judged, trained = evidence.judged_skill, evidence.training_skill
    fired = trained - judged.high > policy.collapse
    found = (
        f"Share of the base rate's log loss that is saved: {trained:.0%} on the training rows (out of "
        f"fold), {judged.value:.0%} on the judged ones ({judged.low:.0%} to {judged.high:.0%})."
        if math.isfinite(trained) and math.isfinite(judged.high)
        else "Skill in training and on the judged rows was not compared."
    )
    advice = "Look for indicators that are known in old data and not at the cutoff, and for drift."
    return Check("CH-G13", "stop", fired, found, advice)


def _told(measured: Bounded) -> str:
    if not math.isfinite(measured.low):
        return f"{measured.value:.3f}"
    return f"{measured.value:.3f} ({measured.low:.3f} to {measured.high:.3f})"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
