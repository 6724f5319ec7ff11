"""[drift] and [monitor] of churnhealth.toml: when to speak up about new data, and about past scores."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from churnhealth.evaluate.drift import DriftPolicy
from churnhealth.jobs.settings_sections import Section

Psi = Annotated[float, Field(gt=0)]


class DriftSettings(Section):
    """[drift]: how far customers may differ from those trained on, and what scoring does about it."""

    warn_psi: Psi = 0.1
    stop_psi: Psi = 0.25
    stop_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    warn_missing: Annotated[float, Field(gt=0, le=1)] = 0.1
    action: Literal["warn", "stop"] = "warn"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.warn_psi >= self.stop_psi:
            raise ValueError(
                f"expected warn_psi below stop_psi, got warn_psi {self.warn_psi} and stop_psi "
                f"{self.stop_psi}"
            )
        return self

    @property
    def policy(self) -> DriftPolicy:
        """The thresholds as the evaluation takes them."""
        return DriftPolicy(self.warn_psi, self.stop_psi, self.stop_share, self.warn_missing)


class MonitorSettings(Section):
    """[monitor]: how far back scores are judged, how old a model may be, the least churners."""

    lookback_days: Annotated[int, Field(ge=1)] = 365
    max_age_days: Annotated[int, Field(ge=1)] = 92
    minimum_churners: Annotated[int, Field(ge=1)] = 10
