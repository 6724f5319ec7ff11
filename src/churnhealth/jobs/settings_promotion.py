"""The [promotion] section of churnhealth.toml: where the promotion gate draws its lines."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from churnhealth.domain.promotion_evidence import PromotionPolicy
from churnhealth.jobs.settings_sections import Section

_USUAL = PromotionPolicy()


class PromotionSettings(Section):
    """[promotion]: the thresholds of the gate; see `PromotionPolicy`."""

    level: Annotated[float, Field(ge=0.5, le=0.999)] = _USUAL.level
    base_rate_errors: Annotated[float, Field(ge=0)] = _USUAL.base_rate_errors
    least_lead: Annotated[float, Field(ge=0, le=1)] = _USUAL.least_lead
    in_the_large: Annotated[float, Field(ge=0)] = _USUAL.in_the_large
    slope_low: Annotated[float, Field(ge=0, le=1)] = _USUAL.slope_low
    slope_high: Annotated[float, Field(ge=1)] = _USUAL.slope_high
    band_share: Annotated[float, Field(ge=0, le=1)] = _USUAL.band_share
    lone_auc: Annotated[float, Field(ge=0.5, le=1)] = _USUAL.lone_auc
    importance_share: Annotated[float, Field(ge=0, le=1)] = _USUAL.importance_share
    collapse: Annotated[float, Field(ge=0)] = _USUAL.collapse

    @property
    def policy(self) -> PromotionPolicy:
        """The thresholds as the gate takes them."""
        return PromotionPolicy(**self.model_dump())
