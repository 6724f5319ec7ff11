"""Segments worked out from what is known of a customer: touch model, lifecycle stage, tenure band."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from churnhealth.errors import ConfigError, listed

TOUCHES = ("high_touch", "low_touch", "tech_touch")
STAGES = ("onboarding", "adoption", "established", "renewal")


@dataclass(frozen=True)
class TouchModel:
    """How a customer is looked after: one to one, one to many, or by the product and mail alone.

    Parameters
    ----------
    high_from, low_from : float, optional
        MRR (currency per month) from which a customer is high touch, and low touch; below: tech touch.
    plans : mapping of str to str
        Plan to touch; it goes before the MRR.

    Examples
    --------
    >>> model = TouchModel(high_from=5000, low_from=500)
    >>> model.of(pd.Series([5000.0, 499.0, None])).tolist()
    ['high_touch', 'tech_touch', None]
    """

    high_from: float | None = None
    low_from: float | None = None
    plans: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.high_from is None) != (self.low_from is None):
            raise ConfigError("segments.touch: expected high_from and low_from together, got one")
        if self.high_from is None and not self.plans:
            raise ConfigError("segments.touch: expected high_from and low_from (MRR), or plans")
        if self.high_from is not None and not 0 <= (self.low_from or 0) < self.high_from:
            raise ConfigError(
                f"segments.touch: expected 0 <= low_from < high_from, got low_from={self.low_from!r}, "
                f"high_from={self.high_from!r}"
            )
        for plan, touch in self.plans.items():
            if touch not in TOUCHES:
                raise ConfigError(
                    f"segments.touch, plan {plan!r}: expected one of {listed(TOUCHES)}, got {touch!r}"
                )

    def of(self, mrr: pd.Series | None = None, plan: pd.Series | None = None) -> pd.Series:
        """Return the touch of each customer; missing where neither plan nor MRR tells.

        Parameters
        ----------
        mrr : Series of float, shape (n,), optional
            Currency per month.
        plan : Series of str, shape (n,), optional
        """
        given = next((one for one in (mrr, plan) if one is not None), None)
        if given is None:
            raise ConfigError("segments.touch: expected mrr or plan, got neither")
        touch = pd.Series([None] * len(given), index=given.index, dtype="object")
        if mrr is not None and self.high_from is not None:
            touch[mrr >= 0] = "tech_touch"
            touch[mrr >= self.low_from] = "low_touch"
            touch[mrr >= self.high_from] = "high_touch"
        if plan is not None and self.plans:
            named = plan.map(dict(self.plans))
            touch[named.notna()] = named[named.notna()]
        return touch


@dataclass(frozen=True)
class LifecycleStages:
    """Where a customer stands in its life, by days of tenure and days to the renewal.

    Parameters
    ----------
    onboarding_days : int
        Tenure below which a customer is in onboarding.
    adoption_days : int
        Tenure below which it is in adoption; from then on it is established.
    renewal_days : int
        A renewal at most so many days ahead goes before all but onboarding; 0: no such stage.

    Examples
    --------
    >>> LifecycleStages().of(pd.Series([10, 100, 400, 400]), pd.Series([5, 200, None, 30])).tolist()
    ['onboarding', 'adoption', 'established', 'renewal']
    """

    onboarding_days: int = 90
    adoption_days: int = 365
    renewal_days: int = 90

    def __post_init__(self) -> None:
        if not 0 < self.onboarding_days < self.adoption_days or self.renewal_days < 0:
            raise ConfigError(
                "segments.lifecycle: expected 0 < onboarding_days < adoption_days and renewal_days of 0 "
                f"or more, got {self.onboarding_days!r}, {self.adoption_days!r}, {self.renewal_days!r}"
            )

    def of(self, tenure_days: pd.Series, days_to_renewal: pd.Series | None = None) -> pd.Series:
        """Return the stage of each customer; missing where the tenure is.

        Parameters
        ----------
        tenure_days, days_to_renewal : Series of number, shape (n,)
            Days since the first contract began, and until the next renewal (missing: none).
        """
        stage = pd.Series([None] * len(tenure_days), index=tenure_days.index, dtype="object")
        stage[tenure_days >= 0] = "adoption"
        stage[tenure_days >= self.adoption_days] = "established"
        if days_to_renewal is not None and self.renewal_days:
            soon = (days_to_renewal >= 0) & (days_to_renewal <= self.renewal_days)
            stage[soon & (tenure_days >= 0)] = "renewal"
        stage[(tenure_days >= 0) & (tenure_days < self.onboarding_days)] = "onboarding"
        return stage


def tenure_band(tenure_days: pd.Series, edges: tuple[int, ...] = (90, 365, 730)) -> pd.Series:
    """Return the band of each customer's tenure, such as "90-364 days"; missing where the tenure is.

    Parameters
    ----------
    tenure_days : Series of number, shape (n,)
        0 or more; below is missing.
    edges : tuple of int
        First days of the second and later bands, rising.

    Examples
    --------
    >>> tenure_band(pd.Series([0, 90, 1000])).tolist()
    ['0-89 days', '90-364 days', '730+ days']
    """
    names = band_names(edges)
    place = np.searchsorted(np.asarray(edges), tenure_days.to_numpy(dtype=np.float64), side="right")
    band = pd.Series([names[one] for one in place], index=tenure_days.index, dtype="object")
    return band.where((tenure_days >= 0).fillna(value=False).astype(bool), None)


def band_names(edges: tuple[int, ...]) -> list[str]:
    """Return the names of all tenure bands in order.

    Examples
    --------
    >>> band_names((30,))
    ['0-29 days', '30+ days']
    """
    if not edges or edges[0] <= 0 or any(a >= b for a, b in itertools.pairwise(edges)):
        raise ConfigError(f"segments.tenure: expected rising days above 0, got {edges!r}")
    inner = [f"{low}-{high - 1} days" for low, high in itertools.pairwise((0, *edges))]
    return [*inner, f"{edges[-1]}+ days"]
