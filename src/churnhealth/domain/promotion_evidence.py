"""What the promotion gate looks at, and where its thresholds lie; plain values, nothing computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from churnhealth.errors import ConfigError

NAN = float("nan")


class Bounded(NamedTuple):
    """A measure with its interval; NaN = not measured."""

    value: float
    low: float
    high: float


class LossDifference(NamedTuple):
    """Mean log loss (nats) of one model less that of another on the same rows; below 0 = better.

    `low` and `high` bound it (bootstrap by customer), `standard_error` is clustered by customer; NaN =
    not measured.
    """

    value: float
    low: float
    high: float
    standard_error: float

    @property
    def worse_beyond_noise(self) -> bool:
        """Does the whole interval lie above 0?"""
        return self.low > 0.0

    @property
    def better_beyond_noise(self) -> bool:
        """Does the whole interval lie below 0?"""
        return self.high < 0.0


NOT_MEASURED = Bounded(NAN, NAN, NAN)


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are off on rows that did not train.

    Parameters
    ----------
    in_the_large : Bounded
        Log-odds to add to every prediction; 0 = the level is right.
    slope : Bounded
        1 = right, below 1 = too extreme; NaN where no finite line fits best.
    error, error_floor : float
        Integrated calibration index (0-1), and what 95 % of perfect models stay below.
    """

    in_the_large: Bounded
    slope: Bounded
    error: float = NAN
    error_floor: float = NAN


@dataclass(frozen=True)
class GateEvidence:
    """All that is known about a challenger when it is decided whether it replaces the champion.

    Parameters
    ----------
    challenger, base_rate : float
        Log loss (nats) on the newest closed window: of the challenger's recipe, and of giving every
        row the window's own base rate (which no model can know beforehand).
    windows : int
        How many windows were judged, the newest included.
    against_base_rate : LossDifference
        Challenger's recipe less the base rate of each window, over all windows judged.
    calibration : Calibration
        Of the challenger's recipe on the newest closed window.
    newest_against_base_rate : LossDifference, optional
        The same on the newest window alone.
    champion : float, optional
        Log loss of the champion's recipe on the newest window; None: no champion, or a fault.
    against_champion : LossDifference, optional
        Challenger's recipe less the champion's, on the newest window.
    champion_calibration : Calibration, optional
        Of the champion's recipe on the same rows.
    champion_fault : str, optional
        Why the champion's recipe could not be judged.
    against_baselines : mapping of str to LossDifference
        Challenger's recipe less each simpler model, over all windows judged.
    baselines_against_base_rate : mapping of str to LossDifference
        Each simpler model less the base rate of each window, over all windows judged.
    customers_compared, band_changes : int
        Customers scored by the champion's artifact and by the new one, and how many of them change
        their health band.
    flipped_drivers : tuple of str
        Indicators whose effect has the opposite sign in the new artifact.
    lone_aucs : mapping of str to float
        AUC (0.5-1) of each indicator by itself, whatever its direction.
    importance : mapping of str to float
        Share (0-1) of each indicator in the mean absolute contributions of the new artifact.
    training_skill : float
        Share of the base rate's log loss that the judged fit saved on its own training rows, out of
        fold.
    judged_skill : Bounded
        The same share on the newest window.
    """

    challenger: float
    base_rate: float
    windows: int
    against_base_rate: LossDifference
    calibration: Calibration
    newest_against_base_rate: LossDifference | None = None
    champion: float | None = None
    against_champion: LossDifference | None = None
    champion_calibration: Calibration | None = None
    champion_fault: str | None = None
    against_baselines: Mapping[str, LossDifference] = field(default_factory=dict)
    baselines_against_base_rate: Mapping[str, LossDifference] = field(default_factory=dict)
    customers_compared: int = 0
    band_changes: int = 0
    flipped_drivers: tuple[str, ...] = ()
    lone_aucs: Mapping[str, float] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    training_skill: float = NAN
    judged_skill: Bounded = NOT_MEASURED


@dataclass(frozen=True)
class PromotionPolicy:
    """Where the gate draws its lines.

    Parameters
    ----------
    level : float
        Coverage (0-1) of the intervals of differences.
    base_rate_errors : float
        By how many standard errors the challenger must beat the base rate, 0 or more.
    least_lead : float
        Share (0-1) of the base rate's log loss; a simpler model or a champion that is ahead by less is
        as good, however sure the lead is: of two almost equal models the noise is almost nothing, too.
    in_the_large : float
        The level is off when its interval lies wholly further than this (log-odds) from 0.
    slope_low, slope_high : float
        The slope is off when its interval lies wholly outside; slope_low <= 1 <= slope_high.
    band_share : float
        Share (0-1) of customers that may change their band without a warning.
    lone_auc : float
        AUC (0.5-1) of one indicator by itself that no honest indicator reaches.
    importance_share : float
        Share (0-1) of all contributions above which one indicator is out of proportion.
    collapse : float
        How much of the skill (0-1) may be lost from training to the judged rows, beyond the interval.

    Raises
    ------
    ConfigError
        Naming every threshold that is out of range.
    """

    level: float = 0.9
    base_rate_errors: float = 1.0
    least_lead: float = 0.002
    in_the_large: float = 0.2
    slope_low: float = 0.8
    slope_high: float = 1.25
    band_share: float = 0.2
    lone_auc: float = 0.95
    importance_share: float = 0.8
    collapse: float = 0.2

    def __post_init__(self) -> None:
        ranges = {
            "level": (0.5, 0.999),
            "base_rate_errors": (0.0, math.inf),
            "least_lead": (0.0, 1.0),
            "in_the_large": (0.0, math.inf),
            "slope_low": (0.0, 1.0),
            "slope_high": (1.0, math.inf),
            "band_share": (0.0, 1.0),
            "lone_auc": (0.5, 1.0),
            "importance_share": (0.0, 1.0),
            "collapse": (0.0, math.inf),
        }
        faults = [
            f"promotion.{name}: expected between {low:g} and {high:g}, got {getattr(self, name)!r}"
            for name, (low, high) in ranges.items()
            if not low <= getattr(self, name) <= high
        ]
        if faults:
            raise ConfigError("\n".join(faults))
