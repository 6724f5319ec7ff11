"""From churn probability to health score and band, and back.

The health score is not a formula of points: it is `100 * (1 - churn_probability)`, so that it can
be checked. Of the customers scored 80, one in five leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnhealth.errors import ConfigError

FloatArray = npt.NDArray[np.float64]

BANDS = ("green", "yellow", "red")
BAND_LABELS = {
    "en": {"green": "green", "yellow": "yellow", "red": "red"},
    "ja": {"green": "健全", "yellow": "注意", "red": "危険"},
}


def health_from_probability(churn_probability: npt.ArrayLike) -> FloatArray:
    """Turn churn probabilities (0-1) into health scores (0-100, high is well).

    Examples
    --------
    >>> health_from_probability([0.0, 0.2, 1.0])
    array([100.,  80.,   0.])
    """
    return 100.0 * (1.0 - np.asarray(churn_probability, dtype=np.float64))


def probability_from_health(health_score: npt.ArrayLike) -> FloatArray:
    """Turn health scores (0-100) back into churn probabilities (0-1).

    Examples
    --------
    >>> probability_from_health([100.0, 80.0])
    array([0. , 0.2])
    """
    return 1.0 - np.asarray(health_score, dtype=np.float64) / 100.0


@dataclass(frozen=True)
class HealthBands:
    """Probability cut-offs of the three bands.

    Parameters
    ----------
    yellow : float
        Customers with `churn_probability >= yellow` are yellow, or red.
    red : float
        Customers with `churn_probability >= red` are red. Must be above `yellow`.

    Examples
    --------
    >>> HealthBands(yellow=0.1, red=0.3).band([0.05, 0.1, 0.3])
    array(['green', 'yellow', 'red'], dtype='<U6')
    """

    yellow: float
    red: float

    def __post_init__(self) -> None:
        if not 0.0 < self.yellow < self.red < 1.0:
            raise ConfigError(
                "health bands: expected 0 < yellow < red < 1 (churn probabilities), got "
                f"yellow={self.yellow!r}, red={self.red!r}"
            )

    @classmethod
    def from_base_rate(cls, base_rate: float) -> HealthBands:
        """Yellow from the base rate on; red from three times it.

        Three times a high base rate would be no probability, or one that nobody reaches, so red
        begins at the latest half-way between the base rate and certainty.

        Parameters
        ----------
        base_rate : float
            Share of churners (0-1, both excluded) among the training rows.

        Examples
        --------
        >>> HealthBands.from_base_rate(0.02)
        HealthBands(yellow=0.02, red=0.06)
        >>> HealthBands.from_base_rate(0.5)
        HealthBands(yellow=0.5, red=0.75)
        """
        return cls(yellow=base_rate, red=min(3.0 * base_rate, (1.0 + base_rate) / 2.0))

    def band(self, churn_probability: npt.ArrayLike) -> npt.NDArray[np.str_]:
        """Name the band of each probability: green, yellow or red."""
        probability = np.asarray(churn_probability, dtype=np.float64)
        step = (probability >= self.yellow).astype(int) + (probability >= self.red)
        return np.asarray(np.asarray(BANDS)[step])
