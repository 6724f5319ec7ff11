"""Are the customers still like those that the model learned from? By indicator, and by the score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from churnhealth.domain.health import FloatArray
from churnhealth.domain.indicators import Catalogue
from churnhealth.evaluate.checks import IntArray
from churnhealth.evaluate.missing import WARN_MISSING
from churnhealth.model.drift_reference import SCORE, DriftReference, IndicatorReference

Verdict = Literal["ok", "warn", "stop"]
DRIFT_COLUMNS = (
    "indicator",
    "indicator_group",
    "psi",
    "psi_by_chance",
    "psi_chance_limit",
    "ks",
    "missing_reference",
    "missing_now",
    "outside_reference",
    "outside_now",
    "verdict",
    "note",
)
SCORE_GROUP = "(score)"
BY_CHANCE = "not more than chance"
# The chance of any false alarm among all indicators when nothing has drifted.
ALARM = 0.05


@dataclass(frozen=True)
class DriftPolicy:
    """From which population stability index on drift is told, and from which it is too much.

    Parameters
    ----------
    warn_psi, stop_psi : float
        Above 0, `warn_psi` below `stop_psi`. 0.1 and 0.25 are the conventional ones.
    stop_share : float
        From which share (0-1) of the indicators with the verdict "stop" on the whole is one too.
    warn_missing : float
        From which rise (0-1) of the share of missing values of an indicator group on it is told.
    """

    warn_psi: float = 0.1
    stop_psi: float = 0.25
    stop_share: float = 0.25
    warn_missing: float = WARN_MISSING

    def verdict(self, psi: float, chance_limit: float) -> Verdict:
        """Judge an index; one that chance allows is never more than "ok".

        Examples
        --------
        >>> DriftPolicy().verdict(0.3, 0.05), DriftPolicy().verdict(0.3, 0.4)
        ('stop', 'ok')
        """
        if psi <= chance_limit or psi < self.warn_psi:
            return "ok"
        return "stop" if psi >= self.stop_psi else "warn"

    def overall(self, table: pd.DataFrame) -> Verdict:
        """Judge all indicators and the score together.

        Some indicators drift by nature: a young vendor's customers grow older. So "stop" needs the score
        to have drifted that far, or many of the indicators, or an indicator to have vanished: known of
        at least half of the training rows, and now of nobody.

        Parameters
        ----------
        table : DataFrame
            As `drift_table` gives it.
        """
        score = table["indicator"] == SCORE
        stopped = table["verdict"] == "stop"
        vanished = stopped & (table["missing_now"] == 1.0) & (table["missing_reference"] <= 0.5)
        if stopped[score].any() or stopped[~score].mean() >= self.stop_share or vanished.any():
            return "stop"
        return "ok" if (table["verdict"] == "ok").all() else "warn"


def population_stability_index(
    reference: npt.ArrayLike, now: npt.ArrayLike, effective: float | None = None
) -> float:
    """Return the sum over cells of (share now - share then) x log(share now / share then).

    Symmetric and never negative; 0 when the shares are the same. By convention below 0.1 is little,
    above 0.25 is much. A share below half a row of the smaller sample counts as half a row, so that an
    empty cell costs what a sample of that size can tell, not infinitely much.

    Parameters
    ----------
    reference, now : array of shape (n_cells,)
        Rows per cell, not negative, at least one row each.
    effective : float, optional
        How many rows the reference is worth where its rows hang together; None: as many as it has.

    Examples
    --------
    0.5 to 0.75 and 0.5 to 0.25: 0.25 log 1.5 - 0.25 log 0.5 = 0.25 log 3.

    >>> round(population_stability_index([50, 50], [75, 25]), 4)
    0.2747
    """
    then, later = _shares(reference, now, effective)
    return float(np.sum((later - then) * np.log(later / then)))


def psi_by_chance(
    reference: npt.ArrayLike, now: npt.ArrayLike, alarm: float = ALARM, effective: float | None = None
) -> tuple[float, float]:
    """Return what the index shows without any drift: its expectation, and a limit.

    Without drift the index times n m / (n + m) is about chi-squared with (occupied cells - 1) degrees
    of freedom (Yurdakul 2018, Statistical Properties of the Population Stability Index), so that its
    expectation is (cells - 1) (1 / n + 1 / m).

    Parameters
    ----------
    reference, now, effective
        As in `population_stability_index`; n is `effective`, m the rows now.
    alarm : float
        Probability (0-1) with which chance alone passes the limit.

    Returns
    -------
    expectation, limit : float
        Both 0 when only one cell is occupied.

    Examples
    --------
    Two cells: 1 x (1 / 100 + 1 / 100); the 95 % quantile of chi-squared(1) is 3.84.

    >>> [round(one, 4) for one in psi_by_chance([50, 50], [75, 25])]
    [0.02, 0.0768]
    """
    counts, later = np.asarray(reference, dtype=np.float64), np.asarray(now, dtype=np.float64)
    freedom = int(((counts > 0) | (later > 0)).sum()) - 1
    if freedom < 1:
        return 0.0, 0.0
    unit = 1.0 / (counts.sum() if effective is None else effective) + 1.0 / later.sum()
    return float(freedom * unit), float(chi2.ppf(1.0 - alarm, freedom) * unit)


def binned_ks(reference: npt.ArrayLike, now: npt.ArrayLike) -> float:
    """Return the largest distance of the two cumulated shares at the ends of the bins (0-1).

    The Kolmogorov-Smirnov distance as far as bins tell it: never more than the exact one, and equal to
    it when nothing moves within a bin.

    Parameters
    ----------
    reference, now : array of shape (n_cells,)
        Rows per cell in ascending order of the values, without missing values.

    Returns
    -------
    float
        NaN when one of them has no row.

    Examples
    --------
    Cumulated 0.5, 1 and 0.75, 1.

    >>> binned_ks([50, 50], [75, 25])
    0.25
    """
    then, later = (np.cumsum(np.asarray(one, dtype=np.float64)) for one in (reference, now))
    if then[-1] == 0 or later[-1] == 0:
        return float("nan")
    return float(np.abs(then / then[-1] - later / later[-1]).max())


def drift_table(
    reference: DriftReference,
    counts: Mapping[str, IntArray],
    catalogue: Catalogue,
    policy: DriftPolicy | None = None,
) -> pd.DataFrame:
    """Compare counted customers with the reference.

    Rows of one customer hang together, so that the reference is worth as many rows as it has customers.
    The limit of chance is such that with no drift at all any of the indicators passes its own with a
    probability of 5 %.

    Parameters
    ----------
    reference : DriftReference
        Of the model.
    counts : mapping of str to ndarray
        Customers per cell, as `DriftReference.count` gives them; at least one customer.
    catalogue : Catalogue
        The group of each indicator.
    policy : DriftPolicy, optional
        Thresholds.

    Returns
    -------
    DataFrame
        The score first, then the indicators, most drift first: indicator, indicator_group, psi,
        psi_by_chance (its expectation without drift), psi_chance_limit, ks (NaN for categories),
        missing_reference, missing_now, outside_reference, outside_now (shares 0-1 beyond the training
        range, or of levels never seen), verdict ("ok", "warn", "stop"), note.
    """
    alarm = ALARM / (len(reference.indicators) + 1)
    judge = policy or DriftPolicy()
    known = catalogue.for_columns([one.name for one in reference.indicators])
    rows: list[dict[str, Any]] = [
        {
            "indicator": one.name,
            "indicator_group": SCORE_GROUP if one.name == SCORE else known[one.name].group,
            **_line(one, counts[one.name], alarm, judge, reference.customers),
        }
        for one in (reference.score, *reference.indicators)
    ]
    ordered = sorted(rows, key=lambda row: (row["indicator"] != SCORE, -row["psi"]))
    return pd.DataFrame(ordered, columns=list(DRIFT_COLUMNS))


def _line(
    reference: IndicatorReference, now: IntArray, alarm: float, policy: DriftPolicy, customers: int
) -> dict[str, float | str]:
    then = np.asarray(reference.counts, dtype=np.float64)
    psi = population_stability_index(then, now, customers)
    expected, limit = psi_by_chance(then, now, alarm, customers)
    outside = list(reference.outside)
    return {
        "psi": psi,
        "psi_by_chance": expected,
        "psi_chance_limit": limit,
        "ks": float("nan") if reference.kind == "category" else binned_ks(then[:-1], now[:-1]),
        "missing_reference": float(then[-1] / then.sum()),
        "missing_now": float(now[-1] / now.sum()),
        "outside_reference": float(then[outside].sum() / then.sum()),
        "outside_now": float(now[outside].sum() / now.sum()),
        "verdict": policy.verdict(psi, limit),
        "note": BY_CHANCE if policy.warn_psi <= psi <= limit else "",
    }


def _shares(
    reference: npt.ArrayLike, now: npt.ArrayLike, effective: float | None
) -> tuple[FloatArray, FloatArray]:
    then, later = (np.asarray(one, dtype=np.float64) for one in (reference, now))
    least = 0.5 / min(then.sum() if effective is None else effective, later.sum())
    return np.maximum(then / then.sum(), least), np.maximum(later / later.sum(), least)
