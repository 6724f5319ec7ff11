"""Numbers that are written alike: of thousands of values only some hundred read differently.

A sentence has to be made once per number that people see, not once per number of the data.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from churnhealth.domain.health import FloatArray
from churnhealth.domain.units import CHANGE, FLAG, RATIO, SHARE, YES_NO

# Words that depend on more than the digits shown: on a half, on a sign, on cents.
_OTHERWISE = re.compile(r"[A-Z]{3}(/\w+)?|currency(/\w+)?|.*/day/day")
# As `domain.units.number_text` and `percent_text` have them.
_DIGITS, _PERCENT_DIGITS = 3, 2
_SMALLEST = 1e-6
_TIE = 1e-9


def written_alike(values: FloatArray, unit: str, span: tuple[float, float] | None = None) -> FloatArray:
    """Return for each number one that every phrase writes in the same way.

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN is missing.
    unit : str
        Of the indicator.
    span : (float, float), optional
        Smallest and largest value in training: what lies outside is told, so nothing crosses them.

    Returns
    -------
    ndarray, shape (n,)
        Numbers for which that is not certain stay as they are.

    Examples
    --------
    >>> written_alike(np.array([12.3412, 12.3388, 1234.4, 7.0]), "days").tolist()
    [12.3, 12.3, 1234.0, 7.0]
    >>> written_alike(np.array([0.3333, 0.3349, 0.0123456]), "share").tolist()
    [0.33, 0.33, 0.012]
    """
    if unit in (RATIO, CHANGE, YES_NO, FLAG) or _OTHERWISE.fullmatch(unit):
        return values
    alike = _percent_alike(values) if unit == SHARE else _number_alike(values)
    if span is None:
        return alike
    low, high = span
    inside = (values >= low) & (values <= high)
    return np.where(inside == ((alike >= low) & (alike <= high)), alike, values)


def _number_alike(values: FloatArray) -> FloatArray:
    """Whole numbers and large ones are written whole, others with three significant digits."""
    large = np.abs(values) >= 100.0
    fine = ~large & (np.floor(values) != values)
    return np.where(large, np.rint(values), _rounded(values, _DIGITS, fine))


def _percent_alike(shares: FloatArray) -> FloatArray:
    """Whole percent, but two significant digits below ten; near a hundred there are more."""
    percent = 100.0 * shares
    size = np.abs(percent)
    whole = (size >= 10.0) & ((size < 98.5) | (size > 101.5))
    small = _rounded(percent, _PERCENT_DIGITS, size < 10.0)
    alike = np.where(whole, np.rint(percent), small) / 100.0
    return np.where(whole | (small != percent), alike, shares)


def _rounded(values: FloatArray, digits: int, chosen: npt.NDArray[np.bool_]) -> FloatArray:
    """Round the chosen ones to significant digits, where they are not near a tie."""
    chosen = chosen & (np.abs(values) >= _SMALLEST)
    safe = np.where(chosen, values, 1.0)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(safe))))
    scaled = safe * scale
    tie = np.abs(np.abs(scaled - np.floor(scaled)) - 0.5) < _TIE
    return np.where(chosen & ~tie, np.rint(scaled) / scale, values)
