"""Segments worked out from what is known of a customer: touch model, lifecycle stage, tenure band."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from churnhealth.domain.indicators import Indicator
from churnhealth.domain.units import SEGMENT
from churnhealth.errors import ConfigError, listed

TOUCHES = ("high_touch", "low_touch", "tech_touch")
STAGES = ("onboarding", "adoption", "established", "renewal")
TOUCH, STAGE, BAND = "touch_model", "lifecycle_stage", "tenure_band"
_LISTS = ("high_touch_plans", "low_touch_plans", "tenure_days")


@dataclass(frozen=True)
class Segment:
    """One segment: a category worked out from other indicators, and itself an indicator.

    Parameters
    ----------
    indicator : Indicator
        Name, group and labels.
    needs : tuple of str
        Built-in indicators without which it cannot be worked out.
    uses : tuple of str
        Built-in indicators that make it finer where they are there.
    """

    indicator: Indicator
    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the indicator's name."""
        return self.indicator.name


@dataclass(frozen=True)
class Segments:
    """Where each segment begins.

    The touch model says how a customer is looked after: one to one (high), one to many (low), or by
    the product and mail alone (tech). A plan that is named goes before the MRR. Without thresholds of
    MRR every plan that is not named is tech touch. Nobody has a touch model unless something is given.

    Parameters
    ----------
    high_touch_mrr, low_touch_mrr : float, optional
        MRR (currency per month) from which a customer is high touch, and low touch; below: tech touch.
    high_touch_plans, low_touch_plans : tuple of str
        Plans that are high touch, and low touch, whatever the MRR.
    onboarding_days, adoption_days : int
        First day of tenure of the stages adoption, and established.
    renewal_days : int
        Days before a renewal in which the stage is renewal, once onboarding is over; 0: never.
    tenure_days : tuple of int
        First days of the second and later tenure bands, rising.

    Raises
    ------
    ConfigError
        Thresholds that contradict each other.

    Examples
    --------
    >>> [one.name for one in Segments(high_touch_mrr=5000, low_touch_mrr=500).declared]
    ['touch_model', 'lifecycle_stage', 'tenure_band']
    >>> Segments(tenure_days=(30,)).bands
    ('0-29 days', '30+ days')
    """

    high_touch_mrr: float | None = None
    low_touch_mrr: float | None = None
    high_touch_plans: tuple[str, ...] = ()
    low_touch_plans: tuple[str, ...] = ()
    onboarding_days: int = 90
    adoption_days: int = 365
    renewal_days: int = 90
    tenure_days: tuple[int, ...] = (90, 365, 730)

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise ConfigError("\n".join(f"segments: {fault}" for fault in faults))

    @property
    def plans(self) -> dict[str, str]:
        """Return the touch of the plans that are named."""
        high, low = (dict.fromkeys(names, touch) for names, touch in self._named)
        return {**high, **low}

    @property
    def bands(self) -> tuple[str, ...]:
        """Return the names of all tenure bands, in order."""
        edges = (0, *self.tenure_days)
        inner = [f"{low}-{high - 1} days" for low, high in itertools.pairwise(edges)]
        return (*inner, f"{edges[-1]}+ days")

    @property
    def declared(self) -> tuple[Segment, ...]:
        """Return the segments that this definition gives."""
        touch = (*(("plan",) if self.plans else ()), *(("mrr",) if self.high_touch_mrr else ()))
        stage = _segment(STAGE, "lifecycle stage", "ライフサイクル段階", "tenure_days")
        band = _segment(BAND, "band of days since first contract", "契約期間の区分", "tenure_days")
        renewal = ("days_to_renewal",) if self.renewal_days else ()
        own = (_segment(TOUCH, "touch model", "タッチモデル", *touch),) if touch else ()
        return (*own, Segment(stage.indicator, stage.needs, renewal), band)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: list(value) if name in _LISTS else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Segments:
        """Rebuild segments from `to_dict`."""
        built: dict[str, Any] = {
            name: tuple(one) if name in _LISTS else one for name, one in values.items()
        }
        return cls(**built)

    @property
    def _named(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        return (self.high_touch_plans, TOUCHES[0]), (self.low_touch_plans, TOUCHES[1])

    def _faults(self) -> Iterator[str]:
        low, high = self.low_touch_mrr, self.high_touch_mrr
        if (low is None) != (high is None):
            yield "expected high_touch_mrr and low_touch_mrr together, got one"
        elif low is not None and high is not None and not 0 <= low < high:
            yield f"expected 0 <= low_touch_mrr < high_touch_mrr, got {low:g} and {high:g}"
        both = sorted(set(self.high_touch_plans) & set(self.low_touch_plans))
        if both:
            yield f"expected every plan under one touch model, got {listed(both)} under two"
        if not 0 < self.onboarding_days < self.adoption_days:
            yield (
                "expected 0 < onboarding_days < adoption_days, got "
                f"{self.onboarding_days} and {self.adoption_days}"
            )
        if self.renewal_days < 0:
            yield f"expected renewal_days of 0 or more, got {self.renewal_days}"
        edges = self.tenure_days
        if not edges or edges[0] <= 0 or any(a >= b for a, b in itertools.pairwise(edges)):
            yield f"expected tenure_days above 0 that rise, got {list(edges)}"


def _segment(name: str, label_en: str, label_ja: str, *needs: str) -> Segment:
    indicator = Indicator(name, "contract", SEGMENT, label_en=label_en, label_ja=label_ja)
    return Segment(indicator, needs)
