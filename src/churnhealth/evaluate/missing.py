"""How much is known of the customers, by indicator group: missing values, now and in the reference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnhealth.domain.health import FloatArray
from churnhealth.domain.indicators import Catalogue
from churnhealth.errors import SchemaError
from churnhealth.evaluate.said import Said

MISSING_COLUMNS = ("indicator_group", "indicators", "missing_reference", "missing_now", "verdict")
UNKNOWN = "unknown"
# More of the mean share of a group that is missing than in the reference.
WARN_MISSING = 0.1
# The chance of any false alarm among all groups when nothing has changed.
ALARM = 0.05
THEN = Said("in the training data", "学習時")


def missing_by_group(
    now: Mapping[str, float],
    reference: Mapping[str, float],
    catalogue: Catalogue,
    rows: tuple[int, int] = (0, 0),
    *,
    warn_missing: float = WARN_MISSING,
) -> pd.DataFrame:
    """Return the mean share of missing values by indicator group, then and now.

    A group is worth a warning where the mean share of its indicators rose by `warn_missing` or more,
    and by more than chance shows among so few: the normal quantile times
    sqrt(p (1 - p) (1 / n + 1 / m)), as if its indicators were missing together.

    Parameters
    ----------
    now : mapping of str to float
        Share (0-1) of missing values by indicator.
    reference : mapping of str to float
        The same at training; indicators that were not there are left out of the comparison.
    catalogue : Catalogue
        The group of each indicator.
    rows : tuple of int
        Customers in the reference, and now.
    warn_missing : float
        Above 0, at most 1.

    Returns
    -------
    DataFrame
        By indicator_group: indicators (how many), missing_reference (NaN where none of them was
        there), missing_now (shares, 0-1), verdict ("ok", "warn", "unknown").

    Raises
    ------
    SchemaError
        `warn_missing` is out of its range.
    """
    if not 0 < warn_missing <= 1:
        fault = f"warn_missing: expected more than 0 and at most 1, got {warn_missing!r}"
        raise SchemaError("evaluation settings", [fault])
    known = catalogue.for_columns(list(now))
    table = pd.DataFrame(
        {
            "indicator_group": [known[name].group for name in now],
            "missing_reference": [reference.get(name, np.nan) for name in now],
            "missing_now": list(now.values()),
        }
    ).astype({"indicator_group": "str", "missing_reference": "float64", "missing_now": "float64"})
    # Only what was there then can have changed.
    table["compared"] = table["missing_now"].where(table["missing_reference"].notna())
    grouped = table.groupby("indicator_group", sort=True)
    found = grouped[["missing_reference", "missing_now", "compared"]].mean()
    found.insert(0, "indicators", grouped.size())
    limit = _limit(found, rows, max(1, len(found)))
    rose = found["compared"] - found["missing_reference"]
    verdict = np.where((rose >= warn_missing) & (rose > limit), "warn", "ok")
    found["verdict"] = np.where(rose.isna(), UNKNOWN, verdict)
    return found.reset_index()[list(MISSING_COLUMNS)]


def coverage_line(table: pd.DataFrame) -> str:
    """Say in one line how much is known, the least known group first; empty without groups.

    Examples
    --------
    >>> shares = {"logins": 0.0, "nps": 0.6}
    >>> coverage_line(missing_by_group(shares, {}, Catalogue()))
    'known values by group: satisfaction 40%, usage 100%'
    """
    if table.empty:
        return ""
    least = table.sort_values(["missing_now", "indicator_group"], ascending=[False, True])
    told = [f"{row['indicator_group']} {1 - row['missing_now']:.0%}" for row in least.to_dict("records")]
    return f"known values by group: {', '.join(told)}"


def coverage_warnings(table: pd.DataFrame, then: Said = THEN) -> tuple[Said, ...]:
    """Say of which groups more is missing than there was, a sentence each.

    Examples
    --------
    >>> table = missing_by_group({"nps": 0.85}, {"nps": 0.6}, Catalogue(), (400, 400))
    >>> coverage_warnings(table)[0].en
    'satisfaction: 85% of the values are missing, 60% in the training data'
    """
    return tuple(
        Said(
            f"{row['indicator_group']}: {row['missing_now']:.0%} of the values are missing, "
            f"{row['missing_reference']:.0%} {then.en}",
            f"{row['indicator_group']}：値の{row['missing_now']:.0%}が欠損（{then.ja}は"
            f"{row['missing_reference']:.0%}）",
        )
        for row in table[table["verdict"] == "warn"].to_dict("records")
    )


def _limit(found: pd.DataFrame, rows: tuple[int, int], groups: int) -> FloatArray:
    then, now = (max(1, count) for count in rows)
    before, after = (found[name].to_numpy(np.float64) for name in ("missing_reference", "compared"))
    pooled = (before * then + after * now) / (then + now)
    spread: FloatArray = np.sqrt(pooled * (1 - pooled) * (1 / then + 1 / now))
    return spread * float(norm.ppf(1 - ALARM / groups))
